"""The incomplete beta function and its inverse equal scipy's, and their gradients equal differences."""

import numpy as np
import pytest
import scipy.special as special
import torch
from torch import Tensor

from pyro.ops.incomplete_beta import betainc, betaincinv


def shapes(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Two shapes over six orders of magnitude, and a probability."""
    generator = np.random.default_rng(0)
    a, b = 10 ** generator.uniform(-2, 4, (2, count))
    return torch.tensor(a), torch.tensor(b), torch.tensor(generator.uniform(size=count))


def test_cdf_equals_the_reference() -> None:
    a, b, x = shapes(2000)
    np.testing.assert_allclose(betainc(a, b, x), special.betainc(a.numpy(), b.numpy(), x.numpy()), rtol=1e-9, atol=1e-9)
    assert betainc(a[:2], b[:2], torch.tensor([0.0, 1.0])).tolist() == [0.0, 1.0]


def test_inverse_reaches_the_probability() -> None:
    a, b, p = shapes(2000)
    x = betaincinv(a, b, p)
    is_inside = (x > 1e-300) & (x < 1 - 1e-9)
    assert is_inside.sum() > 1000
    reached = special.betainc(*(tensor[is_inside].numpy() for tensor in (a, b, x)))
    np.testing.assert_allclose(reached, p[is_inside], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(x, special.betaincinv(a.numpy(), b.numpy(), p.numpy()), rtol=1e-4, atol=1e-6)
    assert betaincinv(a[:2], b[:2], torch.tensor([0.0, 1.0], dtype=torch.float64)).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("function", [betainc, betaincinv])
def test_gradients_equal_differences(function: object) -> None:
    inputs = [torch.tensor(values, dtype=torch.float64, requires_grad=True)
              for values in ([0.3, 2.0, 40.0, 0.2], [0.5, 3.0, 1.0, 0.1], [0.2, 0.7, 0.95, 0.4])]
    assert torch.autograd.gradcheck(function, inputs, eps=1e-7, atol=1e-5, rtol=1e-4)


def test_single_precision_is_finite() -> None:
    a, b, x = (tensor.float() for tensor in shapes(2000))
    for result in (betainc(a, b, x), betaincinv(a, b, x)):
        assert result.isfinite().all() and (result >= 0).all() and (result <= 1).all()
