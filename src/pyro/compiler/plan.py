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


# Above this the eager step's time goes into its kernels, and its optimiser's fused ones do in one pass over a parameter
# what the captured graph's single operations do in fifteen.
_LARGE = 10_000


class Lowering(Protocol):
    """A way to run a step graph many times."""

    def run(self, inputs: Sequence[Tensor], records: Sequence[Tensor], num_steps: int, first_row: int = 0) -> None:
        """Runs steps one after the other; see :meth:`pyro.compiler.replay.Replay.run`."""


@dataclass(frozen=True)
class Plan:
    """How a step runs, and why.

    Attributes:
        lowering: what runs it; ``None`` where the eager step is the fastest way that is left.
        name: the lowering's name, for people.
        seconds: how long it took to compile.
        reasons: what kept faster lowerings from taking the step, a line each.
    """

    lowering: Lowering | None
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
        reason = f"no loop program: {e}"
    if _elements_per_operation(graph) > _LARGE:
        return Plan(None, "eager", time.perf_counter() - start,
                    (reason, "eager rather than the captured graph, because its time goes into large tensors"))
    return Plan(Replay(graph), "captured graph", time.perf_counter() - start, (reason,))


def _elements_per_operation(graph: StepGraph) -> float:
    """How large the results of the graph's operations are, on average."""
    values = [node.meta["val"] for node in graph.module.graph.nodes if node.op == "call_function"]
    sizes = [value.numel() for value in values if isinstance(value, Tensor)]
    return sum(sizes) / max(1, len(sizes))
