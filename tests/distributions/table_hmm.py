"""Rows of the table of families: hidden Markov models and Gaussian processes in time.

References sum over all series of hidden states, or build the dense joint distribution of all values.
"""

import itertools
from typing import Any

import numpy as np
import scipy.linalg as linalg
import scipy.special as special
import scipy.stats as stats
import torch
from torch import Tensor

import pyro.distributions as dist
from tests.distributions.case import Array, Case, rows, t

T, H, OBS = 3, 2, 2
_MATRIX = t([[[0.9, 0.1], [-0.2, 0.5]]], [[[1.5, 0.0], [1.0, -1.0]]])
_READ = t([1.0, 0.5], [0.3, -1.0])
_COV_H, _COV_O = t([1.0, 0.3], [0.3, 0.5]), t([1.0, 0.2], [0.2, 2.0])
_LOC_H, _LOC_O = t(0.5, -1.0), t(0.1, 0.2)
_COV_SEEN, _LOC_SEEN = t([1.0, 0.2, 0.0], [0.2, 2.0, 0.1], [0.0, 0.1, 0.5]), t(0.1, 0.2, -0.3)
_JOINT = t([2.0, 0.3, -1.0, 0.0], [0.3, 1.0, 0.1, 0.2], [-1.0, 0.1, 2.0, 0.0], [0.0, 0.2, 0.0, 1.5])
_ADJACENT = t([0.0, 1.0, 0.0, 2.0], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.5], [2.0, 0.0, 0.5, 0.0])
_ROW = t([2.0, 0.5, 0.1, 0.5], [9.0, -0.1, 0.0, -0.1])


def _mvn(loc: Tensor, covariance: Tensor) -> Any:
    return dist.MultivariateNormal(loc, covariance)


def _discrete(value: Array, initial_logits: Array, transition_logits: Array, **_: Any) -> Any:
    initial = special.log_softmax(initial_logits)
    transition = np.broadcast_to(special.log_softmax(transition_logits, -1), (T, H, H))
    emission = stats.norm(np.array([0.0, 3.0]), 1.0).logpdf(value[:, None])
    return special.logsumexp([
        initial[path[0]] + sum(transition[i, path[i], path[i + 1]] + emission[i, path[i + 1]] for i in range(T))
        for path in itertools.product(range(H), repeat=T + 1)
    ])


def _linear(matrix: Array) -> tuple[Array, Array]:
    """Mean and covariance of all values of a linear Gaussian model, flattened."""
    read, loc, cov = _READ.numpy(), _LOC_H.numpy(), _COV_H.numpy()
    matrix = np.broadcast_to(matrix, (T, H, H))
    step = np.eye(H)
    mean, blocks, effects = loc, [], [linalg.sqrtm(cov).real]
    for i in range(T):
        step = matrix[i]
        mean = mean @ step + loc
        effects = [effect @ step for effect in effects] + [linalg.sqrtm(cov).real]
        blocks.append((mean @ read + _LOC_O.numpy(), [effect @ read for effect in effects]))
    width = max(len(effects) for _, effects in blocks)
    design = np.concatenate([
        np.concatenate(effects + [np.zeros((H, OBS))] * (width - len(effects))) for _, effects in blocks], 1)
    noise = linalg.block_diag(*[_COV_O.numpy()] * T)
    return np.concatenate([mean for mean, _ in blocks]), design.T @ design + noise


def _gaussian(value: Array, transition_matrix: Array, **_: Any) -> Any:
    return stats.multivariate_normal(*_linear(transition_matrix)).logpdf(value.reshape(-1))


def _gamma_gaussian(value: Array, transition_matrix: Array, **_: Any) -> Any:
    mean, covariance = _linear(transition_matrix)
    return stats.multivariate_t(mean, covariance * 3.0 / 2.0, df=2 * 2.0).logpdf(value.reshape(-1))


