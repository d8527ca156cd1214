"""Laws of the transform onto Cholesky factors of correlation matrices."""

import pytest
import torch
from torch.autograd.functional import jacobian
from torch.distributions import biject_to, transform_to

from pyro.distributions import constraints
from pyro.distributions.transforms.corr_cholesky import CorrCholesky


def draw(n: int) -> torch.Tensor:
    return torch.randn(2, n * (n - 1) // 2, dtype=torch.float64, generator=torch.Generator().manual_seed(n))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_equals_torchs_and_inverts(n):
    x, transform = draw(n), CorrCholesky()
    y = transform(x)
    assert constraints.corr_cholesky.check(y).all()
    assert y.shape == transform.forward_shape(x.shape)
    torch.testing.assert_close(transform.inv(y), x)
    if n > 1:
        torch.testing.assert_close(y, torch.distributions.CorrCholeskyTransform()(x))
    torch.testing.assert_close(torch.func.vmap(transform)(x), y)


@pytest.mark.parametrize("n", [2, 4])
def test_jacobian(n):
    transform = CorrCholesky()
    rows, columns = torch.tril_indices(n, n, -1)
    for x in draw(n):
        derivative = jacobian(lambda x: transform(x)[rows, columns], x)
        expected = torch.linalg.slogdet(derivative).logabsdet
        torch.testing.assert_close(transform.log_abs_det_jacobian(x, transform(x)), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_numbers_stay_inside(dtype):
    x = torch.tensor([50.0, -800.0, 3.0], dtype=dtype, requires_grad=True)
    y = CorrCholesky()(x)
    assert constraints.corr_cholesky.check(y)
    assert CorrCholesky().inv(y).isfinite().all()
    log_det = CorrCholesky().log_abs_det_jacobian(x, y)
    grad, = torch.autograd.grad(y.sum() + log_det, x)
    assert log_det.isfinite() and grad.isfinite().all()


def test_is_registered_and_names_a_wrong_size():
    assert isinstance(biject_to(constraints.corr_cholesky), CorrCholesky)
    assert isinstance(transform_to(constraints.corr_cholesky), CorrCholesky)
    with pytest.raises(ValueError, match="got 4"):
        CorrCholesky()(torch.zeros(4))
