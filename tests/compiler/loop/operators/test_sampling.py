"""Samplers and gradients in the loop program give what the operators give by themselves, to the last bit."""

import pytest
import torch

from pyro.compiler import keyed
from pyro.compiler.loop.operators.table import ROWS
from tests.compiler.loop.steps import compiled

aten = torch.ops.aten
KEY = torch.tensor(-(2**62) + 12345)


def positive(*shape: int) -> torch.Tensor:
    return torch.linspace(-7, 7, torch.Size(shape).numel()).exp().reshape(shape)


CASES = {
    "standard_gamma": (lambda a, key: keyed.standard_gamma(a, key, 3), [positive(4, 5)]),
    "standard_gamma_scalar": (lambda a, key: keyed.standard_gamma(a, key, 0), [torch.tensor(0.001)]),
    "standard_gamma_view": (lambda a, key: keyed.standard_gamma(a.t(), key, 3), [positive(4, 5)]),
    "standard_gamma_expanded": (lambda a, key: keyed.standard_gamma(a.expand(3, 4), key, 3), [positive(4)]),
    "standard_gamma_empty": (lambda a, key: keyed.standard_gamma(a, key, 3), [torch.empty(0, 2)]),
    "dirichlet": (lambda a, key: keyed.dirichlet(a, key, 1), [positive(2, 7, 3)]),
    "dirichlet_tiny": (lambda a, key: keyed.dirichlet(a, key, 1), [torch.full((50, 2), 1e-3)]),
    "poisson": (lambda rate, key: keyed.poisson(rate, key, 2), [positive(30)]),
    "binomial": (lambda n, p, key: keyed.binomial(n, p, key, 2), [torch.tensor([[3.0], [1e3]]), torch.rand(9)]),
    "categorical": (lambda w, key: keyed.categorical(w, 4, key, 2), [positive(5, 6)]),
    "categorical_vector": (lambda w, key: keyed.categorical(w, 1, key, 2), [positive(6)]),
    "von_mises": (lambda m, k, key: keyed.von_mises(m, k, [3, 6], key, 2), [torch.tensor(0.5), positive(6)]),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", CASES)
def test_same_numbers(name, dtype):
    function, operands = CASES[name]
    arguments = [operand.to(dtype) for operand in operands]
    (got,) = compiled(lambda *a: (function(*a),), *arguments, KEY)
    expected = function(*arguments, KEY)
    assert got.dtype == expected.dtype
    assert torch.equal(got, expected)


GRADIENTS = {
    "gamma": (aten._standard_gamma_grad, lambda: (positive(9), positive(9) * 1.1)),
    "dirichlet": (aten._dirichlet_grad, lambda: (torch.linspace(0.1, 0.9, 9), positive(9), positive(9) + 1.5)),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_like_aten(name, dtype):
    """Whose approximations are good to some 1e-3, and worse in the tails; their own law has the digits."""
    function, make = GRADIENTS[name]
    arguments = [value.to(dtype) for value in make()]
    (got,) = compiled(lambda *a: (function(*a),), *arguments)
    assert got.dtype == dtype
    torch.testing.assert_close(got, function(*arguments), rtol=1e-2, atol=1e-6)


def test_the_table_has_all_operators():
    assert {str(operator) for operator in keyed.OPERATORS} <= set(ROWS)
