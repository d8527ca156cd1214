"""Conditional autoregression: a Gaussian field on the nodes of a graph."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions.utils import lazy_property

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.ops.tensor_utils import matvecmul, triangular_solve

__all__ = ["CAR"]


class CAR(Parametric):
    r"""Conditional autoregression on a graph of adjacency :math:`W` and degrees :math:`D = \mathrm{diag}(W 1)`.

    .. math::
        x \sim N\left(\mu, \left(\tau (D - \alpha W)\right)^{-1}\right)

    The determinant comes from the eigenvalues :math:`\lambda` of :math:`D^{-1/2} W D^{-1/2}`, which depend on the graph
    alone: :math:`\log |D - \alpha W| = \log |D| + \sum \log(1 - \alpha \lambda)`. They are computed once.

    Args:
        loc: mean :math:`\mu`, shape batch_shape + (K,).
        correlation: :math:`\alpha`, between -1 and 1; positive for similar neighbours.
        conditional_precision: :math:`\tau > 0`.
        adj_matrix: :math:`W`, symmetric and nonnegative, every node with a neighbour; shape batch_shape + (K, K), or a
            sparse tensor of shape (K, K).
        is_sparse: whether to multiply by the sparse matrix, which takes time proportional to the edges.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K,); the batch shapes broadcast.

    Support:
        real vectors.

    References:
        J. Besag (1974), "Spatial interaction and the statistical analysis of lattice systems"
        X. Jin, B. P. Carlin, S. Banerjee (2005), "Generalized hierarchical multivariate CAR models for areal data"

    Example:
        >>> path = torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
        >>> CAR(torch.zeros(3), 0.5, 2.0, path).log_prob(torch.ones(3))
        tensor(-3.5144)
    """

    has_rsample = True
    support = constraints.real_vector
    arg_constraints = {
        "loc": constraints.real_vector,
        "correlation": constraints.interval(-1, 1),
        "conditional_precision": constraints.positive,
        "adj_matrix": constraints.symmetric,
    }
    _shaped_by = "adj_matrix"
    loc: Tensor
    correlation: Tensor
    conditional_precision: Tensor
    adj_matrix: Tensor

    def __init__(
        self,
        loc: Tensor | float,
        correlation: Tensor | float,
        conditional_precision: Tensor | float,
        adj_matrix: Tensor,
        is_sparse: bool = False,
        validate_args: bool | None = None,
    ) -> None:
        dense = adj_matrix if adj_matrix.layout is torch.strided else adj_matrix.to_dense()
        size = dense.size(-1)
        if is_sparse and dense.dim() > 2:
            raise ValueError(f"CAR: adj_matrix has shape {tuple(dense.shape)}, expected two dimensions for is_sparse. "
                             "Use the dense form for a batch of graphs.")
        self.is_sparse = is_sparse
        self._edges = dense.detach().nonzero().unbind(-1) if is_sparse else None
        loc = torch.as_tensor(loc, dtype=dense.dtype, device=dense.device)
        super().__init__((size,), validate_args=validate_args, loc=loc.expand(loc.shape[:-1] + (size,)),
                         correlation=correlation, conditional_precision=conditional_precision, adj_matrix=dense)

    @lazy_property
    def _degrees(self) -> Tensor:
        return self.adj_matrix.sum(-1)

    @lazy_property
    def _eigenvalues(self) -> Tensor:
        root = self._degrees.rsqrt()
        scaled = root[..., None] * self.adj_matrix * root[..., None, :]
        eigenvalues: Tensor = torch.linalg.eigvalsh((scaled + scaled.mT) / 2)
        return eigenvalues

    @property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance matrix."""
        coupled = self.correlation[..., None, None] * self.adj_matrix
        return self.conditional_precision[..., None, None] * (self._degrees.diag_embed() - coupled)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws fields, with gradients to the parameters."""
        noise = torch.randn(self.shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        factor = torch.linalg.cholesky(self.precision_matrix)
        return self.loc + triangular_solve(noise[..., None], factor, transpose=True)[..., 0]

    def _log_density(self, value: Tensor) -> Tensor:
        centred = value - self.loc
        energy = (centred * (self._degrees * centred - self.correlation[..., None] * self._neighbours(centred))).sum(-1)
        log_det = torch.log1p(-self.correlation[..., None] * self._eigenvalues).sum(-1) + self._degrees.log().sum(-1)
        size = self.event_shape[0]
        return 0.5 * (log_det + size * (self.conditional_precision.log() - math.log(2 * math.pi))
                      - self.conditional_precision * energy)

    def _neighbours(self, centred: Tensor) -> Tensor:
        """The weighted sum over each node's neighbours."""
        if self._edges is None:
            return matvecmul(self.adj_matrix, centred)
        to, start = self._edges
        weights = self.adj_matrix.flatten(0, -3)[0] if self.adj_matrix.dim() > 2 else self.adj_matrix
        return torch.zeros_like(centred).index_add(-1, to, weights[to, start] * centred[..., start])

    @property
    def mean(self) -> Tensor:
        """The mean, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The diagonal of the covariance matrix."""
        return torch.cholesky_inverse(torch.linalg.cholesky(self.precision_matrix)).diagonal(dim1=-2, dim2=-1)
