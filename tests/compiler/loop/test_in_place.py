"""State that is written where it was read: only where nobody else needs the old value."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.compiler.loop.steps import sample, trajectories

N = (30, 40)


def _moments(p: Tensor, m: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    g = p * 0.5 + 0.1
    m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
    return p - 0.1 * m / (v.abs().sqrt() + 1), m, v


def _swapped(p: Tensor, m: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    return m * 0.5, p + 1, v - m


def _shifted(p: Tensor, m: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    return p.flip(0) * 0.9, m.roll(1, 1) + p, (v.view(-1).flip(0) * 0.7).view(N)


def _one_reads_all(p: Tensor, m: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    return p * 0.5 + m.sum(0), m * 0.9 + 0.1 * p, v * 0.5 + (p @ p.t()).sum()


def _result_is_needed(p: Tensor, m: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    new = (p * 0.3 + 1).sin()
    return new, m * 0.5 + new.sum(1, keepdim=True), v * 0.5 + new


def _twice(p: Tensor, m: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    new = (p * 0.3 + 1).sin()
    return new, new, v * 0.5 + m, new.sum()


def _constant(p: Tensor, m: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    return torch.ones(N, dtype=p.dtype), p + m, v


def _mixed(p: Tensor, m: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    return p + m[0], m + v[:, :1], (v + p).t().contiguous().t()


STEPS: dict[str, tuple[Callable[..., tuple[Tensor, ...]], int | None]] = {
    "moments": (_moments, 3),
    "swapped": (_swapped, 3),
    "shifted": (_shifted, None),
    "one reads all": (_one_reads_all, None),
    "result is needed": (_result_is_needed, None),
    "twice": (_twice, None),
    "constant": (_constant, None),
    "mixed": (_mixed, None),
}


@pytest.mark.parametrize("name", STEPS)
def test_trajectories(name: str) -> None:
    step, in_place = STEPS[name]
    state = [sample(N, torch.float64, seed) for seed in range(3)]
    got, expected, program = trajectories(step, state, steps=7)
    for have, want in zip(got, expected, strict=True):
        torch.testing.assert_close(have, want, rtol=1e-11, atol=1e-11)
    if in_place is not None:  # no buffer of the program's own is left for them
        assert program._arena.numel() < N[0] * N[1] * 8


def test_one_loop_a_parameter() -> None:
    """Everything is read once and written once."""
    _, _, program = trajectories(_moments, [sample(N, torch.float64, seed) for seed in range(3)], steps=1)
    text = program.ir[program.ir.index("define void @run") :]
    assert text.count("load <4 x double>") <= 3 * 16
    assert text.count("store <4 x double>") == text.count("load <4 x double>")
