"""Laws that transforms of different modules share."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.functional import jacobian

__all__ = ["assert_one_to_one", "log_volume"]


def log_volume(transform: Any, x: Tensor) -> Tensor:
    """The logarithm of the change of volume at one event, from the derivative.

    Where results have more elements than arguments, it is that of the surface on which they lie.
    """

    def flat(x: Tensor) -> Tensor:
        y: Tensor = transform(x)
        return torch.view_as_real(y).reshape(-1) if y.is_complex() else y.reshape(-1)

    derivative = jacobian(flat, x)
    assert isinstance(derivative, Tensor)
    matrix = derivative.reshape(len(derivative), -1)
    log_gram: Tensor = torch.linalg.slogdet(matrix.T @ matrix).logabsdet
    return log_gram / 2


def assert_one_to_one(transform: Any, x: Tensor, has_volume: bool = True) -> Tensor:
    """Checks sets, shapes, the inverse, the Jacobian and the cache on a batch of arguments, and returns the results."""
    y: Tensor = transform(x)
    assert transform.domain.check(x).all()
    assert transform.codomain.check(y).all()
    assert y.shape == transform.forward_shape(x.shape)
    assert x.shape == transform.inverse_shape(y.shape)
    torch.testing.assert_close(transform.inv(y), x)
    log_abs_det = transform.log_abs_det_jacobian(x, y)
    batch_shape = x.shape[: x.dim() - transform.domain.event_dim]
    assert log_abs_det.shape == batch_shape
    if has_volume:
        events = x.reshape(-1, *x.shape[len(batch_shape) :])
        for event, expected in zip(events, log_abs_det.reshape(-1), strict=True):
            torch.testing.assert_close(log_volume(transform, event), expected)
    cached = transform.with_cache(1)
    assert cached == transform and transform.with_cache(0) is transform
    assert cached.inv(cached(x)) is x
    assert transform.bijective
    return y
