"""Rows of the table of families: truncation, censoring, hurdles, power laws and families by one parametrization."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special as special
import scipy.stats as stats

import pyro.distributions as dist
from tests.distributions.case import Array, Case, rows, t


@dataclass(frozen=True)
class Law:
    """As much of a frozen scipy distribution as a continuous family is compared with."""

    logpdf: Callable[[Array], Array]
    cdf: Callable[[Array], Array]


def _truncated(base: Any, low: Any = -np.inf, high: Any = np.inf) -> Law:
    """By differences of the cdf, or of its complement in the upper half."""

    def between(a: Any, b: Any) -> Any:
        return np.where(base.sf(a) < base.cdf(b), base.sf(a) - base.sf(b), base.cdf(b) - base.cdf(a))

    return Law(lambda x: base.logpdf(x) - np.log(between(low, high)), lambda x: between(low, x) / between(low, high))


def _power_law(alpha: Array, low: Array, high: Array) -> Law:
    def integral(a: Array, b: Array) -> Array:
        k = np.where(alpha == -1, 1.0, alpha + 1)
        return np.where(alpha == -1, np.log(b / a), (b**k - a**k) / k)

    return Law(lambda x: alpha * np.log(x) - np.log(integral(low, high)),
               lambda x: integral(low, x) / integral(low, high))


def _quantile_laplace(loc: Array, scale: Array, quantile: Array) -> Law:
    kappa = np.sqrt(quantile / (1 - quantile))
    law = stats.laplace_asymmetric(kappa, loc, scale / np.sqrt(quantile * (1 - quantile)))
    return Law(law.logpdf, law.cdf)


def _beta_negative_binomial(value: Array, concentration1: Array, concentration0: Array, n: Array) -> Array:
    return stats.betanbinom(n, concentration0, concentration1).logpmf(value)


def _censored(base: Any, tail: Callable[[Array], Array]) -> Callable[..., Array]:
    def log_density(value: Array, censored: Array, **_: Any) -> Array:
        return np.where(censored, tail(value), base.logpdf(value))

    return log_density


def _hurdle(base: Any, gate: Array) -> Callable[[Array], Array]:
    def log_density(value: Array) -> Array:
        is_discrete = hasattr(base, "pmf")
        positive = np.where(value == 0, 1.0, value)
        log_base = base.logpmf(value) - np.log1p(-base.pmf(0)) if is_discrete else base.logpdf(positive)
        return np.where(value == 0, np.log(gate), np.log1p(-gate) + log_base)

    return log_density


def _zero_inflated(value: Array, gate: Array) -> Array:
    return np.log(gate * (value == 0) + (1 - gate) * _POISSON.pmf(value))


_NORMAL = dist.Normal(t(0.5)[0], t(2.0)[0])
_NORMAL_LAW = stats.norm(0.5, 2.0)
_GAMMA = dist.Gamma(t(2.5)[0], t(0.5)[0])
_GAMMA_LAW = stats.gamma(2.5, scale=2.0)
_COUNT = dist.Poisson(t(1.5)[0])
_POISSON = stats.poisson(1.5)
_WEIGHTS = t([0.2, 0.3, 0.5], [0.7, 0.1, 0.2])
_REAL = float("nan")
_MIXED = {"gradients": "a point mass has no derivative in the value"}
_FLAGS = {"gradients": "the censoring is no real number", "parameters": "the censoring has no gradient"}
_INFINITE = {"moments": "the variance is infinite"}
_INTEGRALS = {"loop program": "a draw takes a dozen integrals, of thousands of operations: LLVM takes ten seconds"}

CASES: list[Case] = [
    # ---- truncation
    Case(dist.LeftTruncatedDistribution, {"base_dist": _NORMAL, "low": t(-1.0, 3.0)},
         lambda base_dist, low: _truncated(_NORMAL_LAW, low), bad={"low": _REAL}, outside=-2.0),
    Case(dist.LeftTruncatedDistribution, {"base_dist": _NORMAL, "low": t(30.5, 60.5)},
         lambda base_dist, low: stats.truncnorm((low - 0.5) / 2, np.inf, 0.5, 2.0), outside=-2.0, label="far"),
    Case(dist.RightTruncatedDistribution, {"base_dist": _NORMAL, "high": t(-3.0, 1.0)},
         lambda base_dist, high: _truncated(_NORMAL_LAW, high=high), bad={"high": _REAL}, outside=2.0),
    Case(dist.TwoSidedTruncatedDistribution, {"base_dist": _NORMAL, "low": t(-3.0, 1.0), "high": t(2.0, 1.5)},
         lambda base_dist, low, high: _truncated(_NORMAL_LAW, low, high), bad={"low": _REAL, "high": -4.0},
         outside=2.5),
    Case(dist.TwoSidedTruncatedDistribution,
         {"base_dist": dist.StudentT(t(3.0)[0], t(0.5)[0], t(2.0)[0]), "low": t(-30.0, 100.0),
          "high": t(0.0, 150.0)},
         lambda base_dist, low, high: _truncated(stats.t(3.0, 0.5, 2.0), low, high), outside=160.0, label="Student",
         without=_INTEGRALS),
    Case(dist.LeftTruncatedGamma, {"base_dist": _GAMMA, "low": t(1.0, 40.0)},
         lambda base_dist, low: _truncated(_GAMMA_LAW, low), bad={"low": -1.0}, outside=0.5, without=_INTEGRALS),
    Case(dist.RightTruncatedGamma, {"base_dist": _GAMMA, "high": t(0.01, 9.0)},
         lambda base_dist, high: _truncated(_GAMMA_LAW, high=high), bad={"high": 0.0}, outside=10.0,
         without={**_INTEGRALS, "gradients": "differences of a value near zero leave the support"}),
    Case(dist.TwoSidedTruncatedGamma, {"base_dist": _GAMMA, "low": t(1.0, 20.0), "high": t(9.0, 25.0)},
         lambda base_dist, low, high: _truncated(_GAMMA_LAW, low, high), bad={"low": -1.0, "high": 1.0},
         outside=30.0, without=_INTEGRALS),
    # ---- censoring
    Case(dist.LeftCensoredDistribution, {"base_dist": _NORMAL, "censored": t(0.0, 1.0)},
         log_density=_censored(_NORMAL_LAW, _NORMAL_LAW.logcdf), bad={"censored": 0.5}, without=_FLAGS),
    Case(dist.RightCensoredDistribution, {"base_dist": _GAMMA, "censored": t(0.0, 1.0)},
         log_density=_censored(_GAMMA_LAW, _GAMMA_LAW.logsf), bad={"censored": 0.5}, outside=-1.0,
         without=_FLAGS),
    Case(dist.IntervalCensoredDistribution,
         {"base_dist": _NORMAL, "left_censored": t(0.0, 1.0), "right_censored": t(0.0, 0.0)},
         log_density=lambda value, left_censored, **_: np.where(
             left_censored, _NORMAL_LAW.logcdf(value[..., 1]), _NORMAL_LAW.logpdf(value[..., 0])),
         bad={"left_censored": 0.5, "right_censored": 2.0}, without=_FLAGS),
    # ---- hurdles and zeros
    Case(dist.HurdleProbs, {"base_dist": _COUNT, "gate": t(0.2, 0.9)},
         log_density=lambda value, base_dist, gate: _hurdle(_POISSON, gate)(value), bad={"gate": 1.5}, outside=-1.0),
    Case(dist.HurdleProbs, {"base_dist": dist.NegativeBinomial2(t(3.0)[0], t(0.5)[0]), "gate": t(0.2, 0.9)},
         log_density=lambda value, base_dist, gate: _hurdle(stats.nbinom(0.5, 0.5 / 3.5), gate)(value), outside=0.5,
         label="negative-binomial"),
    Case(dist.HurdleProbs, {"base_dist": dist.Binomial(t(4.0)[0], t(0.1)[0]), "gate": t(0.2, 0.9)},
         log_density=lambda value, base_dist, gate: _hurdle(stats.binom(4, 0.1), gate)(value), outside=0.5,
         label="binomial"),
    Case(dist.HurdleLogits, {"base_dist": _COUNT, "gate_logits": t(-2.0, 30.0)},
         log_density=lambda value, base_dist, gate_logits: np.where(
             value == 0, special.log_expit(gate_logits),
             special.log_expit(-gate_logits) + _POISSON.logpmf(value) - np.log1p(-_POISSON.pmf(0))),
         bad={"gate_logits": _REAL}, outside=0.5),
    Case(dist.HurdlePoisson, {"gate": t(0.2, 0.9), "rate": t(1e-9, 30.0)},
         log_density=lambda value, gate, rate: np.where(
             value == 0, np.log(gate), np.log1p(-gate) + stats.poisson(rate).logpmf(value) - np.log(-np.expm1(-rate))),
         bad={"gate": -0.5, "rate": -1.0}, outside=0.5, label="extreme",
         without={"gradients": "differences of the rate leave the support"}),
    Case(dist.HurdleGamma, {"gate": t(0.2, 0.9), "concentration": t(2.0, 0.7), "rate": t(3.0, 0.1)},
         log_density=lambda value, gate, concentration, rate: _hurdle(
             stats.gamma(concentration, scale=1 / rate), gate)(value),
         bad={"gate": 1.5, "concentration": 0.0, "rate": -1.0}, outside=-1.0, without=_MIXED),
    Case(dist.HurdleLogNormal, {"gate": t(0.2, 0.9), "loc": t(0.0, -1.0), "scale": t(0.5, 0.1)},
         log_density=lambda value, gate, loc, scale: _hurdle(
             stats.lognorm(scale, scale=np.exp(loc)), gate)(value),
         bad={"gate": 1.5, "loc": _REAL, "scale": -1.0}, outside=-1.0, without=_MIXED),
    Case(dist.ZeroInflatedProbs, {"base_dist": _COUNT, "gate": t(0.2, 0.9)},
         log_density=lambda value, base_dist, gate: _zero_inflated(value, gate), bad={"gate": 1.5}, outside=0.5),
    Case(dist.ZeroInflatedLogits, {"base_dist": _COUNT, "gate_logits": t(-2.0, 3.0)},
         log_density=lambda value, base_dist, gate_logits: _zero_inflated(value, special.expit(gate_logits)),
         bad={"gate_logits": _REAL}, outside=-1.0),
    # ---- families of one formula
    Case(dist.LowerTruncatedPowerLaw, {"alpha": t(-7.5, -6.0), "low": t(1.0, 1e-3)},
         lambda alpha, low: stats.pareto(-alpha - 1, scale=low), bad={"alpha": -0.5, "low": -1.0}, outside=1e-4),
    Case(dist.DoublyTruncatedPowerLaw, {"alpha": t(-2.5, 3.0), "low": t(1.0, 0.1), "high": t(30.0, 2.0)},
         _power_law, bad={"alpha": _REAL, "low": -1.0, "high": 0.05}, outside=31.0),
    Case(dist.DoublyTruncatedPowerLaw, {"alpha": t(-1.0, -1.0 + 1e-6), "low": t(1.0, 0.5), "high": t(30.0, 2.0)},
         lambda alpha, low, high: stats.loguniform(low, high) if (alpha == -1).all() else _power_law(alpha, low, high),
         outside=31.0, label="flat"),
    Case(dist.DoublyTruncatedPowerLaw, {"alpha": t(-60.0, 80.0), "low": t(1.0, 0.0), "high": t(1e6, 2.0)},
         lambda alpha, low, high: Law(
             lambda x: np.where(alpha > 0, np.log(81 / 2) + 80 * np.log(x / 2), np.log(59) - 60 * np.log(x)),
             lambda x: np.where(alpha > 0, (x / 2)**81, 1 - x**-59.0)),
         outside=1e7, label="extreme"),
    Case(dist.DiscreteUniform, {"low": t(-2.0, -2.0), "high": t(7.0, 7.0)},
         lambda low, high: stats.randint(low, high + 1), bad={"low": 0.5, "high": -3.0}, outside=0.5,
         without={"gradients": "the ends are whole numbers"}),
    Case(dist.LogUniform, {"low": t(1e-3, 2.0), "high": t(10.0, 3.0)},
         lambda low, high: stats.loguniform(low, high), bad={"low": -1.0, "high": 1.0}, outside=11.0),
    Case(dist.Levy, {"loc": t(0.0, 5.0), "scale": t(1.0, 0.01)}, stats.levy, bad={"loc": _REAL, "scale": -1.0},
         outside=-1.0, without=_INFINITE),
    Case(dist.Gompertz, {"concentration": t(0.5, 20.0), "rate": t(2.0, 0.1)},
         lambda concentration, rate: stats.gompertz(concentration, scale=1 / rate),
         bad={"concentration": 0.0, "rate": -1.0}, outside=-1.0),
    Case(dist.Dagum, {"concentration": t(0.5, 3.0), "sharpness": t(5.0, 9.0), "scale": t(2.0, 0.1)},
         lambda concentration, sharpness, scale: stats.mielke(concentration * sharpness, sharpness, scale=scale),
         bad={"concentration": 0.0, "sharpness": -1.0, "scale": 0.0}, outside=-1.0),
    Case(dist.BetaProportion, {"mean": t(0.2, 0.7), "concentration": t(5.0, 300.0)},
         lambda mean, concentration: stats.beta(mean * concentration, (1 - mean) * concentration),
         bad={"mean": 1.5, "concentration": 0.0}, outside=1.5),
    Case(dist.BetaNegativeBinomial,
         {"concentration1": t(2.0, 0.7), "concentration0": t(9.0, 30.0), "n": t(3.0, 1.0)},
         log_density=_beta_negative_binomial, bad={"concentration1": 0.0, "concentration0": -1.0, "n": 0.0},
         outside=-1.0),
    Case(dist.NegativeBinomial2, {"mean": t(3.0, 50.0), "concentration": t(0.5, 20.0)},
         lambda mean, concentration: stats.nbinom(concentration, concentration / (concentration + mean)),
         bad={"mean": -1.0, "concentration": 0.0}, outside=0.5),
    Case(dist.AsymmetricLaplaceQuantile, {"loc": t(0.0, 5.0), "scale": t(1.0, 0.1), "quantile": t(0.5, 0.05)},
         _quantile_laplace, bad={"loc": _REAL, "scale": -1.0, "quantile": 1.0}),
    # ---- one parametrization each
    Case(dist.BernoulliProbs, {"probs": t(0.2, 0.9)}, lambda probs: stats.bernoulli(probs), bad={"probs": 1.5},
         outside=0.5),
    Case(dist.BernoulliLogits, {"logits": t(-2.0, 5.0)}, lambda logits: stats.bernoulli(special.expit(logits)),
         bad={"logits": _REAL}, outside=0.5),
    Case(dist.BinomialProbs, {"probs": t(0.2, 0.9), "total_count": t(5.0, 5.0)},
         lambda total_count, probs: stats.binom(total_count, probs), bad={"probs": -0.5, "total_count": -1.0},
         outside=6.0),
    Case(dist.BinomialLogits, {"logits": t(-1.0, 2.0), "total_count": 7},
         lambda total_count, logits: stats.binom(total_count, special.expit(logits)), bad={"logits": _REAL},
         outside=8.0),
    Case(dist.CategoricalProbs, {"probs": _WEIGHTS}, log_density=rows(lambda x, probs: np.log(probs)[int(x)]),
         bad={"probs": -1.0}, outside=3.0, without={"moments": "outcomes are labels, so their moments are NaN"}),
    Case(dist.CategoricalLogits, {"logits": _WEIGHTS},
         log_density=rows(lambda x, logits: special.log_softmax(logits)[int(x)]), bad={"logits": _REAL}, outside=3.0,
         without={"moments": "outcomes are labels, so their moments are NaN"}),
    Case(dist.GeometricProbs, {"probs": t(0.2, 0.9)}, lambda probs: stats.geom(probs, loc=-1), bad={"probs": -1.0},
         outside=-1.0),
    Case(dist.GeometricLogits, {"logits": t(-3.0, 4.0)}, lambda logits: stats.geom(special.expit(logits), loc=-1),
         bad={"logits": _REAL}, outside=0.5),
    Case(dist.MultinomialProbs, {"probs": _WEIGHTS, "total_count": 4},
         log_density=rows(lambda x, total_count, probs: stats.multinomial.logpmf(x, total_count, probs)),
         bad={"probs": -1.0}, outside=9.0),
    Case(dist.MultinomialLogits, {"logits": _WEIGHTS, "total_count": 4},
         log_density=rows(lambda x, total_count, logits: stats.multinomial.logpmf(
             x, total_count, special.softmax(logits))),
         bad={"logits": _REAL}, outside=9.0),
    Case(dist.NegativeBinomialProbs, {"total_count": t(3.0, 0.5), "probs": t(0.2, 0.9)},
         lambda total_count, probs: stats.nbinom(total_count, 1 - probs), bad={"probs": 1.5, "total_count": -1.0},
         outside=-1.0),
    Case(dist.NegativeBinomialLogits, {"total_count": t(3.0, 0.5), "logits": t(-1.0, 2.0)},
         lambda total_count, logits: stats.nbinom(total_count, special.expit(-logits)),
         bad={"logits": _REAL, "total_count": -1.0}, outside=-1.0),
    Case(dist.RelaxedBernoulliLogits, {"temperature": t(2.0)[0], "logits": t(0.0, -1.0)},
         log_density=lambda value, temperature, logits: (
             np.log(temperature) + logits - (temperature + 1) * (np.log(value) + np.log1p(-value))
             - 2 * np.log(np.exp(logits) * value**-temperature + (1 - value)**-temperature)),
         bad={"logits": _REAL}, outside=1.5, without={"moments": "they have no closed form"}),
]
