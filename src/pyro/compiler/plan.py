"""Chooses the lowering of a captured step: the first one that takes its operators and sizes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.graph import StepGraph
from pyro.compiler.loop.program import compile_loop
from pyro.compiler.replay import Replay

__all__ = ["Lowering", "Plan", "plan"]


class Lowering(Protocol):
    """A way to run a step graph many times."""

    def run(self, inputs: Sequence[Tensor], records: Sequence[Tensor], num_steps: int, first_row: int = 0) -> None:
        """Runs steps one after the other; see :meth:`pyro.compiler.replay.Replay.run`."""


@dataclass(frozen=True)
class Plan:
    """How a step runs, and why.

    Attributes:
        lowering: what runs it.
        name: the lowering's name, for people.
        seconds: how long it took to compile.
        reasons: what kept faster lowerings from taking the step, a line each.
    """

    lowering: Lowering
    name: str
    seconds: float
    reasons: tuple[str, ...]


def plan(graph: StepGraph) -> Plan:
    """Chooses a lowering.

    Args:
        graph: the step.
    """
    start = time.perf_counter()
    try:
        return Plan(compile_loop(graph), "loop program", time.perf_counter() - start, ())
    except Unsupported as e:
        return Plan(Replay(graph), "captured graph", time.perf_counter() - start, (f"no loop program: {e}",))
