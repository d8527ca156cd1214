"""A step as a flat graph: what goes in, what comes out, and what each of them is from one step to the next.

A :class:`StepGraph` is a pure function ``(state, constants, rows of this step) -> (new state, records)`` in ATen
operations: no mutation, no random draws, no gradients left to take. Every lowering runs it ``n`` times in a row.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Size, Tensor
from torch.fx import Graph, GraphModule, Node

__all__ = ["Executable", "Input", "InputRole", "Output", "OutputRole", "StepGraph", "TensorMeta", "TensorSpec", "place"]


@dataclass(frozen=True)
class TensorMeta:
    """What is known of a node's result, with a tensor's names for it: a ``FakeTensor`` would take longer to make.

    Attributes:
        shape: its shape.
        dtype: element type.
        strides: in elements.
        device: where it is.
    """

    shape: Size
    dtype: torch.dtype
    strides: tuple[int, ...]
    device: torch.device

    @classmethod
    def of(cls, tensor: Tensor, device: torch.device | None = None) -> "TensorMeta":
        """What is known of a tensor.

        Args:
            tensor: the tensor.
            device: where it is, if it stands for one elsewhere.
        """
        return cls(tensor.shape, tensor.dtype, tensor.stride(), device or tensor.device)

    def stride(self) -> tuple[int, ...]:
        """The strides, in elements."""
        return self.strides

    def dim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def numel(self) -> int:
        """The number of elements."""
        return self.shape.numel()


class InputRole(Enum):
    """What an input is from one step to the next.

    Attributes:
        STATE: starts at a given value and is the previous step's new state after that.
        CONSTANT: the same tensor in every step: data, a closed-over tensor, a learning rate that does not change.
        ROW: row ``t`` of a tensor with one row a step: noise, an annealing factor.
    """

    STATE = "state"
    CONSTANT = "constant"
    ROW = "row"


class OutputRole(Enum):
    """What an output is for.

    Attributes:
        STATE: the new value of a state input.
        RECORD: goes to row ``t`` of a tensor with one row a step: losses, NaN flags.
    """

    STATE = "state"
    RECORD = "record"


@dataclass(frozen=True)
class TensorSpec:
    """What is known of a tensor before the run.

    Attributes:
        shape: of one step: rows come without the dim of steps.
        dtype: element type.
        stride: in elements, of one step.
        device: where it is.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    stride: tuple[int, ...]
    device: torch.device

    @classmethod
    def of(cls, tensor: Tensor | TensorMeta) -> "TensorSpec":
        """The spec of a given tensor."""
        return cls(tuple(tensor.shape), tensor.dtype, tuple(tensor.stride()), tensor.device)


@dataclass(frozen=True)
class Input:
    """One placeholder of the graph.

    Attributes:
        name: what it is, for people: a parameter's name, ``noise 3``, ``argument 0``.
        role: see :class:`InputRole`.
        spec: its shape and kind.
    """

    name: str
    role: InputRole
    spec: TensorSpec


@dataclass(frozen=True)
class Output:
    """One output of the graph.

    Attributes:
        name: what it is, for people.
        role: see :class:`OutputRole`.
        spec: its shape and kind.
        state: for new state, the position of its input among the graph's inputs.
    """

    name: str
    role: OutputRole
    spec: TensorSpec
    state: int | None = None


class Executable:
    """A graph as a function. Unlike ``torch.fx.GraphModule`` it is made without code, which most lowerings do not need,
    and its code is forgotten with it; torch keeps that of every module for tracebacks.

    Args:
        graph: its placeholders are the arguments; it holds no tensors.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def code(self) -> str:
        """The graph as Python text, with a function ``forward``."""
        return self.graph.python_code("self").src

    @cached_property
    def forward(self) -> Callable[..., Any]:
        """The graph as a function."""
        names = dict(self.graph.python_code("self").globals)
        exec(self.code, names)
        return functools.partial(names["forward"], None)

    def __call__(self, *args: Any) -> Any:
        return self.forward(*args)


@dataclass(frozen=True)
class StepGraph:
    """A captured step.

    Attributes:
        module: the graph; its placeholders are the inputs, its one output a tuple. Each node's ``meta["val"]`` is a
            :class:`TensorMeta` or a tensor, which tells its shape and dtype, or a number.
        inputs: one a placeholder, in order.
        outputs: one a result, in order.
    """

    module: GraphModule | Executable
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]


def place(node: Node) -> str:
    """Where in the user's program an operation comes from, for people; its name in the graph for gradients."""
    where = node.meta.get("where")
    return f"at {Path(where[0]).name}:{where[1]}" if where else f"node {node.name}, of a gradient or an update"
