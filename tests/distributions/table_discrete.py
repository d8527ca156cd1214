"""Rows of the table of families: counts, zero inflation, coalescents, matchings and families of one formula."""

import itertools
from typing import Any

import numpy as np
import scipy.special as special
import scipy.stats as stats

import pyro.distributions as dist
from tests.distributions.case import Array, Case, rows, t


def _soft_asymmetric_laplace(value: Array, loc: Array, scale: Array, asymmetry: Array, softness: Array) -> Array:
    left, right, soft = scale * asymmetry, scale / asymmetry, scale * softness
    z = value - loc
    return np.logaddexp(
        np.log(right / (left + right)) + stats.exponnorm(right / soft, scale=soft).logpdf(z),
        np.log(left / (left + right)) + stats.exponnorm(left / soft, scale=soft).logpdf(-z),
    )


def _folded_normal(base_dist: Any) -> Any:
    loc, scale = base_dist.loc.numpy(), base_dist.scale.numpy()
    return stats.foldnorm(abs(loc) / scale, scale=scale)


def _negative_binomial(value: Array, total_count: Array, logits: Array) -> Array:
    return (special.gammaln(total_count + value) - special.gammaln(total_count) - special.gammaln(1 + value)
            + value * special.log_expit(logits) + total_count * special.log_expit(-logits))


def _log_normal_negative_binomial(
    value: Array, total_count: Array, logits: Array, multiplicative_noise_scale: Array, num_quad_points: int = 8
) -> Any:
    points, weights = np.polynomial.hermite_e.hermegauss(num_quad_points)
    terms = [np.log(weight / weights.sum()) + _negative_binomial(
        value, total_count, logits + multiplicative_noise_scale * point)
        for point, weight in zip(points, weights, strict=True)]
    return special.logsumexp(terms, axis=0)


def _ordered_logistic(value: Array, predictor: Array, cutpoints: Array) -> Any:
    edges = np.concatenate([[-np.inf], cutpoints - predictor, [np.inf]])
    low, high = edges[int(value)], edges[int(value) + 1]
    if low > 0:  # the upper tail has more digits
        low, high = -high, -low
    return np.log(special.expit(high) - special.expit(low))


def _inflated(value: Array, base: Array, gate: Array) -> Array:
    return np.log(gate * (value == 0) + (1 - gate) * np.exp(base))


def _empirical(value: Array, samples: Array, log_weights: Array) -> Any:
    matches = (samples == value).reshape(len(samples), -1).all(-1)
    return special.logsumexp(log_weights[matches]) - special.logsumexp(log_weights)


def _coalescent(value: Array, leaf_times: Array, rate: Any) -> float:
    """The log density event by event, backward."""
    events = sorted([(time, 1) for time in leaf_times] + [(time, -1) for time in value], reverse=True)
    lineages, before, total = 0, np.inf, 0.0
    for time, added in events:
        pairs = lineages * (lineages - 1) / 2
        total -= 0.0 if lineages == 0 else pairs * rate * (before - time)
        total += np.log(pairs * rate) if added < 0 else 0.0
        lineages, before = lineages + added, time
    return total


def _one_one_matching(value: Array, logits: Array) -> Any:
    size = len(logits)
    everything = [logits[range(size), p].sum() for p in itertools.permutations(range(size))]
    return logits[range(size), value].sum() - special.logsumexp(everything)


