"""A normal distribution under block neural autoregressive flows, over all latent variables as one vector."""

from collections.abc import Sequence
from typing import Any

import torch

from pyro.distributions.torch_transform import ComposeTransformModule
from pyro.distributions.transforms.block_autoregressive import block_autoregressive
from pyro.distributions.transforms.permute import Permute
from pyro.infer.autoguide.normalizing_flow import AutoNormalizingFlow

__all__ = ["AutoBNAFNormal"]


class AutoBNAFNormal(AutoNormalizingFlow):
    """``T(x)`` with ``x ~ N(0, I)``, where ``T`` stacks block neural autoregressive flows, each on the reversed vector.

    All flows but the last are gated, ``g f(x) + (1 - g) x``.

    Args:
        model: the model.
        num_flows: how many flows.
        hidden_factors: how many hidden units for each of the vector's elements a flow has, a number a layer.

    References:
        N. De Cao, I. Titov and W. Aziz (2019), *Block neural autoregressive flow*.
    """

    def __init__(self, model: Any, *, num_flows: int = 1, hidden_factors: Sequence[int] = (8, 8)) -> None:
        if num_flows < 1:
            raise ValueError(f"AutoBNAFNormal: expected num_flows >= 1, got {num_flows}.")
        super().__init__(model, self._stack)
        self.num_flows = num_flows
        self.hidden_factors = list(hidden_factors)

    def _stack(self, latent_dim: int) -> ComposeTransformModule:
        parts: list[Any] = []
        for position in range(self.num_flows):
            is_last = position == self.num_flows - 1
            parts.append(block_autoregressive(latent_dim, hidden_factors=self.hidden_factors,
                                              residual=None if is_last else "gated"))
            if not is_last:
                parts.append(Permute(torch.arange(latent_dim).flip(0)))
        return ComposeTransformModule(parts)
