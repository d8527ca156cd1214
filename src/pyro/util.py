"""Old address of helpers that live elsewhere."""

from pyro.infer.checks import (
    check_if_enumerated,
    check_model_guide_match,
    check_site_shape,
    check_traceenum_requirements,
    check_traces_match,
)
from pyro.infer.render import save_visualization
from pyro.ops.attributes import deep_getattr, deep_setattr
from pyro.ops.contexts import (
    ExperimentalWarning,
    ignore_experimental_warning,
    ignore_jit_warnings,
    jit_iter,
    optional,
    timed,
)
from pyro.ops.nan_warnings import torch_float, torch_isinf, torch_isnan, warn_if_inf, warn_if_nan
from pyro.ops.random_state import get_rng_state, set_rng_seed, set_rng_state

__all__ = [
    "ExperimentalWarning", "check_if_enumerated", "check_model_guide_match", "check_site_shape",
    "check_traceenum_requirements", "check_traces_match", "deep_getattr", "deep_setattr", "get_rng_state",
    "ignore_experimental_warning", "ignore_jit_warnings", "jit_iter", "optional", "save_visualization",
    "set_rng_seed", "set_rng_state", "timed", "torch_float", "torch_isinf", "torch_isnan", "warn_if_inf",
    "warn_if_nan",
]
