"""Inference: estimators, and the algorithms that use them."""

from pyro.infer.elbo import ELBO
from pyro.infer.svi import SVI
from pyro.infer.trace_elbo import JitTrace_ELBO, Trace_ELBO
from pyro.ops.validation import enable_validation, is_validation_enabled

__all__ = ["ELBO", "JitTrace_ELBO", "SVI", "Trace_ELBO", "enable_validation", "is_validation_enabled"]
