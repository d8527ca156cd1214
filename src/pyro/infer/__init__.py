"""Inference: estimators, and the algorithms that use them."""

from pyro.infer import autoguide
from pyro.infer.elbo import ELBO
from pyro.infer.energy_distance import EnergyDistance
from pyro.infer.renyi_elbo import RenyiELBO
from pyro.infer.rws import ReweightedWakeSleep
from pyro.infer.svi import SVI
from pyro.infer.trace_elbo import JitTrace_ELBO, Trace_ELBO
from pyro.infer.trace_mean_field_elbo import JitTraceMeanField_ELBO, TraceMeanField_ELBO
from pyro.infer.trace_mmd import Trace_MMD
from pyro.infer.trace_tail_adaptive_elbo import TraceTailAdaptive_ELBO
from pyro.infer.tracegraph_elbo import JitTraceGraph_ELBO, TraceGraph_ELBO
from pyro.ops.validation import enable_validation, is_validation_enabled

__all__ = ["ELBO", "EnergyDistance", "JitTraceGraph_ELBO", "JitTraceMeanField_ELBO", "JitTrace_ELBO", "RenyiELBO",
           "ReweightedWakeSleep", "SVI", "TraceGraph_ELBO", "TraceMeanField_ELBO", "TraceTailAdaptive_ELBO",
           "Trace_ELBO", "Trace_MMD", "autoguide", "enable_validation", "is_validation_enabled"]
