"""Trajectories of a problem's parameters, optimiser state, options and losses: by eager steps and by a lowering."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from pyro import settings
from pyro.compiler.compiled import Compiled, Run, compile_step
from pyro.compiler.graph import InputRole
from pyro.compiler.plan import Lowering, Plan
from pyro.infer import SVI
from pyro.params.param_store import _PYRO_PARAM_STORE
from tests.compiler.problem import Problem

Trajectory = dict[str, Tensor]

_SEED = 7


def warmed_up(problem: Problem) -> SVI:
    """An SVI after the steps that a run takes eagerly."""
    torch.manual_seed(0)
    svi = problem.svi()
    for _ in range(2):
        svi.step(*problem.args, **problem.kwargs)
    return svi


def compiled_step(problem: Problem) -> Compiled:
    """A problem's step, compiled after the eager ones."""
    return compile_step(warmed_up(problem)._program(), problem.args, problem.kwargs)


def apart(run: Run) -> Run:
    """The run on a state of its own, which leaves the parameters as they are."""
    run._inputs = [None if tensor is None else tensor.clone() for tensor in run._inputs]
    return run


@dataclass(frozen=True)
class Reference:
    """A captured step, the state it starts from, and what eager steps make of that.

    Attributes:
        compiled: the step.
        live: what the inputs stand for.
        start: the state's values before the first step, by the input's position.
        eager: the trajectory of eager steps.
    """

    compiled: Compiled
    live: list[Any]
    start: dict[int, Tensor]
    eager: Trajectory

    @classmethod
    def of(cls, problem: Problem, num_steps: int) -> "Reference":
        """Captures a problem's step and runs it eagerly, in a parameter store of its own."""
        with _PYRO_PARAM_STORE.scope():
            svi = warmed_up(problem)
            with settings.context(eager_random_numbers=True):
                compiled = compile_step(svi._program(), problem.args, problem.kwargs)
            run = compiled.bind(problem.args, problem.kwargs)
            start = {i: run._inputs[i].clone() for i in _states(compiled)}
            constants = {i: value.clone() for i, value in enumerate(run._live) if i not in start and value is not None}
            eager = _eager(svi, run, problem, num_steps)
            changed = [compiled.graph.inputs[i].name for i, value in constants.items()
                       if not torch.equal(run._live[i], value) and "group" not in compiled.graph.inputs[i].name]
            assert not changed, f"eager steps change what the captured step takes for constant: {changed}"
            return cls(compiled, run._live, start, eager)

    def run(self, lowering: Lowering) -> Trajectory:
        """The trajectory of a lowering's steps, on eager's random numbers."""
        run = Run(replace(self.compiled, plan=Plan(lowering, "", 0.0, ())), self.live)
        for i, value in self.start.items():
            run._inputs[i] = value.clone()
        rows = []
        torch.manual_seed(_SEED)
        with settings.context(eager_random_numbers=True):
            for (loss,) in run.steps(len(self.eager["loss"])):
                rows.append({"loss": loss.clone(), **_named(self.compiled, run._inputs)})
        return _stacked(rows)


def own_trajectory(compiled: Compiled, lowering: Lowering, num_steps: int) -> Trajectory:
    """The trajectory of a lowering's steps on the numbers that runs draw."""
    run = apart(replace(compiled, plan=Plan(lowering, "", 0.0, ())).bind((), {}))
    rows = []
    torch.manual_seed(_SEED)
    for _ in range(num_steps):
        (loss,) = next(run.steps(1))
        rows.append({"loss": loss.clone(), **_named(compiled, run._inputs)})
    return _stacked(rows)


def _states(compiled: Compiled) -> list[int]:
    return [i for i, spec in enumerate(compiled.graph.inputs) if spec.role is InputRole.STATE]


def _named(compiled: Compiled, inputs: list[Any]) -> dict[str, Tensor]:
    return {compiled.graph.inputs[i].name: inputs[i].detach().clone() for i in _states(compiled)}


def _eager(svi: SVI, run: Run, problem: Problem, num_steps: int) -> Trajectory:
    """Eager steps; reads the tensors that the compiled step's inputs stand for."""
    layout = run._compiled._layout
    rows = []
    torch.manual_seed(_SEED)
    for _ in range(num_steps):
        loss = torch.tensor(svi.step(*problem.args, **problem.kwargs), dtype=torch.float64)
        row = {"loss": loss, **_named(run._compiled, run._live)}
        for name, number in zip(layout.option_names(), layout.options(), strict=True):
            if name in row:
                row[name] = torch.tensor(number, dtype=torch.float64)
        rows.append(row)
    return _stacked(rows)


def _stacked(rows: list[dict[str, Tensor]]) -> Trajectory:
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def largest_deviation(got: Trajectory, expected: Trajectory) -> tuple[float, str]:
    """The largest difference, relative to the largest magnitude on its trajectory, and where it is."""
    assert got.keys() == expected.keys()
    deviations = []
    for name, value in expected.items():
        difference, size = ((got[name].double() - value.double()).abs().max().item(), value.double().abs().max().item())
        deviations.append((difference / size if size else difference, name))
    return max(deviations)
