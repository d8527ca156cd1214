"""A captured step on its way to a :class:`~pyro.compiler.graph.StepGraph`."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.fx import Graph, Node

from pyro.compiler.graph import Executable, Input, InputRole, Output, OutputRole, StepGraph, TensorSpec
from pyro.compiler.noise import Draw

__all__ = ["Draft", "Slot"]


@dataclass(frozen=True)
class Slot:
    """One input of a step in the making.

    Attributes:
        name: for people.
        role: what it is from step to step.
        tensor: the live tensor that it stands for; ``None`` for rows.
        draw: for rows of random numbers, how to draw them.
    """

    name: str
    role: InputRole
    tensor: Tensor | None
    draw: Draw | None = None


@dataclass(frozen=True)
class Draft:
    """A graph with a slot for each placeholder.

    Attributes:
        graph: the graph.
        slots: one a placeholder, in order.
        state_of_output: for each output, the position of the state input whose new value it is; ``None`` for records.
        record_names: names of the records, in order.
    """

    graph: Graph
    slots: tuple[Slot, ...]
    state_of_output: tuple[int | None, ...]
    record_names: tuple[str, ...]

    def placeholders(self) -> list[Node]:
        """The graph's placeholders, in order."""
        return [node for node in self.graph.nodes if node.op == "placeholder"]

    def results(self) -> list[Any]:
        """The nodes that the graph returns, in order."""
        (output,) = (node for node in self.graph.nodes if node.op == "output")
        return list(output.args[0])

    def finish(self) -> StepGraph:
        """The step graph that lowerings take."""
        inputs = tuple(
            Input(slot.name, slot.role, TensorSpec.of(node.meta["val"] if slot.tensor is None else slot.tensor))
            for slot, node in zip(self.slots, self.placeholders(), strict=True))
        names = iter(self.record_names)
        outputs = []
        for node, state in zip(self.results(), self.state_of_output, strict=True):
            spec = TensorSpec.of(node.meta["val"])
            if state is None:
                outputs.append(Output(next(names), OutputRole.RECORD, spec))
            else:
                outputs.append(Output(self.slots[state].name, OutputRole.STATE, spec, state))
        return StepGraph(Executable(self.graph), inputs, tuple(outputs))
