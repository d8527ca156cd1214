"""Takes mutation and views of mutated tensors out of a graph, and decomposes it into core operators."""

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch._decomp import core_aten_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

from pyro.compiler.passes.draft import Draft

__all__ = ["functionalise"]


def _foreach_norm(tensors: list[Tensor], ord: float = 2, dtype: torch.dtype | None = None) -> list[Tensor]:
    return [torch.linalg.vector_norm(tensor, ord, dtype=dtype) for tensor in tensors]


def _foreach_mul(tensors: list[Tensor], factor: Any) -> list[Tensor]:
    return [tensor * factor for tensor in tensors]


@cache
def _table() -> dict[Any, Any]:
    """Torch's core decompositions, and those of the multi-tensor operators that gradient clipping uses."""
    aten = torch.ops.aten
    return {**core_aten_decompositions(), aten._foreach_norm.Scalar: _foreach_norm,
            aten._foreach_mul.Tensor: _foreach_mul, aten._foreach_mul.Scalar: _foreach_mul}


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
