"""Draws from rows have the distributions that torch's operators draw from."""

import math

import pytest
import scipy.stats
import torch

from pyro.compiler.transforms import FORMULAS

aten = torch.ops.aten
CASES = [
    (aten.exponential.default, (2.0,), scipy.stats.expon(scale=0.5)),
    (aten.exponential.default, (), scipy.stats.expon()),
    (aten.cauchy.default, (1.0, 3.0), scipy.stats.cauchy(1, 3)),
    (aten.log_normal.default, (0.5, 1.5), scipy.stats.lognorm(1.5, scale=math.exp(0.5))),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("operator", "arguments", "reference"), CASES)
def test_continuous(operator, arguments, reference, dtype):
    torch.manual_seed(0)
    formula = FORMULAS[operator]
    x = formula.of(formula.standard([20_000], dtype=dtype), *arguments)
    assert x.dtype == dtype
    assert scipy.stats.kstest(x.double().numpy(), reference.cdf).pvalue > 1e-3


@pytest.mark.parametrize("operator", FORMULAS)
def test_formulas_take_what_the_operators_take(operator):
    assert FORMULAS[operator].in_place._schema.name == operator._schema.name + "_"
    names = [argument.name for argument in operator._schema.arguments[1:] if argument.name != "generator"]
    defaults = [argument.default_value for argument in operator._schema.arguments[1:] if argument.has_default_value()]
    assert FORMULAS[operator].of.__code__.co_argcount == len(names) + 1
    assert list(FORMULAS[operator].of.__defaults__ or ()) == [value for value in defaults if value is not None]


@pytest.mark.parametrize("p", [0.2, 0.9, 1.0])
def test_geometric(p):
    torch.manual_seed(1)
    x = FORMULAS[aten.geometric.default].of(torch.rand(20_000), p)
    assert x.min() == 1
    assert abs(x.mean().item() - 1 / p) <= 4.5 * math.sqrt((1 - p) / p**2 / 20_000)


def test_bernoulli():
    p = torch.tensor([0.0, 0.3, 1.0]).expand(20_000, 3)
    torch.manual_seed(2)
    x = FORMULAS[aten.bernoulli.Tensor].of(torch.rand(20_000, 3), p)
    assert x.mean(0)[[0, 2]].tolist() == [0.0, 1.0]
    assert abs(x[:, 1].mean().item() - 0.3) < 4.5 * math.sqrt(0.21 / 20_000)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("operator", [aten.exponential.default, aten.geometric.default])
def test_the_ends_of_a_row_give_positive_numbers(operator, dtype):
    row = torch.tensor([0.0, 1 - torch.finfo(dtype).eps], dtype=dtype)
    x = FORMULAS[operator].of(row, 0.5)
    assert (x > 0).all()
    assert x.isfinite().all()
