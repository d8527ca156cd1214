"""The table of distribution families: one row earns a family all the laws of ``test_families.py``.

A row gives parameters in float64 and, where one exists, an independent reference for the density: a frozen scipy
distribution (``reference``) for univariate families, a function of the value (``log_density``) for the others. Rows of
related families stand in the modules ``table_*.py`` and are gathered here.
"""

from typing import Any

import numpy as np
import scipy.special as special
import scipy.stats as stats
import torch
from torch import Tensor

import pyro.distributions as dist
from pyro.distributions import transforms
from tests.distributions import (
    table_directional,
    table_discrete,
    table_hmm,
    table_processes,
    table_truncated,
)
from tests.distributions.case import Array, Case, rows, t


def _lkj(value: Array, dim: int, concentration: Any) -> Any:
    diagonal = np.diagonal(value)[1:]
    k = np.arange(1, dim)
    exponents = dim - 1 - k + 2 * (concentration - 1)
    log_volume = np.sum(k / 2 * np.log(np.pi) + special.gammaln(concentration + (dim - 1 - k) / 2)
                        - special.gammaln(concentration + (dim - 1) / 2))
    return np.sum(exponents * np.log(diagonal)) - log_volume


def _relaxed_one_hot(value: Array, temperature: Any, probs: Array) -> Any:
    size, p = len(probs), probs / probs.sum()
    log_weights = np.sum(np.log(p) - (temperature + 1) * np.log(value))
    log_total = np.log(np.sum(p * value**-temperature))
    return special.gammaln(size) + (size - 1) * np.log(temperature) + log_weights - size * log_total


def _relaxed_bernoulli(value: Array, temperature: Any, probs: Array) -> Array:
    weights = np.stack(np.broadcast_arrays(probs, 1 - probs), -1)
    values = np.stack([value, 1 - value], -1)
    return (np.log(temperature) + np.sum(np.log(weights) - (temperature + 1) * np.log(values), -1)
            - 2 * np.log(np.sum(weights * values**-temperature, -1)))


def _logit_normal(value: Array, loc: Array, scale: Array) -> Any:
    x = value[0]
    return stats.norm(loc[0], scale[0]).logpdf(special.logit(x)) - np.log(x * (1 - x))


def _continuous_bernoulli(value: Array, probs: Array) -> Array:
    log_const = np.log(2 * np.arctanh(1 - 2 * probs) / (1 - 2 * probs))
    return log_const + special.xlogy(value, probs) + special.xlog1py(1 - value, -probs)


def _categorical(value: Array, probs: Array) -> Any:
    return np.log(probs / probs.sum())[int(value)]


def _one_hot(value: Array, probs: Array) -> Any:
    return np.log(probs / probs.sum()) @ value


def _wishart(value: Array, df: Any, scale_tril: Array) -> Any:
    return stats.wishart.logpdf(value, df, scale_tril @ scale_tril.T)


def _wide(tensor: Tensor) -> Tensor:
    return tensor.expand(2, *tensor.shape).clone()


_REAL = float("nan")
_WEIGHTS = t([0.2, 0.3, 0.5], [0.7, 0.1, 0.2])
_TRIL = t([[1.0, 0.0], [0.5, 2.0]], [[0.3, 0.0], [-1.0, 1.0]])
_NO_MEAN = {"moments": "the mean or the variance is infinite or has no closed form"}
_NONZERO = dict.fromkeys(("vmap", "capture"), "only counts that are not zero are scored: how many depends on values")

