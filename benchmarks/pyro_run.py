"""What flashover and upstream share: an inference, and the two ways of taking its steps.

Nothing of them is imported here: an inference is set up when its program starts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.case import Program, repeat


@dataclass(frozen=True)
class Inference:
    """Stochastic variational inference, set up and seeded, before its first step.

    Args:
        svi: The ``pyro.infer.SVI``.
        data: The arguments of its steps.
    """

    svi: Any
    data: tuple[Any, ...]


def by_step(setup: Callable[[], Inference]) -> Callable[[], Program]:
    """Takes the steps one by one, with ``svi.step`` in a loop."""

    def start() -> Program:
        inference = setup()
        return repeat(partial(inference.svi.step, *inference.data))

    return start


class Run:
    """Takes the steps of a block in one call of ``svi.run``, which upstream does not have."""

    how = ""
    """What ran the last steps of the last block, such as ``loop program``."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    def __call__(self, steps: int) -> float:
        result = self._inference.svi.run(steps, *self._inference.data, progress_bar=False)
        self.how = result.parts[-1].how
        return float(result.losses.mean())


def by_run(setup: Callable[[], Inference]) -> Callable[[], Program]:
    """Takes the steps of a block in one call of ``svi.run``; see :class:`Run`."""
    return lambda: Run(setup())
