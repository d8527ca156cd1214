"""Rows of the table of families: directional, stable, mixture and rejection families."""

import math
from typing import Any

import numpy as np
import scipy.integrate as integrate
import scipy.special as special
import scipy.stats as stats
import torch

import pyro.distributions as dist
from tests.distributions.case import Array, Case, rows, t


def _stable(value: Any, stability: Any, skew: Any, scale: Any = 1.0, loc: Any = 0.0, coords: str = "S0") -> Any:
    """The inverse Fourier transform of the characteristic function."""
    a, b = float(stability), float(skew)
    tan = math.tan(math.pi * a / 2) if a != 1 else 0.0
    if coords == "S":
        loc = loc + b * scale * (tan if a != 1 else 2 / math.pi * math.log(scale))
    z = float((value - loc) / scale)

    def integrand(s: float) -> float:
        phase = b * tan * (s**a - s) if a != 1 else -b * 2 / math.pi * special.xlogy(s, s)
        return math.exp(-(s**a)) * math.cos(phase - z * s)

    integral, _ = integrate.quad(integrand, 0, 45 ** (1 / a), epsabs=1e-13, epsrel=1e-11, limit=5000)
    return math.log(integral / math.pi / scale)


def _projected_normal(x: Array, concentration: Array) -> Any:
    n = len(x)
    t, across = x @ concentration, concentration - (x @ concentration) * x
    radial = lambda r: r ** (n - 1) * math.exp(-((r - max(t, 0)) ** 2 / 2) + (r * min(t, 0)))
    integral, _ = integrate.quad(radial, 0, max(t, 0) + 40, epsabs=0, epsrel=1e-13, points=[max(t, 1)], limit=500)
    return math.log(integral) - min(t, 0) ** 2 / 2 - n / 2 * math.log(2 * math.pi) - across @ across / 2


def _von_mises_3d(x: Array, concentration: Array) -> Any:
    return stats.vonmises_fisher.logpdf(x, concentration / np.linalg.norm(concentration),
                                        np.linalg.norm(concentration))


def _sine_bivariate(x: Array, phi_loc: Any, psi_loc: Any, phi_concentration: Any, psi_concentration: Any,
                    correlation: Any) -> Any:
    log_scaled = lambda phi, psi: (phi_concentration * np.cos(phi) + psi_concentration * np.cos(psi)
                                   + correlation * np.sin(phi) * np.sin(psi))
    nodes = np.linspace(-np.pi, np.pi, 600, endpoint=False)
    grid = log_scaled(nodes[:, None], nodes)
    log_volume = special.logsumexp(grid) + 2 * np.log(2 * np.pi / 600)
    return log_scaled(x[0] - phi_loc, x[1] - psi_loc) - log_volume


def _sine_skewed(x: Array, base_dist: Any, skewness: Array) -> Any:
    return stats.vonmises(2.0, [0.0, 1.0]).logpdf(x).sum() + np.log1p(skewness @ np.sin(x - [0.0, 1.0]))


def _polya_gamma(value: Array, prototype: Array) -> Array:
    # both series at once agree near 1/6; of each the terms that count
    n = np.arange(40)
    x = value[..., None]
    small = ((-1) ** n * (2 * n + 1) / np.sqrt(2 * np.pi * x**3) * np.exp(-((2 * n + 1) ** 2) / (8 * x))).sum(-1)
    large = (4 * np.pi * (-1) ** n * (n + 0.5) * np.exp(-2 * np.pi**2 * (n + 0.5) ** 2 * x)).sum(-1)
    tail = 4 / np.pi * np.exp(-np.pi**2 * 2.5 / 2)
    return np.log(np.where(value < 0.3, small, large)) - np.log1p(-tail)


def _normal_mixture(x: Array, locs: Array, coord_scale: Array, component_logits: Array) -> Any:
    scale = np.broadcast_to(coord_scale, locs.shape)
    return special.logsumexp(stats.norm(locs, scale).logpdf(x).sum(-1) + special.log_softmax(component_logits))


def _scale_mixture(x: Array, coord_scale: Array, component_logits: Array, component_scale: Array) -> Any:
    scale = component_scale[:, None] * coord_scale
    return special.logsumexp(stats.norm(0, scale).logpdf(x).sum(-1) + special.log_softmax(component_logits))


def _masked(value: Array, mask: Array, **_: Any) -> Array:
    return np.where(mask, stats.gamma(3.0, scale=0.5).logpdf(value), stats.norm(2.0, 0.5).logpdf(value))


def _lkj(x: Array, dim: int, concentration: Any) -> Any:
    k = np.arange(1, dim)
    log_volume = np.sum(k / 2 * np.log(np.pi) + special.gammaln(concentration + (dim - 1 - k) / 2)
                        - special.gammaln(concentration + (dim - 1) / 2))
    return (concentration - 1) * np.linalg.slogdet(x)[1] - log_volume


