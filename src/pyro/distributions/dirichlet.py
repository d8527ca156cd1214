"""Dirichlet distribution over the probabilities of K outcomes."""

import torch
from torch import Size, Tensor

from pyro.distributions.distribution import Distribution
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Dirichlet"]


class Dirichlet(Validated, torch.distributions.Dirichlet, TorchDistributionMixin):
    r"""Dirichlet distribution over the probabilities of K outcomes.

    .. math::
        p(x) = \frac{\Gamma(\sum_k \alpha_k)}{\prod_k \Gamma(\alpha_k)} \prod_k x_k^{\alpha_k - 1}

    Args:
        concentration: shapes :math:`\alpha_k > 0` over the last dimension: one more than the outcomes seen.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the parameter's shape without its last dimension, of size K; event_shape is (K,).

    Support:
        the simplex: nonnegative vectors that sum to one.

    References:
        S. Kotz, N. Balakrishnan, N. L. Johnson (2000), Continuous Multivariate Distributions, vol. 1, ch. 49.

    Example:
        >>> Dirichlet(torch.tensor([1.0, 3.0])).mean
        tensor([0.2500, 0.7500])
    """

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        super().__init__(concentration, validate_args=validate_args)

    @staticmethod
    def infer_shapes(concentration: tuple[int, ...]) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            concentration: shape of ``concentration``.

        Returns:
            batch_shape and event_shape.
        """
        return Size(concentration[:-1]), Size(concentration[-1:])

    def conjugate_update(self, other: Distribution) -> "tuple[Dirichlet, Tensor]":
        r"""Fuses the information of another Dirichlet over the same value.

        The densities multiply to :math:`\prod_k x_k^{\alpha_k + \alpha_k' - 2}`, up to constants.

        Args:
            other: a Dirichlet that carries a likelihood's information about the value.

        Returns:
            The updated distribution and the log normalizer: for every x,
            ``self.log_prob(x) + other.log_prob(x) == updated.log_prob(x) + log_normalizer``.

        Raises:
            TypeError: if the other is no Dirichlet.
        """
        if not isinstance(other, torch.distributions.Dirichlet):
            raise TypeError(f"Dirichlet.conjugate_update: expected another Dirichlet, got {other!r}. "
                            "Write the likelihood as a Dirichlet over the same value.")
        updated = Dirichlet(self.concentration + other.concentration - 1)
        return updated, _log_beta(updated) - _log_beta(self) - _log_beta(other)


def _log_beta(dist: torch.distributions.Dirichlet) -> Tensor:
    return dist.concentration.lgamma().sum(-1) - dist.concentration.sum(-1).lgamma()
