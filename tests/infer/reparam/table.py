"""A row for each way to reparametrise a distribution; the laws are in ``test_reparam.py``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions import transforms
from pyro.infer import reparam


@dataclass(frozen=True)
class Case:
    """A distribution as a function of a parameter, and a reparametriser."""

    name: str
    fn: Callable[[torch.Tensor], Any]
    reparam: Callable[[], Any]
    sites: tuple[str, ...]  # what is drawn in the place of x
    commutes: bool = True  # whether it can begin at a given value
    observed: str = ""  # "exact" where the density of data is unchanged, "mixture" where its mean over draws is

    def __str__(self) -> str:
        return self.name

    def model(self, param=0.7, size=None, obs=None, config=None):
        """The distribution at site x, in a plate if a size is given, reparametrised."""
        def program():
            fn = self.fn(torch.as_tensor(param))
            if size is None:
                return pyro.sample("x", fn, obs=obs)
            with pyro.plate("rows", size):
                return pyro.sample("x", fn, obs=obs)

        return poutine.reparam(program, config={"x": self.reparam()} if config is None else config)


def series(p, n=4):
    return dist.Normal(p * torch.arange(float(n)), 1.0).to_event(1)


def shocks(p, n=1):
    return dist.StudentT(5.0, torch.zeros(n), p).to_event(1)


def linear_hmm(p):
    squashed = dist.TransformedDistribution(dist.Stable(1.7, 0.2, p, torch.zeros(1)), transforms.TanhTransform())
    return dist.LinearHMM(shocks(p, 2), 0.5 * torch.eye(2), shocks(p, 2), torch.ones(2, 1), squashed.to_event(1),
                          duration=3)


def independent_hmm(p):
    noise = dist.StudentT(5.0, torch.zeros(2, 1, 1), p).to_event(1)
    start = dist.Normal(torch.zeros(2, 1), p).to_event(1)
    return dist.IndependentHMM(dist.LinearHMM(start, torch.eye(1), noise, torch.eye(1), noise, duration=3))


def students():
    return reparam.LinearHMMReparam(reparam.StudentTReparam(), reparam.StudentTReparam(), reparam.StableReparam())


CASES = [
    Case("decentred", lambda p: dist.Normal(p, 2.0), lambda: reparam.LocScaleReparam(0.0), ("x_decentered",),
         observed="exact"),
    Case("half centred, with a shape", lambda p: dist.StudentT(3.0, p, 2.0), lambda: reparam.LocScaleReparam(0.3),
         ("x_decentered",), observed="exact"),
    Case("learnt, a vector", lambda p: dist.AsymmetricLaplace(p * torch.ones(2), 2.0, 1.5).to_event(1),
         reparam.LocScaleReparam, ("x_decentered",), observed="exact"),
    Case("stable, in the other coordinates", lambda p: dist.Stable(1.5, 0.5, 2.0, p, coords="S"),
         lambda: reparam.LocScaleReparam(tensor(0.4)), ("x_decentered",)),
    Case("base", lambda p: dist.LogNormal(p * torch.ones(2), 0.5).to_event(1), reparam.TransformReparam, ("x_base",),
         observed="exact"),
    Case("base of vectors", lambda p: dist.TransformedDistribution(series(p, 2), [transforms.StickBreakingTransform()]),
         reparam.TransformReparam, ("x_base",), observed="exact"),
    Case("explicit", lambda p: dist.Gamma(3.0, p), lambda: reparam.ExplicitReparam(transforms.ExpTransform().inv),
         ("x_base",)),
    Case("cosine", series, lambda: reparam.DiscreteCosineReparam(smooth=0.5), ("x_dct",), observed="exact"),
    Case("cosine of positive series", lambda p: dist.LogNormal(p * torch.arange(4.0), 0.5).to_event(1),
         reparam.DiscreteCosineReparam, ("x_dct",), observed="exact"),
    Case("Haar", lambda p: dist.Normal(p * torch.ones(4, 2), 1.0).to_event(2),
         lambda: reparam.HaarReparam(dim=-2, flip=True), ("x_haar",), observed="exact"),
    Case("permuted", series, lambda: reparam.UnitJacobianReparam(transforms.Permute(tensor([2, 0, 1, 3]))),
         ("x_transformed",), observed="exact"),
    Case("split", series, lambda: reparam.SplitReparam([1, 3], dim=-1), ("x_split_0", "x_split_1"), observed="exact"),
    Case("split, with bounds", lambda p: dist.Uniform(torch.zeros(3), p * torch.arange(1.0, 4.0)).to_event(1),
         lambda: reparam.SplitReparam([1, 2], dim=-1), ("x_split_0", "x_split_1"), observed="exact"),
    Case("Student t", lambda p: dist.StudentT(3.0, p * torch.ones(2), 2.0).to_event(1), reparam.StudentTReparam,
         ("x_gamma", "x"), observed="mixture"),
    Case("latent stable", lambda p: dist.Stable(1.5, 0.5, 2.0, p), reparam.LatentStableReparam,
         ("x_uniform", "x_exponential"), commutes=False),
    Case("symmetric stable", lambda p: dist.Stable(1.5, 0.0, 2.0, p), reparam.SymmetricStableReparam,
         ("x_uniform", "x_exponential", "x"), observed="mixture"),
    Case("stable", lambda p: dist.Stable(1.0, 0.5, 2.0, p * torch.ones(2)).to_event(1), reparam.StableReparam,
         ("x_z_uniform", "x_z_exponential", "x_t_uniform", "x_t_exponential", "x"), observed="mixture"),
    Case("normal", lambda p: dist.Stable(2.0, -0.5, 2.0, p), reparam.StableReparam,
         ("x_z_uniform", "x_z_exponential", "x_t_uniform", "x_t_exponential", "x"), observed="mixture"),
    Case("direction", lambda p: dist.ProjectedNormal(p * torch.ones(3)), reparam.ProjectedNormalReparam, ("x_normal",)),
    Case("relaxed", lambda p: dist.RelaxedOneHotCategorical(tensor(0.5), logits=p * torch.arange(3.0)),
         reparam.GumbelSoftmaxReparam, ("x_uniform",)),
    Case("angle", lambda p: dist.VonMises(3.0 + p, 2.0), reparam.CircularReparam, ("x_unwrapped",)),
    Case("series", linear_hmm, students,
         ("x_init_gamma", "x_trans_gamma", "x_obs_z_uniform", "x_obs_z_exponential", "x_obs_t_uniform",
          "x_obs_t_exponential", "x")),
    Case("series side by side", independent_hmm,
         lambda: reparam.LinearHMMReparam(None, reparam.StudentTReparam(), reparam.StudentTReparam()),
         ("x_trans_gamma", "x_obs_gamma", "x")),
]
