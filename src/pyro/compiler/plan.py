"""Chooses the lowering of a captured step: the first one that takes its operators and sizes.

The loop program first. What it refuses, Inductor may take: at once if it is in the store, else between two chunks of a
long run. Until then, and without a compiler, the captured graph runs, on a CUDA device as a CUDA graph of many steps,
or the eager step where its time goes into large tensors.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from torch import Tensor

from pyro.compiler.cuda_graph import CudaGraph
from pyro.compiler.device import accelerator, on_device
from pyro.compiler.errors import Unsupported
from pyro.compiler.graph import StepGraph, TensorMeta
from pyro.compiler.inductor.later import Later
from pyro.compiler.inductor.lowering import Inductor
from pyro.compiler.loop.program import compile_loop
from pyro.compiler.replay import Replay
from pyro.settings import values

__all__ = ["Lowering", "Plan", "plan"]


# Above this the eager step's time goes into its kernels, and its optimiser's fused ones do in one pass over a parameter
# what the captured graph's single operations do in fifteen. A GPU's kernels take the time of a launch up to there.
_LARGE = {"cpu": 10_000, "cuda": 1_000_000}


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
        later: a faster lowering, which may come.
        draws_as_eager: whether it draws the numbers that eager steps would, since eager steps may be part of its run.
    """

    lowering: Lowering | None
    name: str
    seconds: float
    reasons: tuple[str, ...]
    later: Later | None = None
    draws_as_eager: bool = False

    def advance(self, seconds_left: float | None = None) -> "Plan":
        """The plan from here on: another one where the faster lowering has come.

        Args:
            seconds_left: how long the rest of the run takes this way, as far as that is known.
        """
        if self.later is None:
            return self
        lowering = self.later.poll(seconds_left)
        return self if lowering is None else _by_inductor(self, lowering, self.later.seconds)


def plan(graph: StepGraph) -> Plan:
    """Chooses a lowering.

    Args:
        graph: the step.
    """
    start = time.perf_counter()
    try:
        return Plan(compile_loop(graph, strict=values.strict_rounding), "loop program", time.perf_counter() - start, ())
    except Unsupported as e:
        reasons = (f"no loop program: {e}",)
    graph, device = _as_placed(graph)
    if _elements_per_operation(graph) <= _LARGE[device]:
        lowering = _in_chunks(Replay(graph))
        chosen = Plan(lowering, lowering.name, 0.0, reasons)
    else:
        why = "eager rather than the captured graph, because its time goes into large tensors"
        chosen = Plan(None, "eager", 0.0, (*reasons, why))
    return replace(_with_inductor(graph, chosen), seconds=time.perf_counter() - start)


def _with_inductor(graph: StepGraph, chosen: Plan) -> Plan:
    """A plan together with what Inductor makes of the step: at once if that is in the store."""
    try:
        later = Later(graph)
    except Unsupported as e:
        return replace(chosen, reasons=(*chosen.reasons, f"no inductor: {e}"))
    chosen = replace(chosen, later=later, draws_as_eager=chosen.lowering is None)
    stored = later.from_store()
    return chosen if stored is None else _by_inductor(chosen, stored, 0.0)


def _by_inductor(before: Plan, lowering: Inductor, seconds: float) -> Plan:
    chunks = _in_chunks(lowering)
    return replace(before, lowering=chunks, name=chunks.name, seconds=seconds, reasons=before.reasons[:1], later=None)


def _as_placed(graph: StepGraph) -> tuple[StepGraph, str]:
    """The step on the one CUDA device that it uses, where that is so, and what kind of device it runs on."""
    try:
        device = accelerator(graph)
    except Unsupported:
        return graph, "cuda"
    return (graph, "cpu") if device is None else (on_device(graph, device), "cuda")


def _in_chunks(lowering: Replay) -> Replay | CudaGraph:
    """A lowering, on a CUDA device as a graph of many steps."""
    is_on_one_device = {given.spec.device.type for given in lowering.graph.inputs} == {"cuda"}
    return CudaGraph(lowering) if is_on_one_device else lowering


def _elements_per_operation(graph: StepGraph) -> float:
    """How large the results of the graph's operations are, on average."""
    results = [node.meta["val"] for node in graph.module.graph.nodes if node.op == "call_function"]
    sizes = [value.numel() for value in results if isinstance(value, TensorMeta | Tensor)]
    return sum(sizes) / max(1, len(sizes))
