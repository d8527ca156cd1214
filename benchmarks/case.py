"""What a benchmark case is: one workload, the peers that run it, and what is asked of the first of them.

A peer is a program, that is a function of a number of steps, in one of the environments of
``benchmarks/environments.py``. Programs keep their state from call to call, as an inference run does.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from benchmarks import cases

Program = Callable[[int], float | None]
"""Runs this many steps more and returns their mean loss, or None where there is no loss.

A program may have an attribute ``how`` that tells in a few words what runs its steps; tables show it.
"""


ELSEWHERE: Mapping[str, str] = {"families": "benchmarks.family_case"}
"""The cases that a program of their own runs, by name, and the modules that define them."""


@dataclass(frozen=True)
class Peer:
    """One way of doing the work.

    Args:
        environment: Name of the environment that it runs in.
        start: Imports what it needs, sets the work up and returns the program.
        process: Peers of one case that give the same name share one process. By default each has its own.
    """

    environment: str
    start: Callable[[], Program]
    process: str | None = None


@dataclass(frozen=True)
class Limit:
    """A goal: the median of ``peer`` against ``reference``, over the rounds of a run, is at most ``at_most``.

    A ratio is of the two times; a difference is in microseconds a step.
    """

    peer: str
    reference: str
    at_most: float
    kind: Literal["ratio", "difference"] = "ratio"


@dataclass(frozen=True)
class Case:
    """A workload. The first peer is the one that the others are compared with.

    Args:
        name: Name of its file.
        title: What the work is.
        peers: The ways of doing it.
        limits: The goals.
        device: Where it runs. Cases for CUDA run only when they are asked for, or by ``benchmarks/gpu.py``.
    """

    name: str
    title: str
    peers: Mapping[str, Peer]
    limits: tuple[Limit, ...] = ()
    device: Literal["cpu", "cuda"] = "cpu"


def repeat(step: Callable[[], float]) -> Program:
    """Makes a program of a function that does one step and returns its loss."""

    def run(steps: int) -> float:
        total = 0.0
        for _ in range(steps):
            total += step()
        return total / steps

    return run


def case_names() -> list[str]:
    """The names of all cases, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(cases.__path__))


def load_case(name: str) -> Case:
    """Reads one case.

    Raises:
        ValueError: There is no case of this name.
    """
    if name not in case_names() and name not in ELSEWHERE:
        raise ValueError(f"There is no case '{name}'. Choose from: {', '.join(case_names())}.")
    case = importlib.import_module(ELSEWHERE.get(name, f"benchmarks.cases.{name}")).CASE
    if not isinstance(case, Case):
        raise TypeError(f"Case '{name}': its CASE is a {type(case).__name__}, expected a Case.")
    return case
