"""LKJ distribution over Cholesky factors of correlation matrices."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions.beta import Beta
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["LKJCholesky"]


class LKJCholesky(Validated, torch.distributions.LKJCholesky, TorchDistributionMixin):
    r"""LKJ distribution over Cholesky factors of correlation matrices.

    .. math::
        p(L) \propto \prod_{i=2}^K L_{ii}^{K - i + 2 \eta - 2}, \quad p(L L^\top) \propto |L|^{2 \eta - 2}

    Args:
        dim: size K of the matrices, at least 2.
        concentration: shape :math:`\eta > 0`: 1 is uniform over correlation matrices, more favours the
            identity.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``concentration``, event_shape is (K, K).

    Support:
        lower triangular matrices with a positive diagonal and rows of length one.

    References:
        D. Lewandowski, D. Kurowicka, H. Joe (2009), Generating random correlation matrices based on vines and
        extended onion method, Journal of Multivariate Analysis 100(9).

    Example:
        >>> LKJCholesky(3, 1.0).event_shape
        torch.Size([3, 3])
    """

    def __init__(
        self, dim: int, concentration: Tensor | float = 1.0, validate_args: bool | None = None
    ) -> None:
        super().__init__(dim, concentration, validate_args=validate_args)

    def _construct(self, dim: int, concentration: Tensor | float) -> None:
        # Torch's own constructor checks an inner Beta, whatever it is told.
        if dim < 2:
            raise ValueError(f"LKJCholesky: expected dim to be at least 2, got {dim}. A matrix of size 1 has no "
                             "correlations.")
        self.dim = dim
        self.concentration = torch.as_tensor(concentration, dtype=None if isinstance(concentration, Tensor)
                                             else torch.get_default_dtype())
        torch.distributions.Distribution.__init__(
            self, self.concentration.shape, Size((dim, dim)), validate_args=False
        )
        k = self._rows()
        # the squared length of each row's part left of the diagonal; the first has none, its entry is not used
        self._beta = Beta(k / 2, self.concentration.unsqueeze(-1) + (dim - 1 - k) / 2, validate_args=False)

    def _rows(self) -> Tensor:
        k = torch.arange(self.dim, dtype=self.concentration.dtype, device=self.concentration.device)
        rows: Tensor = k.clamp(min=1)
        return rows

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws factors row by row: a length left of the diagonal, and a direction.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Factors of shape sample_shape + batch_shape + (K, K).
        """
        tiny = torch.finfo(self.concentration.dtype).tiny
        lengths = self._beta.sample(Size(sample_shape)).unsqueeze(-1)
        noise = torch.randn_like(lengths.expand(self._extended_shape(Size(sample_shape)))).tril(-1)
        left = lengths.sqrt() * noise / torch.linalg.vector_norm(noise, dim=-1, keepdim=True).clamp(min=tiny)
        result: Tensor = left + (1 - left.square().sum(-1)).clamp(min=tiny).sqrt().diag_embed()
        return result

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of factors, by the entries below the diagonal.

        Args:
            value: factors, of a shape that broadcasts with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        k, concentration = self._rows()[1:], self.concentration.unsqueeze(-1)
        exponents = self.dim - 1 - k + 2 * (concentration - 1)
        log_volumes = k / 2 * math.log(math.pi) + (concentration + (self.dim - 1 - k) / 2).lgamma()
        log_densities = exponents * value.diagonal(dim1=-2, dim2=-1)[..., 1:].log()
        last = (self.concentration + (self.dim - 1) / 2).lgamma()
        return (log_densities - log_volumes).sum(-1) + (self.dim - 1) * last
