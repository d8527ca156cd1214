"""Beta and Dirichlet distributions drawn by normalising Gamma variables, to compare gradient estimators with."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions.beta import Beta
from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.gamma import Gamma

__all__ = ["NaiveBeta", "NaiveDirichlet"]


def _normalized_gammas(concentration: Tensor, sample_shape: Sequence[int]) -> Tensor:
    gammas: Tensor = Gamma(concentration, 1.0, validate_args=False).rsample(Size(sample_shape))
    gammas = gammas.clamp(min=torch.finfo(gammas.dtype).tiny)
    return gammas / gammas.sum(-1, keepdim=True)


class NaiveDirichlet(Dirichlet):
    """A Dirichlet whose draws are normalised Gamma variables, with their gradients."""

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws points of the simplex."""
        return _normalized_gammas(self.concentration, sample_shape)


class NaiveBeta(Beta):
    """A Beta whose draws are the share of one Gamma variable in two, with their gradients."""

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws numbers of the unit interval."""
        return _normalized_gammas(torch.stack([self.concentration1, self.concentration0], -1), sample_shape)[..., 0]
