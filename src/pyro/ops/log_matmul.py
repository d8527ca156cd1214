r"""Products of matrices whose entries are stored as logarithms.

.. math::
    z_{ij} = \log \sum_k \exp(x_{ik} + y_{kj})

Rows of :math:`x` and columns of :math:`y` are shifted by their largest entries, so that a plain product of matrices
does the sum. A term that is smaller than those two largest entries by a factor beyond the floating point range (87 in
the exponent in single precision, 708 in double precision) counts as zero.
"""

import torch
from torch import Tensor

from pyro.ops.batched import Batched
from pyro.ops.pairwise import reduce_pairwise

__all__ = ["logmatmulexp", "sequential_logmatmulexp"]


def logmatmulexp(x: Tensor, y: Tensor) -> Tensor:
    """Multiplies matrices in log space; entries may be minus infinity.

    Args:
        x: logarithms of matrices, shape batch_shape + (n, k).
        y: logarithms of matrices, shape batch_shape + (k, m).

    Returns:
        The logarithms of the products, shape batch_shape + (n, m).
    """
    lowest = torch.finfo(x.dtype).min
    x_shift = x.detach().amax(-1, keepdim=True).clamp(min=lowest)
    y_shift = y.detach().amax(-2, keepdim=True).clamp(min=lowest)
    product = (x - x_shift).exp() @ (y - y_shift).exp()
    # the slope of the logarithm at zero is infinite: relu() changes no value and keeps it from the gradient
    return product.relu().log() + x_shift + y_shift


class _LogMatrices(Batched):
    event_dims = {"logits": 2}
    logits: Tensor


def sequential_logmatmulexp(logits: Tensor) -> Tensor:
    """Multiplies a chain of square matrices in log space, pairwise.

    Args:
        logits: logarithms of matrices, shape batch_shape + (T, n, n).

    Returns:
        The logarithm of their product, shape batch_shape + (n, n).
    """
    return reduce_pairwise(_LogMatrices(logits), lambda x, y: _LogMatrices(logmatmulexp(x.logits, y.logits))).logits
