"""Law of the softplus transform onto Cholesky factors."""

import torch
from torch.nn.functional import softplus

from pyro.distributions import constraints
from pyro.distributions.transforms.softplus import SoftplusLowerCholeskyTransform, SoftplusTransform


def test_lower_cholesky_factors_with_a_softplus_diagonal() -> None:
    transform = SoftplusLowerCholeskyTransform()
    x = 5 * torch.randn(4, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = transform(x)
    assert constraints.softplus_lower_cholesky.check(y).all()
    assert torch.equal(y.tril(-1), x.tril(-1))
    torch.testing.assert_close(y.diagonal(dim1=-2, dim2=-1), softplus(x.diagonal(dim1=-2, dim2=-1)))
    torch.testing.assert_close(transform.inv(y), x.tril())
    assert transform == SoftplusLowerCholeskyTransform()
    assert not transform.bijective


def test_inverse_is_exact_far_out() -> None:
    x = torch.diag(torch.tensor([-30.0, 0.0, 500.0], dtype=torch.float64))
    torch.testing.assert_close(SoftplusLowerCholeskyTransform().inv(SoftplusLowerCholeskyTransform()(x)), x)


def test_softplus_is_torchs() -> None:
    assert SoftplusTransform is torch.distributions.transforms.SoftplusTransform