def _relaxed_bernoulli(value: Array, temperature: Any, probs: Array) -> Array:
    weights = np.stack(np.broadcast_arrays(probs, 1 - probs), -1)
    values = np.stack([value, 1 - value], -1)
    return (np.log(temperature) + np.sum(np.log(weights) - (temperature + 1) * np.log(values), -1)
            - 2 * np.log(np.sum(weights * values**-temperature, -1)))


def _relaxed_one_hot(value: Array, temperature: Any, probs: Array) -> Any:
    p, size = probs / probs.sum(-1, keepdims=True), probs.shape[-1]
    log_weights = np.sum(np.log(p) - (temperature + 1) * np.log(value), -1)
    log_total = np.log(np.sum(p * value**-temperature, -1))
    return special.gammaln(size) + (size - 1) * np.log(temperature) + log_weights - size * log_total


_REAL = float("nan")
_TRIL = t([[1.0, 0.0], [0.5, 2.0]], [[0.3, 0.0], [-1.0, 1.0]])
_LOCS = t([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]], [[-3.0, 0.0], [3.0, 0.0], [0.0, 8.0]])
_SCALES = t([[1.0, 0.5], [0.3, 2.0], [1.0, 1.0]], [[1.0, 1.0], [0.1, 3.0], [2.0, 0.2]])
_LOGITS = t([0.0, 1.0, -1.0], [2.0, 0.0, 0.5])
_NO_MEAN = {"moments": "the mean or the variance is infinite or has no closed form"}
_NO_PARAMETERS = {"parameters": "no tensor among its arguments is a parameter of the density"}
_ROUNDED = {**_NO_MEAN, "base": "draws are rounded"}
_SPHERE = {"moments": "the mean is that on the sphere"}
_DIRECTION = {"moments": "the mean is that of the directions"}
_MVN = rows(lambda x, loc, scale_tril, control_var=None: stats.multivariate_normal.logpdf(
    x, loc, scale_tril @ scale_tril.T))
_FLAT = {"base_dist": dist.VonMises(t(0.0, 1.0), t(2.0)).to_event(1).expand([2])}
_INTEGRAL = {"loop program": "the density is an integral, of two thousand operations: LLVM would take too long"}

