r"""Kullback-Leibler divergences :math:`KL(p \| q) = E_p[\log p(x) - \log q(x)]` for pairs that torch does not know."""

import math

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
from pyro.distributions.inverse_wishart import InverseWishart
from pyro.distributions.inverse_wishart_cholesky import InverseWishartCholesky
from pyro.distributions.matrix_normal import MatrixNormal
from pyro.distributions.scale_matrix import ScaleMatrix
from pyro.distributions.torch_distribution import ExpandedDistribution, Independent, MaskedDistribution
from pyro.distributions.util import broadcast_shape, scale_and_mask, sum_rightmost
from pyro.distributions.wishart_cholesky import WishartCholesky
from pyro.distributions.zero_sum_normal import ZeroSumNormal

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


def _kl_zero_sum_normal(p: ZeroSumNormal, q: ZeroSumNormal) -> Tensor:
    r"""Each of the m free dimensions has :math:`\log (\sigma_q / \sigma_p) + \sigma_p^2 / 2 \sigma_q^2 - 1/2`."""
    if p.event_shape != q.event_shape:
        raise ValueError("KL(p || q) of ZeroSumNormal needs the same event_shape, got "
                         f"{tuple(p.event_shape)} and {tuple(q.event_shape)}.")
    ratio = p.scale / q.scale
    divergence: Tensor = math.prod(size - 1 for size in p.event_shape) * (0.5 * (ratio.square() - 1) - ratio.log())
    return divergence


def _kl_matrix_normal(p: MatrixNormal, q: MatrixNormal) -> Tensor:
    r"""Half of :math:`\|A_q^{-1} A_p\|^2 \|B_q^{-1} B_p\|^2 + \|A_q^{-1} (M_p - M_q) B_q^{-\top}\|^2 - n m`, and
    :math:`m \log |A_q| / |A_p| + n \log |B_q| / |B_p|`."""
    n, m = p.event_shape
    row, row_log = _relative(p.scale_tril_row, q.scale_tril_row)
    column, column_log = _relative(p.scale_tril_column, q.scale_tril_column)
    shift = torch.linalg.solve_triangular(q.scale_tril_row, p.loc - q.loc, upper=False)
    shift = torch.linalg.solve_triangular(q.scale_tril_column, shift.mT, upper=False)
    divergence: Tensor = 0.5 * (row * column + shift.square().sum((-2, -1)) - n * m) + m * row_log + n * column_log
    return divergence


def _relative(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """The squared norm of one Cholesky factor seen from another, and the log ratio of their determinants."""
    square = torch.linalg.solve_triangular(q, p, upper=False).square().sum((-2, -1))
    return square, (q.diagonal(dim1=-2, dim2=-1).log() - p.diagonal(dim1=-2, dim2=-1).log()).sum(-1)


def _kl_wishart(p: torch.distributions.Wishart, q: torch.distributions.Wishart) -> Tensor:
    return _wishart_divergence(p.df, q.df, *_relative(p.scale_tril, q.scale_tril), p.event_shape[-1])


def _kl_wishart_cholesky(p: WishartCholesky, q: WishartCholesky) -> Tensor:
    """That of the matrices: a divergence does not change when both variables are mapped one to one."""
    relative = _relative(p.scale_tril, q.scale_tril)
    return _wishart_divergence(p.concentration, q.concentration, *relative, p.event_shape[-1])


def _kl_inverse_wishart(p: ScaleMatrix, q: ScaleMatrix) -> Tensor:
    """That of the inverses, which are Wishart with the inverse scales."""
    relative = _relative(q.scale_tril, p.scale_tril)
    return _wishart_divergence(p.concentration, q.concentration, *relative, p.event_shape[-1])


def _wishart_divergence(p_df: Tensor, q_df: Tensor, square: Tensor, log_ratio: Tensor, dim: int) -> Tensor:
    r"""With :math:`V = T T^\top`, :math:`\nu_q \log |T_q| / |T_p| + \nu_p (\|T_q^{-1} T_p\|^2 - K) / 2 +
    \log \Gamma_K(\nu_q / 2) / \Gamma_K(\nu_p / 2) + (\nu_p - \nu_q) \psi_K(\nu_p / 2) / 2`."""
    half_p, half_q = 0.5 * p_df, 0.5 * q_df
    steps = 0.5 * torch.arange(dim, dtype=half_p.dtype, device=half_p.device)
    digamma = torch.digamma(half_p.unsqueeze(-1) - steps).sum(-1)
    log_gammas = torch.special.multigammaln(half_q, dim) - torch.special.multigammaln(half_p, dim)
    divergence: Tensor = q_df * log_ratio + half_p * (square - dim) + log_gammas + (half_p - half_q) * digamma
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
    (ZeroSumNormal, ZeroSumNormal, _kl_zero_sum_normal),
    (MatrixNormal, MatrixNormal, _kl_matrix_normal),
    (torch.distributions.Wishart, torch.distributions.Wishart, _kl_wishart),
    (WishartCholesky, WishartCholesky, _kl_wishart_cholesky),
    (InverseWishart, InverseWishart, _kl_inverse_wishart),
    (InverseWishartCholesky, InverseWishartCholesky, _kl_inverse_wishart),
    (MaskedDistribution, MaskedDistribution, _kl_masked_masked),
    (ExpandedDistribution, Distribution, _kl_expanded),
    (Distribution, ExpandedDistribution, _kl_any_expanded),
    (ExpandedDistribution, ExpandedDistribution, _kl_any_expanded),  # this and the next would be ambiguous
    (Delta, ExpandedDistribution, _kl_any_expanded),
):
    register_kl(_p, _q)(_divergence)
