"""A normal distribution with a covariance of low rank plus a diagonal, over all latent variables as one vector."""

from typing import Any

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.low_rank_multivariate_normal import LowRankMultivariateNormal
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.initialization import InitFn, init_to_median
from pyro.infer.autoguide.options import check_init_scale
from pyro.nn.module import PyroParam

__all__ = ["AutoLowRankMultivariateNormal"]


class AutoLowRankMultivariateNormal(AutoContinuous):
    """``N(loc, S (F F^T + I) S)`` with ``S = diag(scale)``, over the vector of all unconstrained values.

    Args:
        model: the model.
        init_loc_fn: where ``loc`` starts, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: about the standard deviations to start with. The factor ``F``, the parameter ``cov_factor``, starts
            at random, with rows of unit length on average. A warm start by
            :func:`~pyro.infer.autoguide.init_to_pathfinder` brings its own standard deviations, and a factor.
        rank: how many columns ``F`` has, by default the square root of the vector's length.

    Raises:
        ValueError: if ``init_scale`` or ``rank`` is not positive.
    """

    scale: Any
    scale_constraint = constraints.softplus_positive

    def __init__(
        self, model: Any, init_loc_fn: InitFn = init_to_median, init_scale: float = 0.1, rank: int | None = None
    ) -> None:
        if rank is not None and not (isinstance(rank, int) and rank > 0):
            raise ValueError(f"Expected rank > 0 but got {rank}. Pass a positive integer, or None for the square root "
                             "of the number of latent variables.")
        super().__init__(model, init_loc_fn=init_loc_fn)
        self._init_scale = check_init_scale(init_scale)
        self.rank = rank

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        loc = self._init_loc()
        if self.rank is None:
            self.rank = round(self.latent_dim**0.5)
        self.loc = torch.nn.Parameter(loc)
        scale = self._init_scale_vector()
        covariance = self._init_covariance(scale)
        if covariance is None:  # half of the variance is the factor's
            scale = scale * 0.5**0.5
            factor = loc.new_empty(self.latent_dim, self.rank).normal_(0, self.rank**-0.5)
        else:
            factor = _principal_factor(covariance, self.rank)
        self.scale = PyroParam(scale, self.scale_constraint)
        self.cov_factor = torch.nn.Parameter(factor)

    def get_posterior(self, *args: Any, **kwargs: Any) -> LowRankMultivariateNormal:
        """A multivariate normal distribution with a covariance of low rank plus a diagonal."""
        loc, scale = self.loc, self.scale
        return LowRankMultivariateNormal(loc, scale.unsqueeze(-1) * self.cov_factor, scale * scale)

    def _loc_scale(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        return self.loc, self.scale * (1 + self.cov_factor.square().sum(-1)).sqrt()


def _principal_factor(covariance: Tensor, rank: int) -> Tensor:
    """The factor F with which ``F F^T + I`` is nearest to a covariance matrix: its longest axes, as far as beyond one.

    No column is zero, because it would remain zero.
    """
    variances, axes = torch.linalg.eigh(covariance.double())
    count = min(rank, len(variances))
    factor = axes[:, -count:] * (variances[-count:] - 1.0).clamp(min=1e-2).sqrt()
    return torch.nn.functional.pad(factor, (0, rank - count), value=0.1).to(covariance)
