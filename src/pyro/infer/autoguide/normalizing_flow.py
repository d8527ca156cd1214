"""A learnt transform of a normal distribution, over all latent variables as one vector."""

from collections.abc import Callable
from typing import Any

import torch

from pyro.distributions.normal import Normal
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.initialization import init_to_feasible

__all__ = ["AutoNormalizingFlow"]


class AutoNormalizingFlow(AutoContinuous):
    """``T(x)`` with ``x ~ N(0, I)`` and a learnt transform ``T``, over the vector of all unconstrained values.

    Args:
        model: the model.
        init_transform_fn: a function of the vector's length that returns a transform, mostly a module.

    Example:
        >>> from functools import partial
        >>> import pyro, pyro.distributions as dist
        >>> from pyro.distributions.transforms import affine_autoregressive, iterated
        >>> def model():
        ...     pyro.sample("x", dist.Normal(0.0, 1.0))
        ...     pyro.sample("y", dist.Normal(0.0, 1.0))
        >>> guide = AutoNormalizingFlow(model, partial(iterated, 2, affine_autoregressive))
        >>> sorted(guide())
        ['x', 'y']

    References:
        D. Rezende and S. Mohamed (2015), *Variational inference with normalizing flows*.
    """

    def __init__(self, model: Any, init_transform_fn: Callable[[int], Any]) -> None:
        super().__init__(model, init_loc_fn=init_to_feasible)
        self._init_transform_fn = init_transform_fn

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        loc = self._init_loc()
        transform = self._init_transform_fn(self.latent_dim)
        # the model's dtype and device are the transform's
        self.transform = transform.to(loc) if isinstance(transform, torch.nn.Module) else transform
        self._base_loc = torch.zeros_like(loc)

    def get_base_dist(self) -> Any:
        """The standard normal distribution."""
        like = next(iter(self.parameters()), self._base_loc)
        zeros = torch.zeros(self.latent_dim, dtype=like.dtype, device=like.device)
        return Normal(zeros, torch.ones_like(zeros)).to_event(1)

    def get_transform(self, *args: Any, **kwargs: Any) -> Any:
        """The learnt transform."""
        return self.transform

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any) -> None:
        # files that upstream wrote have the first weight twice
        state_dict.pop(f"{prefix}_prototype_tensor", None)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
