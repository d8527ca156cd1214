"""Laws of the triangular affine map; see test_laws.py for those that it shares."""

import pytest
import torch

import pyro.distributions as dist
from pyro.distributions.transforms.lower_cholesky_affine import LowerCholeskyAffine

TRIL = torch.tensor([[1.0, 0.0], [2.0, 3.0]])


def test_of_normal_variables_it_makes_a_multivariate_normal() -> None:
    loc = torch.tensor([1.0, -1.0])
    base = dist.Normal(torch.zeros(2), 1.0).to_event(1)
    found = dist.TransformedDistribution(base, [LowerCholeskyAffine(loc, TRIL)])
    x = torch.randn(5, 2)
    torch.testing.assert_close(found.log_prob(x), dist.MultivariateNormal(loc, scale_tril=TRIL).log_prob(x))


def test_batches_broadcast() -> None:
    flow = LowerCholeskyAffine(torch.zeros(4, 1, 2), TRIL.expand(5, 2, 2))
    x = torch.randn(2)
    y = flow(x)
    assert y.shape == flow.forward_shape(x.shape) == (4, 5, 2)
    assert flow.log_abs_det_jacobian(x, y).shape == (4, 5)


@pytest.mark.parametrize(("loc", "scale_tril"), [((3,), (2, 2)), ((2,), (2, 3)), ((), (2, 2))])
def test_sizes_must_agree(loc: tuple[int, ...], scale_tril: tuple[int, ...]) -> None:
    with pytest.raises(AssertionError, match="size n x n"):
        LowerCholeskyAffine(torch.ones(loc), torch.ones(scale_tril))
