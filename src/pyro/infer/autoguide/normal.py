"""A normal distribution for each element of each latent variable, in unconstrained space."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.normal import Normal
from pyro.infer.autoguide.guide import AutoGuide, Values
from pyro.infer.autoguide.initialization import InitFn, init_to_feasible
from pyro.infer.autoguide.options import check_init_scale, normal_quantiles
from pyro.infer.autoguide.unconstrained import (
    constrain,
    sample_constrained,
    unconstrain,
    unconstrained_event_dim,
)
from pyro.infer.autoguide.utils import deep_getattr, deep_setattr
from pyro.nn.module import PyroModule, PyroParam
from pyro.primitives import sample

__all__ = ["AutoNormal"]


class AutoNormal(AutoGuide):
    """The mean-field normal approximation: no site, and no element of one, depends on another.

    The parameters of site ``z`` are ``AutoNormal.locs.z`` and ``AutoNormal.scales.z``, in unconstrained space. It
    describes the same distributions as :class:`AutoDiagonalNormal`, site by site, and so goes with plates that draw
    rows, with :class:`TraceMeanField_ELBO` and with guides in parts.

    Args:
        model: the model.
        init_loc_fn: where the means start, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: the standard deviations to start with.
        create_plates: see :class:`~pyro.infer.autoguide.AutoGuide`.

    Raises:
        ValueError: if ``init_scale`` is not positive.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     pyro.sample("rate", dist.Gamma(2.0, 1.0))
        >>> guide = AutoNormal(model)
        >>> guide.median()
        {'rate': tensor(1.)}
    """

    scale_constraint = constraints.softplus_positive

    def __init__(
        self,
        model: Any,
        *,
        init_loc_fn: InitFn = init_to_feasible,
        init_scale: float = 0.1,
        create_plates: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(model, create_plates=create_plates)
        self.init_loc_fn = init_loc_fn
        self._init_scale = check_init_scale(init_scale)

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        self._event_dims: dict[str, int] = {}
        self.locs = PyroModule()
        self.scales = PyroModule()
        for name, site in self._sites():
            loc = unconstrain(site)
            event_dim = self._event_dims[name] = unconstrained_event_dim(site, loc)
            loc = self._with_all_rows(site, loc, event_dim)
            scale = self._start_scale(name, loc)
            deep_setattr(self.locs, name, PyroParam(loc, constraints.real, event_dim))
            deep_setattr(self.scales, name, PyroParam(scale, self.scale_constraint, event_dim))

    def _get_loc_and_scale(self, name: str) -> tuple[Tensor, Tensor]:
        return deep_getattr(self.locs, name), deep_getattr(self.scales, name)

    def forward(self, *args: Any, **kwargs: Any) -> Values:
        """Draws the sites' values.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name.
        """
        self._set_up(*args, **kwargs)
        self._create_plates(*args, **kwargs)
        values = {}
        for name, site in self._sites():
            with self._inside_plates(site):
                base = Normal(*self._get_loc_and_scale(name)).to_event(self._event_dims[name])
                unconstrained = sample(f"{name}_unconstrained", base, infer={"is_auxiliary": True})
                values[name] = sample_constrained(site, unconstrained)
        return values

    @torch.no_grad()
    def median(self, *args: Any, **kwargs: Any) -> Values:
        """The images of the means.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name, with all rows of the plates.
        """
        self._set_up(*args, **kwargs)
        return {name: constrain(site, self._get_loc_and_scale(name)[0]).clone() for name, site in self._sites()}

    @torch.no_grad()
    def quantiles(self, quantiles: float | Iterable[float] | Tensor, *args: Any, **kwargs: Any) -> Values:
        """The images of the normal distributions' quantiles.

        Args:
            quantiles: probabilities.
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name, with all rows of the plates, and a leftmost dim for the probabilities.

        Example:
            >>> import torch, pyro, pyro.distributions as dist
            >>> guide = AutoNormal(lambda: pyro.sample("x", dist.Normal(torch.zeros(3), 1.0).to_event(1)))
            >>> guide.quantiles([0.05, 0.5, 0.95])["x"].shape
            torch.Size([3, 3])
        """
        self._set_up(*args, **kwargs)
        values = {}
        for name, site in self._sites():
            values[name] = constrain(site, normal_quantiles(quantiles, *self._get_loc_and_scale(name)))
        return values
