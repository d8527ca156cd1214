"""A step that Inductor compiled, as a lowering."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pyro.compiler.graph import InputRole, StepGraph
from pyro.compiler.inductor.compile import input_specs
from pyro.compiler.replay import Replay

__all__ = ["Inductor", "load"]


def load(graph: StepGraph, package: Path) -> "Inductor":
    """Loads compiled code, without torch's compiler.

    Args:
        graph: the step that it was compiled from.
        package: the file, from the store.

    Raises:
        RuntimeError: if this machine cannot load it.
    """
    devices = {given.spec.device.index or 0 for given in graph.inputs if given.spec.device.type == "cuda"}
    # the single-threaded way sets no events, so that steps can be part of a CUDA graph
    loader = torch._C._aoti.AOTIModelPackageLoader(str(package), "model", True, 1, min(devices, default=-1))
    return Inductor(graph, loader)


class Inductor(Replay):
    """The lowering that runs compiled code, a call a step.

    Args:
        graph: the step.
        loader: the loaded package; its ``run`` takes the inputs of a step and returns the outputs, as lists.
    """

    name = "inductor"

    def __init__(self, graph: StepGraph, loader: Any) -> None:
        super().__init__(graph)
        self._run = lambda *inputs: loader.run(list(inputs))
        self._strides = [None if given.role is InputRole.ROW else spec.stride
                         for given, spec in zip(graph.inputs, input_specs(graph), strict=True)]

    def run(self, inputs: Sequence[Tensor], records: Sequence[Tensor], num_steps: int, first_row: int = 0) -> None:
        """Runs steps one after the other; see :meth:`pyro.compiler.replay.Replay.run`."""
        super().run([*map(_laid_out, inputs, self._strides)], records, num_steps, first_row)


def _laid_out(tensor: Tensor, stride: tuple[int, ...] | None) -> Tensor:
    """A tensor in the layout that the code was compiled for, which it does not check."""
    if stride is None or tensor.stride() == stride:
        return tensor
    return torch.empty_strided(tensor.shape, stride, dtype=tensor.dtype, device=tensor.device).copy_(tensor)
