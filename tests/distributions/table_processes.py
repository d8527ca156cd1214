"""Rows of the table of families: random walks, copulas, matrix and zero-sum families."""

from typing import Any

import numpy as np
import scipy.special as special
import scipy.stats as stats
import torch
from torch import Tensor

import pyro.distributions as dist
from tests.distributions.case import Array, Case, rows, t

_TRIL = t([[1.0, 0.0], [0.5, 2.0]], [[0.3, 0.0], [-1.0, 1.0]])
_SCALE = _TRIL @ _TRIL.mT
_COLUMN = t([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [0.2, -1.0, 0.5]], [[0.1, 0.0, 0.0], [0.0, 30.0, 0.0], [5.0, 0.0, 1.0]])
_SYMMETRIC = {"gradients": "differences of single entries leave the symmetric matrices"}
_CORRELATION = t([[1.0, 0.8], [0.8, 1.0]], [[1.0, -0.3], [-0.3, 1.0]])


def _wide(tensor: Tensor) -> Tensor:
    return tensor.expand(2, *tensor.shape).clone()


def _log_volume(factor: Array) -> Any:
    """The logarithm of the change of volume from a Cholesky factor to the matrix."""
    n = len(factor)
    return n * np.log(2) + np.sum(np.arange(n, 0, -1) * np.log(np.diagonal(factor)))


# The references for factors do not form the matrices, which would square their condition.


def _normalizer(concentration: Any, dim: int) -> Any:
    return concentration * dim / 2 * np.log(2) + special.multigammaln(concentration / 2, dim)


def _wishart_cholesky(value: Array, concentration: Any, scale_tril: Array) -> Any:
    dim, square = len(value), np.sum(np.linalg.solve(scale_tril, value) ** 2)
    log_value, log_scale = (np.sum(np.log(np.diagonal(factor))) for factor in (value, scale_tril))
    log_density = (concentration - dim - 1) * log_value - square / 2 - concentration * log_scale
    return log_density - _normalizer(concentration, dim) + _log_volume(value)


def _inverse_wishart(value: Array, concentration: Any, scale_tril: Array) -> Any:
    return stats.invwishart.logpdf(value, concentration, scale_tril @ scale_tril.T)


def _inverse_wishart_cholesky(value: Array, concentration: Any, scale_tril: Array) -> Any:
    dim, square = len(value), np.sum(np.linalg.solve(value, scale_tril) ** 2)
    log_value, log_scale = (np.sum(np.log(np.diagonal(factor))) for factor in (value, scale_tril))
    log_density = concentration * log_scale - (concentration + dim + 1) * log_value - square / 2
    return log_density - _normalizer(concentration, dim) + _log_volume(value)


def _matrix_normal(value: Array, loc: Array, scale_tril_row: Array, scale_tril_column: Array) -> Any:
    return stats.matrix_normal.logpdf(value, loc, scale_tril_row @ scale_tril_row.T,
                                      scale_tril_column @ scale_tril_column.T)


def _zero_sum(value: Array, scale: Any, event_shape: tuple[int, ...]) -> Any:
    """The density on an orthonormal basis of the arrays that sum to zero along each dimension."""
    basis = np.ones((1, 1))
    for size in event_shape:
        basis = np.kron(basis, np.linalg.svd(np.ones((1, size)))[2][1:])
    return stats.norm(0, scale).logpdf(basis @ value.reshape(-1)).sum()


def _copula(marginals: Any, value: Array, correlation: Array) -> Any:
    z = np.where(marginals.cdf(value) < 0.5, stats.norm.ppf(marginals.cdf(value)), stats.norm.isf(marginals.sf(value)))
    joint = stats.multivariate_normal.logpdf(z, np.zeros(len(z)), correlation)
    return joint + np.sum(marginals.logpdf(value) - stats.norm.logpdf(z))


def _copula_beta(value: Array, concentration1: Array, concentration0: Array, correlation_matrix: Array) -> Any:
    return _copula(stats.beta(concentration1, concentration0), value, correlation_matrix)


def _mixture(value: Array, **_: Any) -> Array:
    near, far = stats.norm(-1, 1).logpdf(value), stats.laplace(2, 0.5).logpdf(value)
    return np.logaddexp(np.log(0.2) + near, np.log(0.8) + far)


def _mixture_of_supports(value: Array, **_: Any) -> Array:
    positive = np.where(value > 0, stats.gamma(2, scale=1 / 3).logpdf(np.abs(value)), -np.inf)
    return np.logaddexp(np.log(0.2) + stats.norm(-1, 1).logpdf(value), np.log(0.8) + positive)


def _mixture_of_vectors(value: Array, **_: Any) -> Any:
    near = stats.multivariate_normal.logpdf(value, np.zeros(2), np.eye(2))
    far = stats.laplace(5, 2).logpdf(value).sum(-1)
    return special.logsumexp([np.log(0.2) + near, np.log(0.8) + far], axis=0)


_WEIGHTS = dist.Categorical(_wide(t(0.2, 0.8)))
_MARGINALS = {"vmap": "the marginals are no tensor that is mapped", "infer_shapes": "the event shape is no tensor's"}
_NO_INFERENCE = {"infer_shapes": "the event shape is no tensor's"}

