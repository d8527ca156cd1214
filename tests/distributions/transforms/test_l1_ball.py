"""Laws of the transform onto the ball of the sum of absolute values."""

import torch

from pyro.distributions import constraints
from pyro.distributions.transforms.l1_ball import L1BallTransform
from tests.distributions.transforms.laws import assert_one_to_one


def test_one_to_one_with_the_stated_jacobian() -> None:
    x = 2 * torch.randn(2, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert (assert_one_to_one(L1BallTransform(), x).abs().sum(-1) < 1).all()


def test_boundary_stays_finite() -> None:
    for dtype in (torch.float32, torch.float64):
        x = torch.tensor([[100.0, -100.0, 3.0], [-1e4, 0.0, 0.0]], dtype=dtype, requires_grad=True)
        y = L1BallTransform()(x)
        assert constraints.l1_ball.check(y).all()
        assert L1BallTransform().inv(y.detach()).isfinite().all()
        log_abs_det = L1BallTransform().log_abs_det_jacobian(x, y)
        log_abs_det.sum().backward()  # type: ignore[no-untyped-call]
        assert log_abs_det.isfinite().all() and x.grad is not None and x.grad.isfinite().all()
