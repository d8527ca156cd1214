"""Runs a captured step as it is: one torch operation after the other, without handlers and without autograd."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pyro.compiler.graph import InputRole, OutputRole, StepGraph

__all__ = ["Replay", "memory_of"]


class Replay:
    """The lowering that takes every graph.

    Args:
        graph: the step.
    """

    name = "captured graph"

    def __init__(self, graph: StepGraph) -> None:
        self.graph = graph
        self._run = graph.module.forward

    def run(self, inputs: Sequence[Tensor], records: Sequence[Tensor], num_steps: int, first_row: int = 0) -> None:
        """Runs steps one after the other.

        Args:
            inputs: in the graph's order. State tensors are updated in place; rows have a leading dim of steps.
            records: one for each record among the graph's outputs, with a leading dim of steps.
            num_steps: how many steps.
            first_row: the row of the first step.
        """
        current = list(inputs)
        rows = [i for i, spec in enumerate(self.graph.inputs) if spec.role is InputRole.ROW]
        outputs = list(enumerate(self.graph.outputs))
        with torch.no_grad():
            for t in range(first_row, first_row + num_steps):
                for i in rows:
                    current[i] = inputs[i][t]
                results = self._run(*current)
                record = iter(records)
                for position, output in outputs:
                    if output.role is OutputRole.RECORD:
                        next(record)[t] = results[position]
                    else:
                        current[output.state] = results[position]  # type: ignore[index]
            states = [i for i, spec in enumerate(self.graph.inputs) if spec.role is InputRole.STATE]
            # one state's new value may be another's old one: those are read before any is written
            places = {memory_of(inputs[i]) for i in states}
            final = {i: current[i].clone() if memory_of(current[i]) in places else current[i] for i in states
                     if current[i] is not inputs[i]}
            for i, value in final.items():
                inputs[i].copy_(value)


def memory_of(tensor: Tensor) -> int:
    """What tells the memory that a tensor shows from all other memory."""
    return tensor.untyped_storage().data_ptr()
