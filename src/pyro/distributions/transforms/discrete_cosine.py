"""The discrete cosine transform as a change of variables."""

import torch
from torch import Tensor

from pyro.distributions.transforms.along_dim import AlongDim, check_dim
from pyro.ops.cosine_transform import dct, idct

__all__ = ["DiscreteCosineTransform"]


class DiscreteCosineTransform(AlongDim):
    r"""Maps series to their cosine coefficients :math:`y_k = w_k \sum_j C_{kj} x_j`, C orthogonal.

    .. math::
        w_k \propto (k + 1/2)^s, \qquad \prod_k w_k = 1, \qquad \log |\det J| = 0

    With smoothness s > 0, independent coefficients of equal scale stand for a smooth series.

    Args:
        dim: the dimension along which a series lies, negative.
        smooth: smoothness s; 0 for white noise, 1 for Brownian motion.
        cache_size: how many results to keep, 0 or 1.

    Raises:
        AssertionError: if ``dim`` is not negative.

    Example:
        >>> DiscreteCosineTransform()(torch.ones(4))
        tensor([2., 0., 0., 0.])
    """

    def __init__(self, dim: int = -1, smooth: float = 0.0, cache_size: int = 0) -> None:
        super().__init__(check_dim("DiscreteCosineTransform", dim, AssertionError), cache_size)
        self.smooth = float(smooth)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and (self.dim, self.smooth) == (other.dim, other.smooth)

    def _weights(self, x: Tensor) -> Tensor:
        log_frequency = (torch.arange(x.size(self.dim), dtype=x.dtype, device=x.device) + 0.5).log()
        weights = (self.smooth * (log_frequency - log_frequency.mean())).exp()
        return weights.reshape((-1,) + (1,) * (-1 - self.dim))

    def _call(self, x: Tensor) -> Tensor:
        return self._weights(x) * dct(x, self.dim) if self.smooth else dct(x, self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        return idct(y / self._weights(y) if self.smooth else y, self.dim)
