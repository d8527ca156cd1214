"""Takes mutation and views of mutated tensors out of a graph, and decomposes it into core operators."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch._decomp import core_aten_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

from pyro.compiler.passes.draft import Draft

__all__ = ["functionalise"]


# what the multi-tensor operators of optimisers and of gradient clipping do to each tensor
_EACH: dict[str, Callable[..., Tensor]] = {
    **{name: getattr(torch, name) for name in (
        "abs", "add", "clamp_max", "clamp_min", "div", "exp", "lerp", "log", "maximum", "minimum", "mul", "neg", "pow",
        "reciprocal", "rsqrt", "sign", "sqrt", "sub")},
    "addcdiv": lambda x, numerator, denominator, value=1: torch.addcdiv(x, numerator, denominator, value=value),
    "addcmul": lambda x, factor, other, value=1: torch.addcmul(x, factor, other, value=value),
    "norm": lambda x, ord=2, dtype=None: torch.linalg.vector_norm(x, ord, dtype=dtype),
}


def _each(fn: Callable[..., Tensor]) -> Callable[..., list[Tensor]]:
    """A function of lists of tensors, and of arguments that all have in common."""
    def run(*args: Any, **kwargs: Any) -> list[Tensor]:
        (length, *_) = (len(value) for value in args if isinstance(value, list | tuple))
        return [fn(*(value[i] if isinstance(value, list | tuple) else value for value in args), **kwargs)
                for i in range(length)]

    return run


@cache
def _table() -> dict[Any, Any]:
    """Torch's core decompositions, and those of the multi-tensor operators."""
    packets = {name: getattr(torch.ops.aten, f"_foreach_{name}") for name in _EACH}
    each = {getattr(packet, overload): _each(_EACH[name]) for name, packet in packets.items()
            for overload in packet.overloads() if not overload.endswith("out")}
    return {**core_aten_decompositions(), **each}


def functionalise(draft: Draft) -> Draft:
    """Traces the graph once more, on tensors without data, functionalised and decomposed.

    Args:
        draft: no tensors may be hidden in its graph.

    Returns:
        The same step in core ATen operators; inputs that it mutated are results instead.
    """
    examples = [_example(slot.tensor) for slot in draft.slots]

    def run(*inputs: Tensor) -> list[Tensor]:
        # mutated inputs are among the results: copies keep functionalisation from writing to them
        copies = [value.clone() if state else value for value, state in zip(inputs, carried, strict=True)]
        return list(draft.module(*copies))

    carried = [i in draft.state_of_output for i in range(len(draft.slots))]
    functional = torch.func.functionalize(run)
    return draft.with_module(make_fx(functional, decomposition_table=_table(), tracing_mode="fake")(*examples))


def _example(tensor: Tensor | None) -> Tensor:
    assert tensor is not None, "rows are made inputs by a later pass"
    return tensor