def _field(value: Array, **_: Any) -> Any:
    """All states and values are jointly normal; states are integrated out of the dense joint precision."""
    size = H * (T + 1)
    precision, obs = np.zeros((size + T, size + T)), np.linalg.inv(_COV_SEEN.numpy())
    precision[:H, :H] += np.linalg.inv(_COV_H.numpy())
    info = np.zeros(size + T)
    info[:H] += np.linalg.inv(_COV_H.numpy()) @ _LOC_H.numpy()
    for i in range(T):
        pair = np.arange(i * H, (i + 2) * H)
        seen = np.array([(i + 1) * H, (i + 1) * H + 1, size + i])
        precision[np.ix_(pair, pair)] += np.linalg.inv(_JOINT.numpy())
        precision[np.ix_(seen, seen)] += obs
        info[seen] += obs @ _LOC_SEEN.numpy()
    covariance = np.linalg.inv(precision)
    mean = covariance @ info
    return stats.multivariate_normal(mean[size:], covariance[size:, size:]).logpdf(value.reshape(-1))


def _state_space(value: Array, transition_matrix: Array, scale_tril: Array, initial_value: Array, **_: Any) -> Any:
    before = np.concatenate([initial_value[None], value[:-1]])
    noise = linalg.solve_triangular(scale_tril, (value - before @ transition_matrix.T).T, lower=True)
    return stats.norm.logpdf(noise).sum() - T * np.log(np.diagonal(scale_tril)).sum()


def _walk(value: Array, scale: Any, num_steps: int) -> Any:
    return stats.norm(0, scale).logpdf(np.diff(value, prepend=0.0)).sum()


