"""Normalization by batch statistics as a flow."""

from typing import Any

import torch
from torch import Tensor, nn

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule

__all__ = ["BatchNorm", "batchnorm"]


class BatchNorm(TransformModule):
    r"""Maps each variable by :math:`y = (x - \beta) / \gamma \cdot \sigma + \mu`; the inverse normalizes a batch.

    .. math::
        \log |dy / dx| = \log \sigma - \log \gamma

    While training, the inverse, which scores data, takes the mean and the standard deviation of the batch, if it has
    more than one element, and moves the running ones towards them. The map itself, which draws, and evaluation take the
    running ones.

    Args:
        input_dim: number of variables.
        momentum: the part of the batch's statistics in the new running ones.
        epsilon: added to variances.

    References:
        L. Dinh, J. Sohl-Dickstein, S. Bengio (2017), "Density estimation using Real NVP", ICLR.

    Example:
        >>> flow = BatchNorm(2)
        >>> flow.inv(torch.tensor([[0.0, 5.0], [2.0, 7.0]])).detach()
        tensor([[-0.7071, -0.7071],
                [ 0.7071,  0.7071]])
    """

    domain = codomain = constraints.real
    bijective = True
    moving_mean: Tensor
    moving_variance: Tensor

    def __init__(self, input_dim: int, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        zeros, ones = torch.zeros(input_dim), torch.ones(input_dim)
        self.beta, self.gamma = nn.Parameter(zeros), nn.Parameter(ones)
        self.register_buffer("moving_mean", zeros.clone())
        self.register_buffer("moving_variance", ones.clone())
        self.input_dim, self.momentum, self.epsilon = input_dim, momentum, epsilon

    @property
    def constrained_gamma(self) -> Tensor:
        """The scale gamma, kept positive."""
        return self.gamma.relu() + 1e-6

    def _statistics(self, y: Tensor) -> tuple[Tensor, Tensor]:
        batch_dims = tuple(range(y.dim() - 1))
        if self.training and y[..., 0].numel() > 1:
            return y.mean(batch_dims), y.var(batch_dims)
        return self.moving_mean, self.moving_variance

    def _call(self, x: Tensor) -> Tensor:
        scale = (self.moving_variance + self.epsilon).sqrt()
        return (x - self.beta) / self.constrained_gamma * scale + self.moving_mean

    def _inverse(self, y: Tensor) -> Tensor:
        mean, variance = self._statistics(y)
        if mean is not self.moving_mean:
            with torch.no_grad():
                self.moving_mean.lerp_(mean, self.momentum)
                self.moving_variance.lerp_(variance, self.momentum)
        return (y - mean) * self.constrained_gamma / (variance + self.epsilon).sqrt() + self.beta

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the derivative, for each variable."""
        _, variance = self._statistics(y)
        return (0.5 * (variance + self.epsilon).log() - self.constrained_gamma.log()).expand(x.shape)


def batchnorm(input_dim: int, **kwargs: Any) -> BatchNorm:
    """A :class:`BatchNorm`.

    Args:
        input_dim: number of variables.
        **kwargs: passed to :class:`BatchNorm`.

    Returns:
        The transform.
    """
    return BatchNorm(input_dim, **kwargs)
