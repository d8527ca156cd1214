"""Logistic normal distribution: a normal vector broken into a point of the simplex."""

import torch
from torch import Size, Tensor

from pyro.distributions.normal import Normal
from pyro.distributions.torch_distribution import Independent, TorchDistributionMixin
from pyro.distributions.util import broadcast_shape
from pyro.distributions.validated import Validated

__all__ = ["LogisticNormal"]


class LogisticNormal(Validated, torch.distributions.LogisticNormal, TorchDistributionMixin):
    r"""Logistic normal distribution.

    .. math::
        x = \mathrm{StickBreaking}(y), \quad y \sim \mathrm{Normal}(\mu, \mathrm{diag}(\sigma^2))

    Args:
        loc: mean :math:`\mu` over the last dimension, real.
        scale: standard deviation :math:`\sigma > 0` over the last dimension.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        the parameters broadcast to batch_shape + (K - 1,); event_shape is (K,).

    Support:
        the simplex.

    References:
        J. Aitchison, S. M. Shen (1980), Logistic-normal distributions: some properties and uses, Biometrika
        67(2).

    Example:
        >>> LogisticNormal(torch.zeros(2), torch.ones(2)).event_shape
        torch.Size([3])
    """

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)
        # Ours instead of torch's, so that a handler can sample it as a site of its own.
        self.base_dist = Independent(Normal(self.loc, self.scale, validate_args=False), 1)

    @staticmethod
    def infer_shapes(loc: tuple[int, ...], scale: tuple[int, ...]) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            loc: shape of ``loc``.
            scale: shape of ``scale``.

        Returns:
            batch_shape and event_shape.
        """
        shape = broadcast_shape(loc, scale, (1,))
        return Size(shape[:-1]), Size((shape[-1] + 1,))
