r"""Transform onto Cholesky factors of correlation matrices, from canonical partial correlations.

Contract: made of gathers at fixed positions, so it can be captured and mapped over; everything is computed from
:math:`\log \operatorname{sech}^2 x`, which stays exact where :math:`1 - \tanh^2 x` has no digits left.

Reference: D. Lewandowski, D. Kurowicka, H. Joe (2009), Generating random correlation matrices based on vines and
extended onion method, Journal of Multivariate Analysis 100(9).
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import transforms
from torch.nn.functional import softplus

__all__ = ["CorrCholesky"]


class CorrCholesky(transforms.CorrCholeskyTransform):
    r"""Maps :math:`n (n - 1) / 2` real numbers, the rows of a strict lower triangle, to a Cholesky factor.

    .. math::
        L_{ij} = \tanh x_{ij} \prod_{k < j} \operatorname{sech} x_{ik} \; (j < i), \qquad
        L_{ii} = \prod_{k < i} \operatorname{sech} x_{ik}, \qquad
        \log |\det J| = \sum_{j < i} \frac{i - j + 1}{2} \log \operatorname{sech}^2 x_{ij}

    The Jacobian is that of the strict lower triangle.

    Example:
        >>> CorrCholesky()(torch.zeros(1))
        tensor([[1., 0.],
                [0., 1.]])
    """

    def _call(self, x: Tensor) -> Tensor:
        n = _size_of(x)
        rows, columns = torch.tril_indices(n, n, -1, device=x.device)
        positions = torch.zeros(n, n, dtype=torch.long, device=x.device)
        positions = positions.index_put((rows, columns), torch.arange(x.shape[-1], device=x.device))
        below = torch.ones(n, n, dtype=torch.bool, device=x.device).tril(-1)
        partial = torch.where(below, x[..., positions], 0.0) if n > 1 else x.new_zeros(x.shape[:-1] + (1, 1))
        log_lengths = _log_sech_squared(partial).cumsum(-1) / 2
        lengths = torch.cat([torch.ones_like(partial[..., :1]), log_lengths[..., :-1].exp()], -1)
        diagonal = lengths.diagonal(dim1=-2, dim2=-1).clamp(min=torch.finfo(x.dtype).tiny)
        return partial.tanh() * lengths + diagonal.diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        n = y.shape[-1]
        rows, columns = torch.tril_indices(n, n, -1, device=y.device)
        # What is left of a row's length to the right of an entry; the row has length one, so nothing cancels.
        rest = (y.tril() ** 2).flip(-1).cumsum(-1).flip(-1)[..., rows, columns + 1]
        return torch.asinh(y[..., rows, columns] * rest.clamp(min=torch.finfo(y.dtype).tiny).rsqrt())

    def log_abs_det_jacobian(self, x: Tensor, y: Any, intermediates: Any = None) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian."""
        n = _size_of(x)
        rows, columns = torch.tril_indices(n, n, -1, device=x.device)
        result: Tensor = (_log_sech_squared(x) * ((rows - columns + 1) / 2).to(x.dtype)).sum(-1)
        return result


def _size_of(x: Tensor) -> int:
    count = x.shape[-1]
    n = (1 + math.isqrt(1 + 8 * count)) // 2
    if n * (n - 1) // 2 != count:
        raise ValueError(f"CorrCholesky: expected n (n - 1) / 2 numbers in the last dimension, got {count}. Pass one "
                         "for each entry below the diagonal.")
    return n


def _log_sech_squared(x: Tensor) -> Tensor:
    return 2 * (math.log(2.0) - x - softplus(-2 * x))
