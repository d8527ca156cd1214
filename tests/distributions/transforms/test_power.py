"""Law of the odd power."""

from typing import Any

import pytest
import torch

from pyro.distributions.transforms.power import PositivePowerTransform

X = torch.tensor([-2.0, -0.5, 0.25, 3.0], dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("exponent", [2.0, 1, 0.5, torch.tensor([0.5, 1.0, 2.0, 3.0])])
def test_one_to_one_with_the_stated_jacobian(exponent: Any) -> None:
    transform = PositivePowerTransform(exponent)
    y = transform(X)
    torch.testing.assert_close(y, X.sign() * X.abs() ** exponent)
    torch.testing.assert_close(transform.inv(y), X)
    (derivative,) = torch.autograd.grad(y.sum(), X)
    torch.testing.assert_close(transform.log_abs_det_jacobian(X, y), derivative.log())
    shape = torch.broadcast_shapes((3, 1), transform.exponent.shape)
    assert transform.forward_shape((3, 1)) == transform.inverse_shape((3, 1)) == shape
    assert transform == PositivePowerTransform(exponent)


@pytest.mark.parametrize("exponent", [0.0, -1.0, float("nan"), torch.tensor([1.0, -1.0])])
def test_exponent_must_be_positive(exponent: Any) -> None:
    with pytest.raises(ValueError, match="exponent > 0"):
        PositivePowerTransform(exponent)


def test_checks_and_caches_are_optional() -> None:
    assert PositivePowerTransform(-1.0, validate_args=False)(torch.tensor(2.0)) == 0.5
    transform = PositivePowerTransform(2.0)
    assert transform.with_cache(0) is transform
    cached = transform.with_cache(1)
    x = torch.tensor(2.0)
    assert cached.inv(cached(x)) is x
