import math

import pytest
import torch

from pyro.infer.run_result import Part, RunResult


def result(num_steps=200, **kwargs):
    fields = {"losses": torch.linspace(3.0, 1.0, num_steps), "params": {"loc": torch.tensor(1.0)},
              "parts": (Part("eager", 2, 0.01), Part("loop program", num_steps - 2, 0.5)), "capture_seconds": 0.25,
              "compile_seconds": 0.125, "reasons": ()}
    return RunResult(**{**fields, **kwargs})


def test_it_prints_a_few_lines():
    lines = str(result(reasons=("no loop program: no row for aten.fft",))).splitlines()
    assert lines == [
        "200 steps: 2 eager (0.01 s), then 198 loop program (0.5 s)", "capture 0.25 s, compile 0.12 s, 396 steps/s",
        f"loss 3 at first, {torch.linspace(3.0, 1.0, 200)[-100:].mean():.6g} over the last 100",
        "no loop program: no row for aten.fft"]


def test_it_says_that_the_run_was_interrupted():
    assert str(result(is_interrupted=True)).startswith("200 steps, interrupted: ")


def test_few_steps_and_none():
    assert "over the last 3" in str(result(3))
    assert "no loss" in str(result(0, parts=(), losses=torch.empty(0)))


@pytest.mark.parametrize(("parts", "expected"), [
    ((Part("eager", 2, 0.5), Part("captured graph", 30, 0.1)), 300.0), ((Part("eager", 5, 0.0),), math.nan),
    ((), math.nan)])
def test_the_rate_is_that_of_the_fastest_part(parts, expected):
    assert result(parts=parts).steps_per_second == pytest.approx(expected, nan_ok=True)
