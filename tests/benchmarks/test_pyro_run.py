"""The two ways of taking steps: the same first steps, and a run that tells what ran it."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

import pyro
from benchmarks.cases import (
    coin,
    eight_schools,
    logistic_regression,
    run_eight_schools,
    run_hierarchical,
    run_linear_regression,
    vae,
)
from benchmarks.pyro_run import Inference, Run, by_run, by_step

SETUPS = {
    "coin": coin.inference,
    "eight_schools": eight_schools.inference,
    "logistic_regression": logistic_regression.inference,
    "run_eight_schools": run_eight_schools.inference,
    "run_hierarchical": run_hierarchical.inference,
    "run_linear_regression": lambda: run_linear_regression.inference(rows=1000),
    "vae": vae.inference,
}


class Recorder:
    """In the place of an SVI: remembers how its steps were taken."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def step(self, *data: Any) -> float:
        self.asked.append(("step", data))
        return 2.0

    def run(self, num_steps: int, *data: Any, progress_bar: bool) -> Any:
        self.asked.append(("run", num_steps, data, progress_bar))
        parts = (SimpleNamespace(how="eager"), SimpleNamespace(how="loop program"))
        return SimpleNamespace(losses=torch.tensor([1.0, 2.0, 6.0]), parts=parts)


def test_by_step_takes_each_step() -> None:
    svi = Recorder()
    assert by_step(lambda: Inference(svi, (1, 2)))()(2) == 2.0
    assert svi.asked == [("step", (1, 2))] * 2


def test_by_run_takes_all_steps_in_one_call() -> None:
    svi = Recorder()
    program = by_run(lambda: Inference(svi, (1, 2)))()
    assert program(3) == 3.0
    assert svi.asked == [("run", 3, (1, 2), False)]
    assert isinstance(program, Run) and program.how == "loop program"


@pytest.mark.parametrize("name", SETUPS)
def test_run_and_step_do_the_same_work(name: str) -> None:
    losses = []
    for way in (by_step, by_run):
        pyro.clear_param_store()
        losses.append(way(SETUPS[name])()(2))  # the first two steps of a run are eager, and draw the same numbers
    pyro.clear_param_store()
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
