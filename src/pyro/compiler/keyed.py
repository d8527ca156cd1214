"""Random operators whose numbers come from a key, and gradients of what they draw.

They are pure functions, so that every lowering gives the same.

``key`` is one number a step, drawn outside of it; ``draw`` tells the draws of a step apart. The lowerings share one
machine code, that of :mod:`pyro.compiler.loop.arrays`; here it is called for one operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from pyro.compiler.graph import StepGraph
from pyro.compiler.loop.arrays import run_array

__all__ = ["Keyed", "OPERATORS", "binomial", "categorical", "dirichlet", "dirichlet_grad", "keyed_draws", "poisson",
           "standard_gamma", "standard_gamma_grad", "von_mises"]  # fmt: skip


@dataclass(frozen=True)
class Keyed:
    """What a step drew by its key, in place of a row.

    Attributes:
        key: the step's key.
        draw: the number of the draw.
    """

    key: Tensor
    draw: int


def _standard_gamma(alpha: Tensor, key: Tensor, draw: int) -> Tensor:
    result = run_array("standard_gamma", [alpha], alpha.shape, [alpha.numel(), draw], key).to(alpha.dtype)
    return result.clamp_(min=torch.finfo(alpha.dtype).tiny)


def _dirichlet(alpha: Tensor, key: Tensor, draw: int) -> Tensor:
    limits, length = torch.finfo(alpha.dtype), alpha.shape[-1]
    result = run_array("dirichlet", [alpha], alpha.shape, [alpha.numel() // max(length, 1), length, draw], key)
    return result.to(alpha.dtype).clamp_(limits.tiny, 1 - limits.eps / 2)


def _poisson(rate: Tensor, key: Tensor, draw: int) -> Tensor:
    return run_array("poisson", [rate], rate.shape, [rate.numel(), draw], key).to(rate.dtype)


def _binomial(count: Tensor, prob: Tensor, key: Tensor, draw: int) -> Tensor:
    count, prob = torch.broadcast_tensors(count, prob)
    return run_array("binomial", [count, prob], count.shape, [count.numel(), draw], key).to(count.dtype)


def _von_mises(loc: Tensor, concentration: Tensor, size: Sequence[int], key: Tensor, draw: int) -> Tensor:
    operands = [loc.expand(size), concentration.expand(size)]
    return run_array("von_mises", operands, size, [prod(size), draw], key).to(loc.dtype)


def _categorical(weights: Tensor, num_samples: int, key: Tensor, draw: int) -> Tensor:
    *lead, length = weights.shape
    numbers = [prod(lead), length, num_samples, draw]
    return run_array("categorical", [weights], (*lead, num_samples), numbers, key).to(torch.int64)


def _standard_gamma_grad(alpha: Tensor, output: Tensor) -> Tensor:
    alpha, output = torch.broadcast_tensors(alpha, output)
    return run_array("standard_gamma_grad", [alpha, output], alpha.shape, [alpha.numel()]).to(alpha.dtype)


def _dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    x, alpha, total = torch.broadcast_tensors(x, alpha, total)
    return run_array("dirichlet_grad", [x, alpha, total], x.shape, [x.numel()]).to(x.dtype)


_library = torch.library.Library("flashover", "FRAGMENT")
_library.define("standard_gamma(Tensor alpha, Tensor key, int draw) -> Tensor")
_library.define("dirichlet(Tensor alpha, Tensor key, int draw) -> Tensor")
_library.define("poisson(Tensor rate, Tensor key, int draw) -> Tensor")
_library.define("binomial(Tensor count, Tensor prob, Tensor key, int draw) -> Tensor")
_library.define("von_mises.keyed(Tensor loc, Tensor concentration, int[] size, Tensor key, int draw) -> Tensor")
_library.define("categorical(Tensor weights, int num_samples, Tensor key, int draw) -> Tensor")
_library.define("standard_gamma_grad(Tensor alpha, Tensor output) -> Tensor")
_library.define("dirichlet_grad(Tensor x, Tensor alpha, Tensor total) -> Tensor")
for _name, _sampler in (("standard_gamma", _standard_gamma), ("dirichlet", _dirichlet), ("poisson", _poisson),
                        ("binomial", _binomial), ("von_mises.keyed", _von_mises), ("categorical", _categorical),
                        ("standard_gamma_grad", _standard_gamma_grad), ("dirichlet_grad", _dirichlet_grad)):
    _library.impl(_name, _sampler, "CPU")
for _name in ("standard_gamma", "dirichlet", "poisson"):
    _library.impl(_name, lambda source, key, draw: torch.empty_like(source), "Meta")
_library.impl("binomial", lambda count, prob, key, draw: torch.empty_like(torch.add(count, prob)), "Meta")
_library.impl("von_mises.keyed", lambda loc, concentration, size, key, draw: loc.new_empty(size), "Meta")
_library.impl("categorical", lambda weights, num_samples, key, draw: weights.new_empty(
    (*weights.shape[:-1], num_samples), dtype=torch.int64), "Meta")  # fmt: skip
_library.impl("standard_gamma_grad", lambda alpha, output: torch.empty_like(alpha * output), "Meta")
_library.impl("dirichlet_grad", lambda x, alpha, total: torch.empty_like(x * alpha * total), "Meta")

standard_gamma = torch.ops.flashover.standard_gamma.default
dirichlet = torch.ops.flashover.dirichlet.default
poisson = torch.ops.flashover.poisson.default
binomial = torch.ops.flashover.binomial.default
categorical = torch.ops.flashover.categorical.default
von_mises = torch.ops.flashover.von_mises.keyed
standard_gamma_grad = torch.ops.flashover.standard_gamma_grad.default
dirichlet_grad = torch.ops.flashover.dirichlet_grad.default
OPERATORS = frozenset({standard_gamma, dirichlet, poisson, binomial, categorical, von_mises})
"""The samplers; their last two arguments are the key and the number of the draw."""


def keyed_draws(graph: StepGraph, key: Tensor) -> list[Keyed]:
    """What a step draws by its key, in order.

    Args:
        graph: the step.
        key: its key.
    """
    return [Keyed(key, int(node.args[-1])) for node in graph.module.graph.nodes if node.target in OPERATORS]
