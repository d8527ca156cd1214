r"""Kullback-Leibler divergences :math:`KL(p \| q) = E_p[\log p(x) - \log q(x)]` for pairs that torch does not know."""

import torch
from torch import Tensor
from torch.distributions import (
    Distribution,
    MultivariateNormal,
    Normal,
    kl_divergence,
    register_kl,
)
from torch.distributions import Independent as TorchIndependent

from pyro.distributions.delta import Delta
from pyro.distributions.torch_distribution import ExpandedDistribution, Independent, MaskedDistribution
from pyro.distributions.util import broadcast_shape, scale_and_mask, sum_rightmost

__all__: list[str] = []


def _kl_delta(p: Delta, q: Distribution) -> Tensor:
    return p.log_density - q.log_prob(p.v)


def _kl_independent_independent(p: TorchIndependent[Distribution], q: TorchIndependent[Distribution]) -> Tensor:
    shared = min(p.reinterpreted_batch_ndims, q.reinterpreted_batch_ndims)
    return sum_rightmost(kl_divergence(_without_event(p, shared), _without_event(q, shared)), shared)


def _without_event(p: TorchIndependent[Distribution], count: int) -> Distribution:
    remaining = p.reinterpreted_batch_ndims - count
    return Independent(p.base_dist, remaining) if remaining else p.base_dist


def _kl_independent_mvn(p: TorchIndependent[Distribution], q: MultivariateNormal) -> Tensor:
    r"""With :math:`\Sigma_q = L L^\top`, half of
    :math:`\|L^{-1} \operatorname{diag}(\sigma_p)\|^2 + \|L^{-1} (\mu_p - \mu_q)\|^2 - n + 2 \log |L| / |\sigma_p|`."""
    normal = p.base_dist
    if not isinstance(normal, Normal) or p.reinterpreted_batch_ndims != 1:
        raise NotImplementedError(f"No KL(p || q) is known for p {p} and q {q}. Expected p to be "
                                  "Normal(...).to_event(1).")
    factor = q.scale_tril
    spread = torch.linalg.solve_triangular(factor, normal.scale.diag_embed(), upper=False)
    shift = torch.linalg.solve_triangular(factor, (normal.loc - q.loc).unsqueeze(-1), upper=False)
    quadratic = spread.square().sum((-2, -1)) + shift.square().sum((-2, -1)) - normal.loc.shape[-1]
    log_ratio = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1) - normal.scale.log().sum(-1)
    divergence: Tensor = 0.5 * quadratic + log_ratio
    return divergence


def _kl_masked_masked(p: MaskedDistribution, q: MaskedDistribution) -> Tensor:
    mask = p._mask if p._mask is q._mask else p._mask & q._mask
    return scale_and_mask(kl_divergence(p.base_dist, q.base_dist), mask=mask)


def _expand(divergence: Tensor, p: Distribution, q: Distribution) -> Tensor:
    return divergence.expand(broadcast_shape(tuple(p.batch_shape), tuple(q.batch_shape)))


def _kl_expanded(p: ExpandedDistribution, q: Distribution) -> Tensor:
    return _expand(kl_divergence(p.base_dist, q), p, q)


def _kl_any_expanded(p: Distribution, q: ExpandedDistribution) -> Tensor:
    return _expand(kl_divergence(p, q.base_dist), p, q)


for _p, _q, _divergence in (
    (Delta, Distribution, _kl_delta),
    (TorchIndependent, TorchIndependent, _kl_independent_independent),
    (TorchIndependent, MultivariateNormal, _kl_independent_mvn),
    (MaskedDistribution, MaskedDistribution, _kl_masked_masked),
    (ExpandedDistribution, Distribution, _kl_expanded),
    (Distribution, ExpandedDistribution, _kl_any_expanded),
    (ExpandedDistribution, ExpandedDistribution, _kl_any_expanded),  # this and the next would be ambiguous
    (Delta, ExpandedDistribution, _kl_any_expanded),
):
    register_kl(_p, _q)(_divergence)