CASES: list[Case] = [
    Case(dist.Bernoulli, {"probs": t(0.2, 0.9)}, lambda probs: stats.bernoulli(probs), bad={"probs": 1.5},
         outside=0.5),
    Case(dist.Bernoulli, {"logits": t(-2.0, 5.0)}, lambda logits: stats.bernoulli(special.expit(logits)), outside=2.0,
         label="logits"),
    Case(dist.Beta, {"concentration1": t(2.0, 0.7), "concentration0": t(3.0, 1.5)},
         lambda concentration1, concentration0: stats.beta(concentration1, concentration0),
         bad={"concentration1": -1.0, "concentration0": 0.0}, outside=1.5),
    Case(dist.Beta, {"concentration1": t(0.2, 500.0), "concentration0": t(30.0, 0.5)},
         lambda concentration1, concentration0: stats.beta(concentration1, concentration0), outside=-0.5,
         label="extreme", without={"gradients": "differences of the value leave the support"}),
    Case(dist.BetaBinomial,
         {"concentration1": t(2.0, 0.7), "concentration0": t(3.0, 1.5), "total_count": t(5.0, 5.0)},
         lambda concentration1, concentration0, total_count: stats.betabinom(
             total_count, concentration1, concentration0),
         bad={"concentration1": -1.0, "concentration0": 0.0, "total_count": -1.0}, outside=6.0),
    Case(dist.Binomial, {"total_count": t(5.0, 5.0), "probs": t(0.2, 0.9)},
         lambda total_count, probs: stats.binom(total_count, probs), bad={"probs": -0.5, "total_count": -1.0},
         outside=6.0),
    Case(dist.Binomial, {"total_count": 100, "logits": t(-4.0, 6.0)},
         lambda total_count, logits: stats.binom(total_count, special.expit(logits)), outside=0.5, label="logits"),
    Case(dist.Categorical, {"probs": _WEIGHTS}, log_density=rows(_categorical), bad={"probs": -1.0}, outside=3.0,
         without={"moments": "outcomes are labels, so torch has NaN for their moments"}),
    Case(dist.Cauchy, {"loc": t(0.0, 100.0), "scale": t(1.0, 0.01)}, stats.cauchy, bad={"scale": -1.0, "loc": _REAL},
         without=_NO_MEAN),
    Case(dist.Chi2, {"df": t(1.0, 7.5)}, lambda df: stats.chi2(df), bad={"df": 0.0}, outside=-1.0),
    Case(dist.ContinuousBernoulli, {"probs": t(0.1, 0.9)}, log_density=_continuous_bernoulli, bad={"probs": 2.0},
         outside=1.5),
    Case(dist.Dirichlet, {"concentration": t([1.0, 2.0, 3.0], [0.5, 5.0, 1.0])},
         log_density=rows(lambda x, concentration: stats.dirichlet.logpdf(x / x.sum(), concentration)),
         bad={"concentration": -1.0}, outside=0.5),
    Case(dist.DirichletMultinomial,
         {"concentration": t([1.0, 2.0, 3.0], [0.5, 5.0, 1.0]), "total_count": t(4.0, 4.0)},
         log_density=rows(lambda x, concentration, total_count: stats.dirichlet_multinomial.logpmf(
             x.astype(int), concentration, int(total_count))),
         bad={"concentration": -1.0, "total_count": -1.0}, outside=9.0),
    Case(dist.DirichletMultinomial,
         {"concentration": t([1.0, 2.0, 3.0], [0.5, 5.0, 1.0]), "total_count": 3, "is_sparse": True},
         log_density=rows(lambda x, concentration, total_count, is_sparse: stats.dirichlet_multinomial.logpmf(
             x.astype(int), concentration, total_count)), outside=9.0, label="sparse",
         without=_NONZERO),
    Case(dist.Exponential, {"rate": t(0.01, 20.0)}, lambda rate: stats.expon(scale=1 / rate), bad={"rate": -1.0},
         outside=-1.0),
    Case(dist.FisherSnedecor, {"df1": t(3.0, 10.0), "df2": t(12.0, 20.0)}, lambda df1, df2: stats.f(df1, df2),
         bad={"df1": -1.0, "df2": 0.0}, outside=-1.0),
    Case(dist.Gamma, {"concentration": t(2.0, 0.7), "rate": t(3.0, 0.1)},
         lambda concentration, rate: stats.gamma(concentration, scale=1 / rate),
         bad={"concentration": -1.0, "rate": 0.0}, outside=-1.0),
    Case(dist.Gamma, {"concentration": t(0.1, 1e4), "rate": t(1e-3, 1e3)},
         lambda concentration, rate: stats.gamma(concentration, scale=1 / rate), outside=-1.0, label="extreme",
         without={"gradients": "differences of a value near zero leave the support"}),
    Case(dist.GammaPoisson, {"concentration": t(2.0, 0.7), "rate": t(3.0, 0.1)},
         lambda concentration, rate: stats.nbinom(concentration, rate / (1 + rate)),
         bad={"concentration": -1.0, "rate": 0.0}, outside=-1.0),
    Case(dist.GeneralizedPareto, {"loc": t(0.0, 2.0), "scale": t(1.0, 0.5), "concentration": t(0.1, -0.5)},
         lambda loc, scale, concentration: stats.genpareto(concentration, loc, scale), bad={"scale": -1.0},
         outside=-1.0),
    Case(dist.Geometric, {"probs": t(0.2, 0.9)}, lambda probs: stats.geom(probs, loc=-1), bad={"probs": 0.0},
         outside=-1.0),
    Case(dist.Geometric, {"logits": t(-3.0, 4.0)}, lambda logits: stats.geom(special.expit(logits), loc=-1),
         outside=0.5, label="logits"),
    Case(dist.Gumbel, {"loc": t(0.0, -5.0), "scale": t(1.0, 3.0)}, stats.gumbel_r, bad={"scale": -1.0, "loc": _REAL}),
    Case(dist.HalfCauchy, {"scale": t(0.1, 5.0)}, lambda scale: stats.halfcauchy(scale=scale), bad={"scale": -1.0},
         outside=-1.0, without=_NO_MEAN),
    Case(dist.HalfNormal, {"scale": t(0.1, 5.0)}, lambda scale: stats.halfnorm(scale=scale), bad={"scale": -1.0},
         outside=-1.0),
    Case(dist.Independent, {"base_distribution": dist.Normal(torch.zeros(2, 3).double(), 2.0),
                            "reinterpreted_batch_ndims": 1},
         log_density=lambda value, **_: stats.norm(0, 2).logpdf(value).sum(-1)),
    Case(dist.InverseGamma, {"concentration": t(5.0, 8.0), "rate": t(3.0, 0.1)},
         lambda concentration, rate: stats.invgamma(concentration, scale=rate),
         bad={"concentration": -1.0, "rate": 0.0}, outside=-1.0),
    Case(dist.Kumaraswamy, {"concentration1": t(2.0, 0.7), "concentration0": t(3.0, 1.5)},
         log_density=lambda x, concentration1, concentration0: (
             np.log(concentration1 * concentration0) + (concentration1 - 1) * np.log(x)
             + (concentration0 - 1) * np.log1p(-(x**concentration1))),
         bad={"concentration1": -1.0, "concentration0": 0.0}, outside=1.5),
    Case(dist.LKJCholesky, {"dim": 3, "concentration": t(0.5, 3.0)}, log_density=rows(_lkj),
         bad={"concentration": -1.0}, outside=0.5,
         without={**_NO_MEAN, "unchecked": "torch's constructor checks an inner Beta, whatever it is told"}),
    Case(dist.Laplace, {"loc": t(0.0, 100.0), "scale": t(1.0, 0.01)}, stats.laplace,
         bad={"scale": -1.0, "loc": _REAL}),
    Case(dist.LogNormal, {"loc": t(0.0, -1.0), "scale": t(0.5, 0.1)},
         lambda loc, scale: stats.lognorm(scale, scale=np.exp(loc)), bad={"scale": -1.0, "loc": _REAL}, outside=-1.0),
    Case(dist.Logistic, {"loc": t(0.0, 100.0), "scale": t(1.0, 0.01)}, stats.logistic,
         bad={"scale": -1.0, "loc": _REAL}),
    Case(dist.LogisticNormal, {"loc": t([0.5], [-1.0]), "scale": t([1.0], [0.5])}, log_density=rows(_logit_normal),
         bad={"scale": -1.0, "loc": _REAL}, outside=0.3, without=_NO_MEAN),
    Case(dist.LowRankMultivariateNormal,
         {"loc": t([0.0, 1.0], [2.0, 3.0]), "cov_factor": t([[1.0], [2.0]], [[-1.0], [0.5]]),
          "cov_diag": t([1.0, 0.5], [0.1, 2.0])},
         log_density=rows(lambda x, loc, cov_factor, cov_diag: stats.multivariate_normal.logpdf(
             x, loc, cov_factor @ cov_factor.T + np.diag(cov_diag))), bad={"cov_diag": -1.0}),
    Case(dist.MixtureSameFamily,
         {"mixture_distribution": dist.Categorical(_wide(t(0.2, 0.8))),
          "component_distribution": dist.Normal(_wide(t(-1.0, 2.0)), 1.0)},
         log_density=lambda value, **_: np.log(0.2 * stats.norm(-1).pdf(value) + 0.8 * stats.norm(2).pdf(value))),
    Case(dist.Multinomial, {"total_count": 4, "probs": _WEIGHTS},
         log_density=rows(lambda x, total_count, probs: stats.multinomial.logpmf(x, total_count, probs)),
         bad={"probs": -1.0}, outside=9.0),
    Case(dist.MultivariateNormal, {"loc": t([0.0, 1.0], [2.0, 3.0]), "scale_tril": _TRIL},
         log_density=rows(lambda x, loc, scale_tril: stats.multivariate_normal.logpdf(
             x, loc, scale_tril @ scale_tril.T)), bad={"scale_tril": -1.0, "loc": _REAL}),
    Case(dist.MultivariateNormal, {"loc": t([0.0, 1.0], [2.0, 3.0]), "precision_matrix": _TRIL @ _TRIL.mT},
         log_density=rows(lambda x, loc, precision_matrix: stats.multivariate_normal.logpdf(
             x, loc, np.linalg.inv(precision_matrix))), label="precision",
         without={"gradients": "differences of single entries leave the symmetric matrices"}),
    Case(dist.NegativeBinomial, {"total_count": t(3.0, 0.5), "probs": t(0.2, 0.9)},
         lambda total_count, probs: stats.nbinom(total_count, 1 - probs), bad={"probs": 1.5, "total_count": -1.0},
         outside=-1.0),
    Case(dist.Normal, {"loc": t(0.0, 1e3), "scale": t(1.0, 1e-3)}, stats.norm, bad={"scale": -1.0, "loc": _REAL}),
    Case(dist.OneHotCategorical, {"probs": _WEIGHTS}, log_density=rows(_one_hot), bad={"probs": -1.0},
         outside=0.5),
    Case(dist.OneHotCategoricalStraightThrough, {"probs": _WEIGHTS}, log_density=rows(_one_hot), bad={"probs": -1.0},
         outside=0.5),
    Case(dist.Pareto, {"scale": t(1.0, 0.1), "alpha": t(5.0, 9.0)},
         lambda scale, alpha: stats.pareto(alpha, scale=scale), bad={"scale": -1.0, "alpha": 0.0}, outside=0.01),
    Case(dist.Poisson, {"rate": t(0.1, 1e3)}, lambda rate: stats.poisson(rate), bad={"rate": -1.0}, outside=0.5),
    Case(dist.Poisson, {"rate": t(0.1, 3.0), "is_sparse": True}, lambda rate, is_sparse: stats.poisson(rate),
         outside=-1.0, label="sparse", without=_NONZERO),
    Case(dist.RelaxedBernoulli, {"temperature": t(0.7), "probs": t(0.2, 0.6)}, log_density=_relaxed_bernoulli,
         bad={"probs": 1.5, "temperature": 0.0}, outside=1.5, without=_NO_MEAN),
    Case(dist.RelaxedOneHotCategorical, {"temperature": torch.tensor(0.7, dtype=torch.float64), "probs": _WEIGHTS},
         log_density=lambda value, temperature, probs: rows(
             lambda x, probs: _relaxed_one_hot(x, temperature, probs))(value, probs=probs),
         bad={"probs": -1.0, "temperature": 0.0}, outside=0.5, without=_NO_MEAN),
    Case(dist.StudentT, {"df": t(9.0, 30.0), "loc": t(0.0, 5.0), "scale": t(1.0, 0.1)}, stats.t,
         bad={"df": -1.0, "scale": -1.0, "loc": _REAL}),
    Case(dist.StudentT, {"df": t(0.5, 1.5)}, lambda df: stats.t(df), label="heavy tails", without=_NO_MEAN),
    Case(dist.TransformedDistribution,
         {"base_distribution": dist.Normal(t(0.0, -1.0), 0.5), "transforms": [transforms.ExpTransform()]},
         lambda **_: stats.lognorm(0.5, scale=np.exp([0.0, -1.0])), outside=-1.0, without=_NO_MEAN),
    Case(dist.Uniform, {"low": t(0.0, -5.0), "high": t(1.0, 100.0)}, lambda low, high: stats.uniform(low, high - low),
         bad={"low": 200.0}, outside=-6.0),
    Case(dist.VonMises, {"loc": t(0.0, -1.0), "concentration": t(0.5, 20.0)},
         lambda loc, concentration: stats.vonmises(concentration, loc), bad={"concentration": -1.0, "loc": _REAL},
         without={"moments": "torch's are those of the direction"}),
    Case(dist.Weibull, {"scale": t(1.0, 0.1), "concentration": t(0.8, 4.0)},
         lambda scale, concentration: stats.weibull_min(concentration, scale=scale),
         bad={"scale": -1.0, "concentration": 0.0}, outside=-1.0),
    Case(dist.Wishart, {"df": t(3.0, 5.5), "scale_tril": _TRIL}, log_density=rows(_wishart), bad={"scale_tril": -1.0},
         outside=-1.0, without={"gradients": "differences of single entries leave the symmetric matrices"}),
    *table_hmm.CASES,
    *table_directional.CASES,
    *table_discrete.CASES,
    *table_truncated.CASES,
    *table_processes.CASES,
]


def families_in_table() -> set[str]:
    """The names of the distribution classes that have a row."""
    return {case.family.__name__ for case in CASES}
