"""A normal distribution with a full covariance, over all latent variables as one vector."""

from typing import Any

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.distributions.transforms.lower_cholesky_affine import LowerCholeskyAffine
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.diagonal_normal import standard_normal
from pyro.infer.autoguide.initialization import InitFn, init_to_median
from pyro.infer.autoguide.options import check_init_scale
from pyro.nn.module import PyroParam

__all__ = ["AutoMultivariateNormal"]


class AutoMultivariateNormal(AutoContinuous):
    """``N(loc, L L^T)`` with ``L = diag(scale) scale_tril``, over the vector of all unconstrained values.

    The unit lower triangular ``scale_tril`` holds the directions, ``scale`` the sizes, so that an optimiser can move
    the two at different rates.

    Args:
        model: the model.
        init_loc_fn: where ``loc`` starts, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: the standard deviations to start with; ``scale_tril`` starts at the identity. A warm start by
            :func:`~pyro.infer.autoguide.init_to_pathfinder` brings its own, and correlations.

    Raises:
        ValueError: if ``init_scale`` is not positive.
    """

    scale: Any
    scale_tril: Any
    scale_constraint = constraints.softplus_positive
    scale_tril_constraint = constraints.unit_lower_cholesky

    def __init__(self, model: Any, init_loc_fn: InitFn = init_to_median, init_scale: float = 0.1) -> None:
        super().__init__(model, init_loc_fn=init_loc_fn)
        self._init_scale = check_init_scale(init_scale)

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        loc = self._init_loc()
        self.loc = torch.nn.Parameter(loc)
        scale_tril = self._init_scale_tril()
        scale = scale_tril.diagonal()
        self.scale = PyroParam(scale.clone(), self.scale_constraint)
        self.scale_tril = PyroParam(scale_tril / scale.unsqueeze(-1), self.scale_tril_constraint)

    def _full_scale_tril(self) -> Tensor:
        return self.scale.unsqueeze(-1) * self.scale_tril  # type: ignore[no-any-return]

    def get_base_dist(self) -> Any:
        """The standard normal distribution."""
        return standard_normal(self.loc)

    def get_transform(self, *args: Any, **kwargs: Any) -> LowerCholeskyAffine:
        """``x -> loc + L x``."""
        return LowerCholeskyAffine(self.loc, self._full_scale_tril())

    def get_posterior(self, *args: Any, **kwargs: Any) -> MultivariateNormal:
        """A multivariate normal distribution."""
        return MultivariateNormal(self.loc, scale_tril=self._full_scale_tril())

    def _loc_scale(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        return self.loc, self.scale * self.scale_tril.square().sum(-1).sqrt()
