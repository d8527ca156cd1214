"""Divergences equal Monte Carlo estimates or closed forms."""

from typing import Any

import pytest
import torch
from torch.distributions import kl_divergence

import pyro.distributions as dist
from pyro.distributions import (  # importing the package registers the pairs
    Delta,
    Gamma,
    InverseWishart,
    InverseWishartCholesky,
    MatrixNormal,
    MultivariateNormal,
    Normal,
    WishartCholesky,
    ZeroSumNormal,
)
from pyro.distributions.torch_distribution import ExpandedDistribution, Independent

P = Normal(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([0.5, 1.0, 2.0]))
Q = Normal(torch.tensor([0.0, 0.0, 1.0]), torch.tensor([1.0, 2.0, 0.5]))
MASK = torch.tensor([True, False, True])


def test_delta_is_its_density_less_that_of_the_other() -> None:
    v = torch.tensor([0.5, 2.0])
    torch.testing.assert_close(kl_divergence(Delta(v), Normal(0.0, 1.0)), -Normal(0.0, 1.0).log_prob(v))
    torch.testing.assert_close(kl_divergence(Delta(v, 1.5), Normal(0.0, 1.0)), 1.5 - Normal(0.0, 1.0).log_prob(v))
    torch.testing.assert_close(
        kl_divergence(Delta(v, event_dim=1), Normal(torch.zeros(2), 1.0).to_event(1)),
        -Normal(0.0, 1.0).log_prob(v).sum(),
    )


@pytest.mark.parametrize(
    "p, q, copies",
    [
        (P.to_event(1), Q.to_event(1), 1),
        (Independent(P.expand([2, 3]).to_event(1), 1), Q.expand([2, 3]).to_event(2), 2),
        (P.expand([2, 3]).to_event(2), Independent(Q.expand([2, 3]).to_event(1), 1), 2),
        (torch.distributions.Independent(P, 1), Q.to_event(1), 1),
    ],
)
def test_independent_sums_over_the_event(p: Any, q: Any, copies: int) -> None:
    torch.testing.assert_close(kl_divergence(p, q), copies * kl_divergence(P, Q).sum())


def test_normal_against_multivariate_normal() -> None:
    generator = torch.Generator().manual_seed(0)
    factor = torch.randn(2, 3, 3, dtype=torch.float64, generator=generator).tril(-1) + torch.eye(3, dtype=torch.float64)
    q = MultivariateNormal(torch.zeros(3, dtype=torch.float64), scale_tril=factor)
    p = Normal(P.loc.double(), P.scale.double())
    full = MultivariateNormal(p.loc, scale_tril=p.scale.diag_embed())
    torch.testing.assert_close(kl_divergence(p.to_event(1), q), kl_divergence(full, q))
    with pytest.raises(NotImplementedError, match="to_event"):
        kl_divergence(Gamma(torch.ones(3), 1.0).to_event(1), q)


@pytest.mark.parametrize(
    "p_mask, q_mask, kept",
    [
        (True, True, [True] * 3),
        (MASK, True, [True, False, True]),
        (True, MASK, [True, False, True]),
        (MASK, torch.tensor([True, True, False]), [True, False, False]),
        (MASK, False, [False] * 3),
    ],
)
def test_masked_counts_what_both_count(p_mask: Any, q_mask: Any, kept: list[bool]) -> None:
    expected = kl_divergence(P, Q) * torch.tensor(kept)
    torch.testing.assert_close(kl_divergence(P.mask(p_mask), Q.mask(q_mask)), expected)


@pytest.mark.parametrize(
    "p, q",
    [
        (ExpandedDistribution(P, (4, 3)), Q),
        (P, ExpandedDistribution(Q, (4, 3))),
        (ExpandedDistribution(P, (4, 3)), ExpandedDistribution(Q, (4, 3))),
        (ExpandedDistribution(P, (1, 3)), ExpandedDistribution(Q, (4, 3))),
    ],
)
def test_expanded(p: Any, q: Any) -> None:
    assert torch.equal(kl_divergence(p, q), kl_divergence(P, Q).expand(4, 3))


def test_delta_against_expanded_is_not_ambiguous() -> None:
    v = torch.zeros(3)
    assert torch.equal(kl_divergence(Delta(v), ExpandedDistribution(Q, (4, 3))), -Q.log_prob(v).expand(4, 3))


def d(*values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


A, B = d([1.0, 0.0], [0.5, 2.0]), d([0.8, 0.0], [-0.3, 1.5])
C, D = d([1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [0.2, -1.0, 0.5]), 1.5 * torch.eye(3, dtype=torch.float64)
SCALED = [WishartCholesky, InverseWishart, InverseWishartCholesky]
PAIRS = [
    (dist.Wishart(d(3.0, 7.0), scale_tril=A), dist.Wishart(d(4.0), scale_tril=B)),
    *((family(d(3.0, 7.0), scale_tril=A), family(d(4.0), scale_tril=B)) for family in SCALED),
    (MatrixNormal(torch.zeros(2, 3).double(), A, C), MatrixNormal(torch.ones(2, 3).double(), B, D)),
    (ZeroSumNormal(d(0.5, 2.0), (3, 4)), ZeroSumNormal(d(1.0), (3, 4))),
]


@pytest.mark.parametrize("p, q", PAIRS, ids=lambda value: type(value).__name__)
def test_matrix_families_match_draws(p: Any, q: Any) -> None:
    torch.manual_seed(0)
    value = p.sample((20_000,))
    ratio = p.log_prob(value) - q.log_prob(value)
    divergence = kl_divergence(p, q)
    assert divergence.shape == p.batch_shape
    assert (abs(ratio.mean(0) - divergence) <= 5 * ratio.std(0) / len(value) ** 0.5).all()
    torch.testing.assert_close(kl_divergence(q, q), torch.zeros_like(kl_divergence(q, q)))


def test_zero_sum_normals_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="same event_shape"):
        kl_divergence(ZeroSumNormal(1.0, (3,)), ZeroSumNormal(1.0, (4,)))
