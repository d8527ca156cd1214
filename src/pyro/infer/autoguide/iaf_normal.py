"""A normal distribution under inverse autoregressive flows, over all latent variables as one vector."""

import warnings
from functools import partial
from typing import Any

from pyro.distributions.transforms.affine_autoregressive import affine_autoregressive
from pyro.distributions.transforms.iterated import iterated
from pyro.infer.autoguide.initialization import InitFn
from pyro.infer.autoguide.normalizing_flow import AutoNormalizingFlow

__all__ = ["AutoIAFNormal"]


class AutoIAFNormal(AutoNormalizingFlow):
    """``T(x)`` with ``x ~ N(0, I)``, where each of the stacked flows shifts and scales by what comes before.

    Args:
        model: the model.
        hidden_dim: how many units each hidden layer has; by default what
            :func:`~pyro.distributions.transforms.affine_autoregressive` chooses.
        init_loc_fn: deprecated, no effect: a flow starts near the identity.
        num_transforms: how many flows.
        **init_transform_kwargs: for :func:`~pyro.distributions.transforms.affine_autoregressive`.

    References:
        D. P. Kingma et al. (2016), *Improving variational inference with inverse autoregressive flow*.
    """

    def __init__(
        self,
        model: Any,
        hidden_dim: int | list[int] | None = None,
        init_loc_fn: InitFn | None = None,
        num_transforms: int = 1,
        **init_transform_kwargs: Any,
    ) -> None:
        if init_loc_fn is not None:
            warnings.warn("AutoIAFNormal: the argument init_loc_fn is deprecated and has no effect; a flow has no "
                          "location to start from. Leave it out.", FutureWarning, stacklevel=2)
        if hidden_dim is not None:
            init_transform_kwargs["hidden_dims"] = [hidden_dim] if isinstance(hidden_dim, int) else list(hidden_dim)
        super().__init__(model, partial(iterated, num_transforms, affine_autoregressive, **init_transform_kwargs))