def _drift(x: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
    return -x * (1 + time), 0.5 + 0.1 * x.square()


def _diffusion(value: Array, t: Array, **_: Any) -> Any:
    x, step = value[:-1], np.diff(t)
    steps = stats.norm(x - x * (1 + t[:-1]) * step, (0.5 + 0.1 * x**2) * np.sqrt(step)).logpdf(value[1:])
    return stats.norm(0, 1).logpdf(value[0]) + steps.sum()


def _car(value: Array, loc: Array, correlation: Any, conditional_precision: Any, adj_matrix: Array, **_: Any) -> Any:
    precision = conditional_precision * (np.diag(adj_matrix.sum(-1)) - correlation * adj_matrix)
    return stats.multivariate_normal(loc, np.linalg.inv(precision)).logpdf(value)


def _car_row(value: Array, loc: Array, correlation: Array, conditional_precision: Array, adj_matrix: Array,
             is_sparse: bool = False) -> Array:
    return rows(_car)(value, loc=np.broadcast_to(loc, (2, 4)), correlation=correlation,
                      conditional_precision=conditional_precision, adj_matrix=np.stack([adj_matrix] * 2))


def _circulant(value: Array, loc: Array, covariance_row: Array) -> Any:
    return stats.multivariate_normal(loc, linalg.circulant(covariance_row)).logpdf(value)


def _circulant_of_spectrum(value: Array, loc: Array, covariance_rfft: Array) -> Any:
    return _circulant(value, loc, np.fft.irfft(covariance_rfft, n=len(loc)))


_SHAPES = {"infer_shapes": "the event shape needs the number of steps"}
_MODEL = {"moments": "series have no closed form here", **_SHAPES}
_NORMAL = {"initial_dist": _mvn(_LOC_H, _COV_H), "transition_matrix": _MATRIX, "transition_dist": _mvn(_LOC_H, _COV_H),
           "observation_matrix": _READ.expand(2, 1, H, OBS).clone(),
           "observation_dist": _mvn(_LOC_O, _COV_O), "duration": T}
_STATES = {"observation_dist": dist.Normal(t(0.0, 3.0), 1.0), "duration": T}
_SCAN = {"loop program": "more than a thousand small operations on matrices, which LLVM takes ten seconds for"}

CASES: list[Case] = [
    Case(dist.DiscreteHMM,
         {"initial_logits": t([0.0, 1.0], [-2.0, 3.0]),
          "transition_logits": t([[[1.0, 0.0], [0.0, 2.0]]], [[[5.0, -5.0], [0.0, 0.0]]]), **_STATES},
         log_density=rows(_discrete), without=_MODEL),
    Case(dist.DiscreteHMM,
         {"initial_logits": t([0.0, -500.0], [-300.0, 3.0]),
          "transition_logits": t([[[0.0, -400.0], [0.0, 200.0]]], [[[5.0, -600.0], [-650.0, 0.0]]]), **_STATES},
         log_density=rows(_discrete), without=_MODEL, label="almost deterministic"),
    Case(dist.GaussianHMM, _NORMAL, log_density=lambda value, observation_matrix, **params: rows(_gaussian)(
        value, **params), without={**_MODEL, **_SCAN}),
    Case(dist.GaussianHMM,
         {**_NORMAL, "observation_dist": dist.Normal(_LOC_O, 1.0).to_event(1), "transition_matrix": _MATRIX.expand(
             2, T, H, H).clone()},
         log_density=lambda value, transition_matrix, **_: np.array([[
             stats.multivariate_normal(mean, covariance + np.eye(OBS * T) - linalg.block_diag(*[_COV_O.numpy()] * T))
             .logpdf(x.reshape(-1)) for x, (mean, covariance) in zip(draw, map(_linear, transition_matrix), strict=True)
         ] for draw in value]), without={**_MODEL, **_SCAN}, label="independent noise"),
    Case(dist.GammaGaussianHMM, {"scale_dist": dist.Gamma(t(2.0)[0], t(3.0)[0]), **_NORMAL},
         log_density=lambda value, observation_matrix, **params: rows(_gamma_gaussian)(value, **params),
         without={**_MODEL, **_SCAN}),
    Case(dist.GaussianMRF,
         {"initial_dist": _mvn(_LOC_H, _COV_H), "transition_dist": _mvn(torch.zeros(4).double(), _JOINT).expand([2, T]),
          "observation_dist": _mvn(_LOC_SEEN, _COV_SEEN)}, log_density=rows(_field), without=_MODEL),
    Case(dist.GaussianStateSpace,
         {"num_steps": T, "transition_matrix": _MATRIX[:, 0], "scale_tril": t([[1.0, 0.0], [0.5, 2.0]], [
             [1e-3, 0.0], [0.0, 1e3]]), "initial_value": t([1.0, 2.0], [0.0, -1.0])},
         log_density=rows(_state_space), bad={"scale_tril": -1.0}, without=_SHAPES),
    Case(dist.GaussianRandomWalk, {"scale": t(1e-3, 20.0), "num_steps": 4}, log_density=rows(_walk),
         bad={"scale": -1.0}, without=_SHAPES),
    Case(dist.EulerMaruyama,
         {"t": t([0.0, 0.1, 0.3, 0.7], [0.0, 1e-3, 5e-3, 9e-3]), "sde_fn": _drift,
          "init_dist": dist.Normal(t(0.0)[0], 1.0)},
         log_density=rows(_diffusion), bad={"t": -1.0},
         without={**_MODEL, "flags": "times are given, not learnt"}),
    Case(dist.CAR,
         {"loc": t(0.0, 1.0, -1.0, 5.0), "correlation": t(0.5, -0.999), "conditional_precision": t(2.0, 1e3),
          "adj_matrix": _ADJACENT}, log_density=_car_row, bad={"correlation": 1.5, "conditional_precision": -1.0}),
    Case(dist.CAR,
         {"loc": t(0.0, 1.0, -1.0, 5.0), "correlation": t(0.5, 0.99), "conditional_precision": t(2.0, 1e-3),
          "adj_matrix": _ADJACENT, "is_sparse": True}, log_density=_car_row, label="sparse",
         without={"gradients": "a sparse graph is given, not learnt",
                  "capture": "how many edges a sparse graph has depends on its values"}),
    Case(dist.CirculantNormal, {"loc": t([0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 50.0]), "covariance_row": _ROW},
         log_density=rows(_circulant), bad={"covariance_row": -1.0}),
    Case(dist.CirculantNormal,
         {"loc": t([0.0, 1.0, 2.0, 3.0, 4.0], [0.0] * 5), "covariance_rfft": t([1e-4, 1.0, 30.0], [2.0, 1.0, 1.0])},
         log_density=rows(_circulant_of_spectrum), bad={"covariance_rfft": 0.0}, label="spectrum"),
]
