"""Point estimates: each latent variable is a parameter."""

from collections.abc import Callable
from typing import Any

import torch
from torch.distributions import transform_to

from pyro.distributions.delta import Delta
from pyro.infer.autoguide.guide import AutoGuide, Values
from pyro.infer.autoguide.initialization import InitFn, init_to_median
from pyro.infer.autoguide.utils import deep_getattr, deep_setattr, helpful_support_errors
from pyro.nn.module import PyroParam
from pyro.primitives import sample

__all__ = ["AutoDelta"]


class AutoDelta(AutoGuide):
    """Maximum a posteriori estimates, in the space of the model's own, constrained values.

    The parameter of site ``z`` is ``AutoDelta.z``.

    Args:
        model: the model.
        init_loc_fn: where to start, see :mod:`pyro.infer.autoguide.initialization`.
        create_plates: see :class:`~pyro.infer.autoguide.AutoGuide`.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     pyro.sample("rate", dist.Gamma(2.0, 1.0))
        >>> guide = AutoDelta(model, init_loc_fn=init_to_median(num_samples=101))
        >>> sorted(guide())
        ['rate']
    """

    def __init__(
        self, model: Any, init_loc_fn: InitFn = init_to_median, *, create_plates: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(model, create_plates=create_plates)
        self.init_loc_fn = init_loc_fn

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        for name, site in self._sites():
            with helpful_support_errors(site):
                transform_to(site["fn"].support)
            event_dim = site["fn"].event_dim
            value = self._with_all_rows(site, site["value"], event_dim)
            deep_setattr(self, name, PyroParam(value, site["fn"].support, event_dim))

    def forward(self, *args: Any, **kwargs: Any) -> Values:
        """Makes the sites' values the parameters.

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
                point = Delta(deep_getattr(self, name), event_dim=site["fn"].event_dim)
                values[name] = sample(name, point)
        return values

    @torch.no_grad()
    def median(self, *args: Any, **kwargs: Any) -> Values:
        """The estimates.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name, with all rows of the plates.
        """
        self._set_up(*args, **kwargs)
        return {name: deep_getattr(self, name).clone() for name, _ in self._sites()}
