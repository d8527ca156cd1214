"""Derivatives of digamma against SciPy's, everywhere."""

import mpmath
import numpy as np
import pytest
import scipy.special
import torch

from pyro.compiler.errors import Unsupported
from tests.compiler.loop.steps import compiled


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.float64, 2e-13)])
def test_trigamma(dtype, tolerance):
    x = torch.cat([torch.logspace(-12, 12, 97, dtype=torch.float64), torch.linspace(0.5, 30, 60, dtype=torch.float64)])
    x = x.to(dtype)
    (got,) = compiled(lambda x: (torch.polygamma(1, x),), x)
    assert got.dtype == dtype
    expected = scipy.special.polygamma(1, x.double().numpy())
    np.testing.assert_allclose(got.double().numpy(), expected.astype(got.numpy().dtype), rtol=tolerance)


def test_reflection():
    x = torch.tensor([-0.5, -1.25, -7.3, -20.75], dtype=torch.float64)
    got = compiled(lambda x: (torch.polygamma(1, x), torch.polygamma(2, x)), x)
    for order, values in enumerate(got, 1):
        assert values.tolist() == pytest.approx([float(mpmath.psi(order, number)) for number in x.tolist()], rel=1e-11)


def test_special_values():
    x = torch.tensor([0.0, -1.0, -2.0, torch.inf, torch.nan])
    (got,) = compiled(lambda x: (torch.polygamma(1, x),), x)
    assert got[:3].tolist() == [torch.inf] * 3
    assert got[3] == 0
    assert got[4].isnan()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.float64, 1e-12)])
def test_tetragamma(dtype, tolerance):
    x = torch.logspace(-9, 12, 80, dtype=torch.float64).to(dtype)
    (got,) = compiled(lambda x: (torch.polygamma(2, x),), x)
    expected = [float(mpmath.psi(2, number)) for number in x.double().tolist()]
    np.testing.assert_allclose(got.double().numpy(), expected, rtol=tolerance)


def test_higher_orders_are_refused():
    with pytest.raises(Unsupported, match="order 3"):
        compiled(lambda x: (torch.polygamma(3, x),), torch.ones(3))
