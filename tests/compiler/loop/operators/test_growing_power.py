"""Powers whose exponent counts the steps: right wherever they begin and whatever the exponent does."""

import pytest
import torch
from torch import Tensor

from pyro.compiler.loop import compile_loop
from tests.compiler.loop.steps import step_graph

BASES = torch.tensor([0.9, 0.999, 1.0001, -0.5, 0.0, 1.0], dtype=torch.float64)

STARTS = [(1.0, 1.0), (0.0, 1.0), (1000.0, 1.0), (61.0, 1.0), (2.0**53 - 100, 1.0), (1.0, 2.0), (0.5, 1.0),
          (300.0, -1.0), (-70.0, 1.0), (float("nan"), 1.0)]


def step(exponent: Tensor, base: Tensor, change: Tensor) -> tuple[Tensor, ...]:
    return exponent + change, torch.pow(base, exponent)


def powers(start: float, base: Tensor, change: float, chunks: list[int], strict: bool = False) -> Tensor:
    """The records of a program that is called for some steps at a time."""
    exponent, by = torch.tensor(start, dtype=torch.float64), torch.tensor(change, dtype=torch.float64)
    program = compile_loop(step_graph(step, [exponent], [base, by]), strict=strict)
    records = torch.zeros(sum(chunks), dtype=torch.float64)
    first = 0
    for chunk in chunks:
        program.run([exponent, base, by], [records], chunk, first)
        first += chunk
    return records


@pytest.mark.parametrize("base", BASES, ids=lambda base: f"{base.item()}")
@pytest.mark.parametrize(("start", "change"), STARTS)
def test_powers(base: Tensor, start: float, change: float) -> None:
    exponents = start + change * torch.arange(200, dtype=torch.float64)
    torch.testing.assert_close(powers(start, base, change, [200]), torch.pow(base, exponents), rtol=2e-14, atol=0.0,
                               equal_nan=True)


@pytest.mark.parametrize("chunks", [[1] * 150, [7] * 20 + [10], [64, 86], [100, 50]])
def test_the_numbers_do_not_depend_on_where_a_run_begins(chunks: list[int]) -> None:
    base = torch.tensor(0.999, dtype=torch.float64)
    assert torch.equal(powers(3.0, base, 1.0, chunks), powers(3.0, base, 1.0, [150]))


def test_with_strict_rounding_powers_are_those_of_c() -> None:
    base = torch.tensor(0.999, dtype=torch.float64)
    expected = torch.stack([torch.pow(base, n) for n in range(1, 151)])
    assert torch.equal(powers(1.0, base, 1.0, [150], strict=True), expected)


def test_the_base_may_change_between_calls() -> None:
    exponent, base, by = (torch.tensor(value, dtype=torch.float64) for value in (1.0, 0.9, 1.0))
    program = compile_loop(step_graph(step, [exponent], [base, by]))
    records = torch.zeros(20, dtype=torch.float64)
    program.run([exponent, base, by], [records], 10)
    base.fill_(0.5)
    program.run([exponent, base, by], [records], 10, 10)
    torch.testing.assert_close(records[10:], 0.5 ** torch.arange(11.0, 21.0, dtype=torch.float64))
