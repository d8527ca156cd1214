"""Effect handlers: what a program's statements do, changed from outside."""

from pyro.ops.validation import enable_validation, is_validation_enabled
from pyro.poutine.handlers import (
    block,
    broadcast,
    collapse,
    condition,
    do,
    enum,
    equalize,
    escape,
    infer_config,
    lift,
    markov,
    mask,
    queue,
    reparam,
    replay,
    scale,
    seed,
    substitute,
    trace,
    uncondition,
)
from pyro.poutine.messenger import unwrap
from pyro.poutine.runtime import NonlocalExit, get_mask
from pyro.poutine.trace_struct import Trace

__all__ = [
    "NonlocalExit",
    "Trace",
    "block",
    "broadcast",
    "collapse",
    "condition",
    "do",
    "enable_validation",
    "enum",
    "equalize",
    "escape",
    "get_mask",
    "infer_config",
    "is_validation_enabled",
    "lift",
    "markov",
    "mask",
    "queue",
    "reparam",
    "replay",
    "scale",
    "seed",
    "substitute",
    "trace",
    "uncondition",
    "unwrap",
]
