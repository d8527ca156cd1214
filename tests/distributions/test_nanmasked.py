"""NaN is integrated out: densities are marginal ones and gradients are finite."""

import itertools

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from pyro.distributions.nanmasked import NanMaskedMultivariateNormal, NanMaskedNormal

LOC = torch.tensor([0.0, 1.0, -2.0], dtype=torch.float64)
COVARIANCE = torch.tensor([[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 0.5]], dtype=torch.float64)
VALUE = torch.tensor([0.3, 0.2, -1.0], dtype=torch.float64)


@pytest.mark.parametrize("observed", list(itertools.product([False, True], repeat=3)))
@pytest.mark.parametrize("name", ["covariance_matrix", "precision_matrix", "scale_tril"])
def test_vectors_are_scored_by_their_marginal(name: str, observed: tuple[bool, ...]) -> None:
    matrix = {"covariance_matrix": COVARIANCE, "precision_matrix": COVARIANCE.inverse(),
              "scale_tril": torch.linalg.cholesky(COVARIANCE)}[name].requires_grad_()
    keep = torch.tensor(observed)
    value = torch.where(keep, VALUE, torch.nan).requires_grad_()
    log_prob = NanMaskedMultivariateNormal(LOC, **{name: matrix}).log_prob(value)
    expected = torch.zeros((), dtype=torch.float64)
    if keep.any():
        expected = MultivariateNormal(LOC[keep], COVARIANCE[keep][:, keep]).log_prob(VALUE[keep])
    torch.testing.assert_close(log_prob, expected)
    for gradient in torch.autograd.grad(log_prob, [matrix, value], allow_unused=False):
        assert gradient.isfinite().all()


def test_batches_mix_what_is_missing() -> None:
    value = torch.stack([VALUE, torch.tensor([torch.nan, 1.0, torch.nan], dtype=torch.float64)])
    d = NanMaskedMultivariateNormal(LOC, COVARIANCE)
    torch.testing.assert_close(d.log_prob(value), torch.stack([d.log_prob(row) for row in value]))
    assert d.expand([4, 2]).log_prob(value).shape == (4, 2)


def test_gradients_equal_differences() -> None:
    tril = torch.linalg.cholesky(COVARIANCE).requires_grad_()
    value = torch.where(torch.tensor([True, False, True]), VALUE, torch.nan)

    def log_prob(tril: Tensor) -> Tensor:
        return NanMaskedMultivariateNormal(LOC, scale_tril=tril.tril(), validate_args=False).log_prob(value)

    torch.autograd.gradcheck(log_prob, [tril])


def test_single_precision_keeps_what_the_factor_holds() -> None:
    """The covariance has a condition number of 1e10, more than a Cholesky decomposition in single precision bears."""
    tril = torch.tensor([[1.0, 0.0], [1.0, 1e-5]])
    log_prob = NanMaskedMultivariateNormal(torch.zeros(2), scale_tril=tril).log_prob(torch.tensor([1.0, 1.0]))
    expected = MultivariateNormal(torch.zeros(2).double(), scale_tril=tril.double()).log_prob(torch.ones(2).double())
    torch.testing.assert_close(log_prob.double(), expected, rtol=1e-5, atol=0)


def test_numbers_are_scored_where_they_are() -> None:
    loc = torch.zeros(2, requires_grad=True)
    value = torch.tensor([torch.nan, 1.0], requires_grad=True)
    log_prob = NanMaskedNormal(loc, 1.0).log_prob(value)
    torch.testing.assert_close(log_prob, torch.tensor([0.0, -1.4189385]))
    gradients = torch.autograd.grad(log_prob.sum(), [loc, value])
    assert [gradient.tolist() for gradient in gradients] == [[0.0, 1.0], [0.0, -1.0]]