def _one_two_matching(value: Array, logits: Array) -> Any:
    size = len(logits)
    matchings = set(itertools.permutations([*range(size // 2)] * 2))
    return logits[range(size), value].sum() - special.logsumexp([logits[range(size), m].sum() for m in matchings])


def _spanning_tree(value: Array, edge_logits: Array, sampler_options: Any = None) -> Any:
    """The determinant of the Laplacian matrix without its last row and column."""
    size = len(value) + 1
    weights = np.zeros((size, size))
    weights.T[np.tril_indices(size, -1)] = np.exp(edge_logits)
    weights += weights.T
    laplacian = np.diag(weights.sum(0)) - weights
    return np.log(weights[value[:, 0], value[:, 1]]).sum() - np.linalg.slogdet(laplacian[:-1, :-1])[1]


_REAL = float("nan")
_TRIL = t([[1.0, 0.0], [0.5, 2.0]], [[0.3, 0.0], [-1.0, 1.0]])
_LABELS = {"moments": "outcomes are labels"}
_MISSING = {"support": "NaN is a missing value"}
_NO_MEAN = {"moments": "no closed form"}
_OVERFLOW = {"fit": "the reference's cdf overflows", "cdf": "the reference's cdf overflows"}
_LEAVES = t([0.0, 3.0, 2.5, 1.0], [0.5, 0.51, 0.52, 0.53])

CASES: list[Case] = [
    Case(dist.AsymmetricLaplace, {"loc": t(0.0, -1.0), "scale": t(1.0, 0.5), "asymmetry": t(0.5, 1.5)},
         lambda loc, scale, asymmetry: stats.laplace_asymmetric(asymmetry, loc, scale),
         bad={"loc": _REAL, "scale": -1.0, "asymmetry": 0.0}),
    Case(dist.AsymmetricLaplace, {"loc": t(1e3, 0.0), "scale": t(1e-3, 1e3), "asymmetry": t(30.0, 0.01)},
         lambda loc, scale, asymmetry: stats.laplace_asymmetric(asymmetry, loc, scale), label="extreme",
         without=_OVERFLOW),
    Case(dist.SoftAsymmetricLaplace,
         {"loc": t(0.0, -1.0), "scale": t(1.0, 0.5), "asymmetry": t(0.5, 1.5), "softness": t(0.3, 2.0)},
         log_density=_soft_asymmetric_laplace,
         bad={"loc": _REAL, "scale": -1.0, "asymmetry": 0.0, "softness": -1.0}),
    Case(dist.SoftAsymmetricLaplace,
         {"loc": t(0.0, 3.0), "scale": t(1.0, 1.0), "asymmetry": t(1.0, 20.0), "softness": t(1e-3, 1e3)},
         log_density=_soft_asymmetric_laplace, label="extreme"),
    Case(dist.SoftLaplace, {"loc": t(0.0, 100.0), "scale": t(1.0, 0.01)}, stats.hypsecant,
         bad={"loc": _REAL, "scale": -1.0}),
    Case(dist.SkewLogistic, {"loc": t(0.0, -1.0), "scale": t(1.0, 0.5), "asymmetry": t(0.5, 3.0)},
         lambda loc, scale, asymmetry: stats.genlogistic(asymmetry, loc, scale),
         bad={"loc": _REAL, "scale": -1.0, "asymmetry": 0.0}),
    Case(dist.SkewLogistic, {"loc": t(0.0, 0.0), "scale": t(1.0, 10.0), "asymmetry": t(0.01, 1e3)},
         lambda loc, scale, asymmetry: stats.genlogistic(asymmetry, loc, scale), label="extreme",
         without=_OVERFLOW),
    Case(dist.FoldedDistribution, {"base_dist": dist.Normal(t(0.5, -3.0), t(1.0, 0.5))}, _folded_normal,
         outside=-1.0, without=_NO_MEAN),
    Case(dist.MultivariateStudentT, {"df": t(9.0, 30.0), "loc": t([0.0, 1.0], [2.0, 3.0]), "scale_tril": _TRIL},
         log_density=rows(lambda x, df, loc, scale_tril: stats.multivariate_t.logpdf(
             x, loc, scale_tril @ scale_tril.T, df)),
         bad={"df": -1.0, "loc": _REAL, "scale_tril": -1.0}),
    Case(dist.MultivariateStudentT, {"df": t(0.3, 1.5), "loc": t([0.0, 0.0], [1e3, 0.0]), "scale_tril": 1e-3 * _TRIL},
         log_density=rows(lambda x, df, loc, scale_tril: stats.multivariate_t.logpdf(
             x, loc, scale_tril @ scale_tril.T, df)), label="heavy tails",
         without={"moments": "infinite", "gradients": "scales differ by too many orders of magnitude"}),
    Case(dist.NanMaskedNormal, {"loc": t(0.0, 1e3), "scale": t(1.0, 1e-3)}, stats.norm,
         bad={"scale": -1.0, "loc": _REAL}, without=_MISSING),
    Case(dist.NanMaskedMultivariateNormal, {"loc": t([0.0, 1.0], [2.0, 3.0]), "scale_tril": _TRIL},
         log_density=rows(lambda x, loc, scale_tril: stats.multivariate_normal.logpdf(
             x, loc, scale_tril @ scale_tril.T)), bad={"scale_tril": -1.0, "loc": _REAL}, without=_MISSING),
    Case(dist.ExtendedBinomial, {"total_count": t(5.0, 5.0), "probs": t(0.2, 0.9)},
         lambda total_count, probs: stats.binom(total_count, probs), bad={"probs": -0.5, "total_count": 0.5},
         outside=0.5),
    Case(dist.ExtendedBetaBinomial,
         {"concentration1": t(2.0, 0.7), "concentration0": t(3.0, 1.5), "total_count": t(5.0, 5.0)},
         lambda concentration1, concentration0, total_count: stats.betabinom(
             total_count, concentration1, concentration0),
         bad={"concentration1": -1.0, "concentration0": 0.0, "total_count": 0.5}, outside=0.5),
    Case(dist.LogNormalNegativeBinomial,
         {"total_count": t(3.0, 0.5), "logits": t(0.3, -1.0), "multiplicative_noise_scale": t(0.5, 0.2)},
         log_density=_log_normal_negative_binomial,
         bad={"total_count": -1.0, "logits": _REAL, "multiplicative_noise_scale": 0.0}, outside=-1.0),
    Case(dist.LogNormalNegativeBinomial,
         {"total_count": t(100.0, 1e-2), "logits": t(2.0, -3.0), "multiplicative_noise_scale": t(0.1, 1.0),
          "num_quad_points": 32}, log_density=_log_normal_negative_binomial, outside=0.5, label="extreme"),
    Case(dist.OrderedLogistic, {"predictor": t(0.0, 1.0), "cutpoints": t([-1.0, 0.0, 2.0], [0.5, 0.6, 3.0])},
         log_density=rows(_ordered_logistic), bad={"predictor": _REAL, "cutpoints": -5.0}, outside=4.0,
         without=_LABELS),
    Case(dist.OrderedLogistic, {"predictor": t(40.0, -40.0), "cutpoints": t([-1.0, 0.0, 2.0], [-39.0, 38.0, 39.0])},
         log_density=rows(_ordered_logistic), outside=0.5, label="extreme", without=_LABELS),
    Case(dist.ZeroInflatedDistribution, {"base_dist": dist.Binomial(4, t(0.3, 0.6)), "gate": t(0.3, 0.8)},
         log_density=lambda x, base_dist, gate: _inflated(x, stats.binom(4, base_dist.probs.numpy()).logpmf(x), gate),
         bad={"gate": 1.5}, outside=-1.0, without={"vmap": "the base is no tensor that is mapped"}),
    Case(dist.ZeroInflatedPoisson, {"rate": t(0.1, 10.0), "gate": t(0.3, 0.8)},
         log_density=lambda x, rate, gate: _inflated(x, stats.poisson(rate).logpmf(x), gate),
         bad={"rate": 0.0, "gate": -0.5}, outside=-1.0),
    Case(dist.ZeroInflatedPoisson, {"rate": t(0.1, 1e3), "gate_logits": t(-3.0, -30.0)},
         log_density=lambda x, rate, gate_logits: _inflated(
             x, stats.poisson(rate).logpmf(x), special.expit(gate_logits)),
         bad={"gate_logits": _REAL}, outside=0.5, label="logits"),
    Case(dist.ZeroInflatedNegativeBinomial, {"total_count": t(3.0, 0.5), "probs": t(0.2, 0.9), "gate": t(0.3, 0.8)},
         log_density=lambda x, total_count, probs, gate: _inflated(
             x, stats.nbinom(total_count, 1 - probs).logpmf(x), gate),
         bad={"total_count": -1.0, "probs": 1.5, "gate": 2.0}, outside=-1.0),
    Case(dist.Empirical, {"samples": t([[0.0, 1.0], [2.0, 1.0], [2.0, 1.0]], [[5.0, 5.0], [1.0, 5.0], [0.0, 0.0]]),
                          "log_weights": t([0.0, 1.0, 2.0], [800.0, 801.0, -800.0])},
         log_density=rows(_empirical),
         without={"gradients": "masses at points", "parameters": "masses at points",
                  "single": "digits of a log weight of 800 are lost",
                  "enumerate": "each element of the batch has its own support"}),
    Case(dist.CoalescentTimes, {"leaf_times": _LEAVES, "rate": t(0.5, 20.0)}, log_density=rows(_coalescent),
         bad={"leaf_times": _REAL, "rate": 0.0}, outside=5.0, without=_NO_MEAN),
    Case(dist.OneOneMatching, {"logits": t([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0], [-1.0, 0.0, 1.0]],
                                           [[60.0, 0.0, -9.0], [0.0, 0.0, 50.0], [-1.0, 40.0, 1.0]])},
         log_density=rows(_one_one_matching), bad={"logits": _REAL}, outside=1.0, without=_LABELS),
    Case(dist.OneTwoMatching, {"logits": t([[1.0, 0.0], [-1.0, 0.5], [2.0, 0.0], [-1.0, 0.0]],
                                           [[30.0, 0.0], [-1.0, 20.0], [2.0, 0.0], [-1.0, 0.0]])},
         log_density=rows(_one_two_matching), bad={"logits": _REAL}, outside=1.0, without=_LABELS),
    Case(dist.SpanningTree, {"edge_logits": t([0.1, 0.5, -1.0, 2.0, 0.0, 0.3], [9.0, -9.0, 5.0, -5.0, 0.0, 8.0])},
         log_density=rows(_spanning_tree), bad={"edge_logits": _REAL}, outside=-1.0, without=_LABELS),
]
