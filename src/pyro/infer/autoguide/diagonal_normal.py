"""A normal distribution with a diagonal covariance, over all latent variables as one vector."""

from typing import Any

import torch
from torch import Tensor
from torch.distributions.transforms import AffineTransform

from pyro.distributions import constraints
from pyro.distributions.normal import Normal
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.initialization import InitFn, init_to_median
from pyro.infer.autoguide.options import check_init_scale
from pyro.nn.module import PyroParam

__all__ = ["AutoDiagonalNormal", "standard_normal"]


def standard_normal(loc: Tensor) -> Any:
    """The standard normal distribution over vectors.

    Args:
        loc: a vector of their shape, dtype and device.
    """
    return Normal(torch.zeros_like(loc), torch.ones_like(loc)).to_event(1)


class AutoDiagonalNormal(AutoContinuous):
    """``N(loc, diag(scale ** 2))`` over the vector of all unconstrained values.

    Args:
        model: the model.
        init_loc_fn: where ``loc`` starts, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: the standard deviations to start with.

    Raises:
        ValueError: if ``init_scale`` is not positive.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> def model():
        ...     with pyro.plate("data", 3):
        ...         pyro.sample("rate", dist.Gamma(2.0, 1.0))
        >>> guide = AutoDiagonalNormal(model)
        >>> guide()["rate"].shape, guide.latent_dim
        (torch.Size([3]), 3)
    """

    scale: Any
    scale_constraint = constraints.softplus_positive

    def __init__(self, model: Any, init_loc_fn: InitFn = init_to_median, init_scale: float = 0.1) -> None:
        super().__init__(model, init_loc_fn=init_loc_fn)
        self._init_scale = check_init_scale(init_scale)

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        loc = self._init_loc()
        self.loc = torch.nn.Parameter(loc)
        self.scale = PyroParam(self._init_scale_vector(), self.scale_constraint)

    def get_base_dist(self) -> Any:
        """The standard normal distribution."""
        return standard_normal(self.loc)

    def get_transform(self, *args: Any, **kwargs: Any) -> AffineTransform:
        """``x -> loc + scale * x``."""
        return AffineTransform(self.loc, self.scale, event_dim=1)

    def get_posterior(self, *args: Any, **kwargs: Any) -> Any:
        """A diagonal normal distribution."""
        return Normal(self.loc, self.scale).to_event(1)

    def _loc_scale(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        return self.loc, self.scale
