"""Inference: estimators, and the algorithms that use them."""

from pyro.infer import autoguide
from pyro.infer.abstract_infer import EmpiricalMarginal, TracePosterior, TracePredictive
from pyro.infer.csis import CSIS
from pyro.infer.elbo import ELBO
from pyro.infer.energy_distance import EnergyDistance
from pyro.infer.importance import Importance
from pyro.infer.log_likelihood import log_likelihood
from pyro.infer.predictive import MHResampler, Predictive, WeighedPredictive
from pyro.infer.renyi_elbo import RenyiELBO
from pyro.infer.rws import ReweightedWakeSleep
from pyro.infer.smcfilter import SMCFilter
from pyro.infer.svgd import SVGD, IMQSteinKernel, RBFSteinKernel
from pyro.infer.svi import SVI
from pyro.infer.trace_elbo import JitTrace_ELBO, Trace_ELBO
from pyro.infer.trace_mean_field_elbo import JitTraceMeanField_ELBO, TraceMeanField_ELBO
from pyro.infer.trace_mmd import Trace_MMD
from pyro.infer.trace_tail_adaptive_elbo import TraceTailAdaptive_ELBO
from pyro.infer.tracegraph_elbo import JitTraceGraph_ELBO, TraceGraph_ELBO
from pyro.ops.validation import enable_validation, is_validation_enabled

__all__ = ["CSIS", "ELBO", "EmpiricalMarginal", "EnergyDistance", "IMQSteinKernel", "Importance",
           "JitTraceGraph_ELBO", "JitTraceMeanField_ELBO", "JitTrace_ELBO", "MHResampler", "Predictive",
           "RBFSteinKernel", "RenyiELBO", "ReweightedWakeSleep", "SMCFilter", "SVGD", "SVI", "TraceGraph_ELBO",
           "TraceMeanField_ELBO", "TracePosterior", "TracePredictive", "TraceTailAdaptive_ELBO", "Trace_ELBO",
           "Trace_MMD", "WeighedPredictive", "autoguide", "enable_validation", "is_validation_enabled",
           "log_likelihood"]
