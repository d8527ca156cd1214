"""Pyro programs, compiled: an independent implementation of the Pyro probabilistic programming language."""

from pyro import distributions, infer, nn, ops, optim, params, poutine, settings, util
from pyro.infer.inspect import render_model
from pyro.logger import log
from pyro.poutine.handlers import condition, do, markov
from pyro.primitives import (
    barrier,
    clear_param_store,
    deterministic,
    enable_validation,
    factor,
    get_param_store,
    iarange,
    irange,
    module,
    param,
    plate,
    plate_stack,
    random_module,
    sample,
    set_rng_seed,
    subsample,
    validation_enabled,
)
from pyro.version import __version__, warn_of_conflict

warn_of_conflict()

__all__ = [
    "__version__",
    "barrier",
    "clear_param_store",
    "condition",
    "deterministic",
    "distributions",
    "do",
    "enable_validation",
    "factor",
    "get_param_store",
    "iarange",
    "infer",
    "irange",
    "log",
    "markov",
    "module",
    "nn",
    "ops",
    "optim",
    "param",
    "params",
    "plate",
    "plate_stack",
    "poutine",
    "random_module",
    "render_model",
    "sample",
    "set_rng_seed",
    "settings",
    "subsample",
    "util",
    "validation_enabled",
]