CASES: list[Case] = [
    Case(dist.AffineBeta,
         {"concentration1": t(2.0, 1.7), "concentration0": t(3.0, 1.5), "loc": t(0.0, -5.0), "scale": t(2.0, 0.1)},
         lambda concentration1, concentration0, loc, scale: stats.beta(concentration1, concentration0, loc, scale),
         bad={"concentration1": -1.0, "concentration0": 0.0, "scale": 0.0}, outside=3.0),
    Case(dist.AVFMultivariateNormal,
         {"loc": t([0.0, 1.0], [2.0, 3.0]), "scale_tril": _TRIL,
          "control_var": torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(2, 2, 3, 2)},
         log_density=_MVN, bad={"scale_tril": -1.0, "loc": _REAL},
         without={"gradients": "the density does not depend on the control variables"}),
    Case(dist.GaussianScaleMixture,
         {"coord_scale": t([1.0, 2.0], [0.1, 1.0]), "component_logits": _LOGITS,
          "component_scale": t([1.0, 2.0, 0.5], [0.01, 3.0, 1.0])}, log_density=rows(_scale_mixture),
         bad={"coord_scale": 0.0, "component_scale": -1.0}),
    Case(dist.LKJ, {"dim": 3, "concentration": t(1.5, 3.0)}, log_density=rows(_lkj), bad={"concentration": -1.0},
         outside=0.5, without={**_NO_MEAN, "gradients": "differences of single entries leave the symmetric matrices",
                               "infer_shapes": "the event has the size of dim, which is no shape"}),
    Case(dist.MaskedMixture,
         {"mask": torch.tensor([True, False]), "component0": dist.Normal(t(2.0, 2.0), 0.5),
          "component1": dist.Gamma(t(3.0, 3.0), 2.0)}, log_density=_masked, outside=_REAL,
         without={"gradients": "its parameters are the components'", "flags": "its parameters are the components'",
                  "vmap": "the components are not mapped over", **_NO_PARAMETERS,
                  "infer_shapes": "the components are no tensors"}),
    Case(dist.MixtureOfDiagNormals, {"locs": _LOCS, "coord_scale": _SCALES, "component_logits": _LOGITS},
         log_density=rows(_normal_mixture), bad={"coord_scale": 0.0, "locs": _REAL}),
    Case(dist.MixtureOfDiagNormalsSharedCovariance,
         {"locs": _LOCS, "coord_scale": t([1.0, 0.5], [0.1, 2.0]), "component_logits": _LOGITS},
         log_density=rows(_normal_mixture), bad={"coord_scale": 0.0, "locs": _REAL}),
    Case(dist.OMTMultivariateNormal, {"loc": t([0.0, 1.0], [2.0, 3.0]), "scale_tril": _TRIL}, log_density=_MVN,
         bad={"scale_tril": -1.0, "loc": _REAL}),
    Case(dist.ProjectedNormal, {"concentration": t([0.0, 0.0], [3.0, -4.0])}, log_density=rows(_projected_normal),
         bad={"concentration": _REAL}, outside=0.5, without=_SPHERE),
    Case(dist.ProjectedNormal, {"concentration": t([1.0, 2.0, -1.0, 0.5, 0.0], [30.0, 0.0, 0.0, -40.0, 0.0])},
         log_density=rows(_projected_normal), outside=0.5, without=_SPHERE, label="five dimensions"),
    Case(dist.RelaxedBernoulliStraightThrough, {"temperature": t(0.7), "probs": t(0.2, 0.6)},
         log_density=_relaxed_bernoulli, bad={"probs": 1.5, "temperature": 0.0}, outside=1.5, without=_ROUNDED),
    Case(dist.RelaxedOneHotCategoricalStraightThrough,
         {"temperature": torch.tensor(0.7, dtype=torch.float64), "probs": t([0.2, 0.3, 0.5], [0.7, 0.1, 0.2])},
         log_density=_relaxed_one_hot, bad={"probs": -1.0, "temperature": 0.0}, outside=0.5, without=_ROUNDED),
    Case(dist.SineBivariateVonMises,
         {"phi_loc": t(0.0, 1.0), "psi_loc": t(-1.0, 0.5), "phi_concentration": t(2.0, 50.0),
          "psi_concentration": t(3.0, 20.0), "correlation": t(1.5, -25.0)}, log_density=rows(_sine_bivariate),
         bad={"phi_concentration": -1.0, "psi_concentration": 0.0, "phi_loc": _REAL}, without=_DIRECTION),
    Case(dist.SineBivariateVonMises,
         {"phi_loc": t(0.0, 1.0), "psi_loc": t(-1.0, 0.5), "phi_concentration": t(2.0, 1e-3),
          "psi_concentration": t(3.0, 30.0), "correlation": t(20.0, 0.0)}, log_density=rows(_sine_bivariate),
         label="two modes", without=_DIRECTION),
    Case(dist.SineSkewed, {"base_dist": _FLAT["base_dist"], "skewness": t([0.3, -0.4], [0.0, 0.9])},
         log_density=rows(_sine_skewed), bad={"skewness": 1.5},
         without={**_NO_MEAN, "vmap": "the base is not mapped over", "infer_shapes": "the base is no tensor",
                  "unchecked": "it warns"}),
    Case(dist.Stable, {"stability": t(1.5, 0.8), "skew": t(-0.5, 0.9), "scale": t(2.0, 0.1), "loc": t(1.0, -3.0)},
         log_density=rows(_stable), bad={"stability": 2.5, "skew": -1.5, "scale": 0.0},
         without={**_NO_MEAN, **_INTEGRAL}),
    Case(dist.StableWithLogProb, {"stability": t(1.0, 1.9), "skew": t(0.4, 0.95)}, log_density=rows(_stable),
         bad={"stability": -0.5}, without={**_NO_MEAN, **_INTEGRAL}),
    Case(dist.StableWithLogProb, {"stability": t(0.5, 1.01), "skew": t(1.0, 0.0), "scale": t(1.0, 3.0),
                                  "loc": t(0.0, 0.0), "coords": "S"}, log_density=rows(_stable), label="one-sided",
         without={**_NO_MEAN, "reference": "the Fourier integral oscillates", "gradients": "the skew is at its bound",
                  **_INTEGRAL}),
    Case(dist.TruncatedPolyaGamma, {"prototype": torch.tensor(0.0, dtype=torch.float64)}, log_density=_polya_gamma,
         outside=3.0,
         without={"moments": "they are those of the distribution that is truncated, and have no closed form",
                  "gradients": "the prototype has none", "flags": "it has no parameters", **_NO_PARAMETERS,
                  **dict.fromkeys(("to_event", "mask", "copies", "vmap"), "its batch shape is ()")}),
    Case(dist.VonMises3D, {"concentration": t([1.0, 2.0, -1.0], [0.0, 30.0, 40.0])}, log_density=rows(_von_mises_3d),
         bad={"concentration": _REAL}, outside=0.5, without=_SPHERE),
]