CASES: list[Case] = [
    Case(dist.WishartCholesky, {"concentration": t(3.0, 5.5), "scale_tril": _TRIL}, log_density=rows(_wishart_cholesky),
         bad={"concentration": 0.5, "scale_tril": -1.0}, outside=-1.0),
    Case(dist.WishartCholesky, {"concentration": t(1.2, 5e3), "scale_matrix": _SCALE},
         log_density=rows(lambda x, concentration, scale_matrix: _wishart_cholesky(
             x, concentration, np.linalg.cholesky(scale_matrix))),
         bad={"scale_matrix": -50.0}, outside=-1.0, label="extreme", without=_SYMMETRIC),
    Case(dist.InverseWishartCholesky, {"concentration": t(7.0, 9.5), "scale_tril": _TRIL},
         log_density=rows(_inverse_wishart_cholesky), bad={"concentration": 1.0, "scale_tril": -1.0}, outside=-1.0),
    Case(dist.InverseWishartCholesky, {"concentration": t(1.2, 5e3), "rate_matrix": _SCALE},
         log_density=rows(lambda x, concentration, rate_matrix: _inverse_wishart_cholesky(
             x, concentration, np.linalg.cholesky(np.linalg.inv(rate_matrix)))),
         bad={"rate_matrix": -50.0}, outside=-1.0, label="extreme",
         without={**_SYMMETRIC, "moments": "they are infinite"}),
    Case(dist.InverseWishart, {"concentration": t(9.0, 12.5), "scale_tril": _TRIL}, log_density=rows(_inverse_wishart),
         bad={"concentration": 1.0, "scale_tril": -1.0}, outside=-1.0,
         without=_SYMMETRIC),
    Case(dist.InverseWishart, {"concentration": t(2.5, 5e3), "scale_matrix": _SCALE},
         log_density=rows(lambda x, concentration, scale_matrix: _inverse_wishart(
             x, concentration, np.linalg.cholesky(scale_matrix))),
         bad={"scale_matrix": -50.0}, outside=-1.0, label="extreme",
         without={**_SYMMETRIC, "moments": "they are infinite"}),
    Case(dist.MatrixNormal,
         {"loc": t([[0.0, 1.0, 2.0], [-5.0, 0.0, 1e3]], [[0.0] * 3] * 2), "scale_tril_row": _TRIL,
          "scale_tril_column": _COLUMN},
         log_density=rows(_matrix_normal),
         bad={"loc": float("nan"), "scale_tril_row": -1.0, "scale_tril_column": -1.0}),
    Case(dist.ZeroSumNormal, {"scale": t(1.0, 1e-3), "event_shape": (4,)},
         log_density=lambda value, scale, event_shape: rows(
             lambda x, scale: _zero_sum(x, scale, event_shape))(value, scale=scale),
         bad={"scale": -1.0}, outside=1.0, without=_NO_INFERENCE),
    Case(dist.ZeroSumNormal, {"scale": t(0.5, 1e3), "event_shape": (3, 4)},
         log_density=lambda value, scale, event_shape: rows(
             lambda x, scale: _zero_sum(x, scale, event_shape))(value, scale=scale),
         outside=1.0, label="matrix", without=_NO_INFERENCE),
    Case(dist.GaussianCopula,
         {"marginal_dist": dist.Exponential(t([0.1, 1.0], [5.0, 200.0])), "correlation_matrix": _CORRELATION},
         log_density=lambda value, marginal_dist, correlation_matrix: rows(
             lambda x, rate, r: _copula(stats.expon(scale=1 / rate), x, r))(
                 value, rate=marginal_dist.rate.numpy(), r=correlation_matrix),
         bad={"correlation_matrix": 2.0}, outside=-1.0, without={**_SYMMETRIC, **_MARGINALS}),
    Case(dist.GaussianCopula,
         {"marginal_dist": dist.Normal(t([0.0, 1.0], [-3.0, 50.0]), 2.0),
          "correlation_cholesky": torch.linalg.cholesky(_CORRELATION).contiguous()},
         log_density=lambda value, marginal_dist, correlation_cholesky: rows(
             lambda x, loc, r: _copula(stats.norm(loc, 2.0), x, r @ r.T))(
                 value, loc=marginal_dist.loc.numpy(), r=correlation_cholesky),
         bad={"correlation_cholesky": 2.0}, label="normal", without=_MARGINALS),
    Case(dist.GaussianCopulaBeta,
         {"concentration1": t([2.0, 0.7], [1.0, 30.0]), "concentration0": t([3.0, 1.5], [0.5, 20.0]),
          "correlation_matrix": _CORRELATION},
         log_density=rows(_copula_beta), bad={"concentration1": -1.0, "concentration0": 0.0}, outside=1.5,
         without={**_SYMMETRIC, "moments": "they are the marginals', and each draw costs a dozen integrals",
                  "loop program": "these integrals are two thousand operations, which LLVM takes ten seconds for"}),
    Case(dist.MixtureGeneral,
         {"mixing_distribution": _WEIGHTS, "component_distributions": [
             dist.Normal(t(-1.0, -1.0), 1.0), dist.Laplace(t(2.0, 2.0), 0.5)]},
         log_density=_mixture),
    Case(dist.MixtureGeneral,
         {"mixing_distribution": _WEIGHTS, "support": dist.constraints.real, "component_distributions": [
             dist.Normal(t(-1.0, -1.0), 1.0), dist.Gamma(t(2.0, 2.0), 3.0)]},
         log_density=_mixture_of_supports, label="supports"),
    Case(dist.MixtureGeneral,
         {"mixing_distribution": _WEIGHTS, "component_distributions": [
             dist.MultivariateNormal(torch.zeros(2, 2).double(), torch.eye(2).double()),
             dist.Laplace(torch.full((2, 2), 5.0).double(), 2.0).to_event(1)]},
         log_density=_mixture_of_vectors, label="vectors"),
]
