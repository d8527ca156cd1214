"""Second derivatives of a scalar."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["hessian"]


def hessian(y: Tensor, xs: Tensor | Sequence[Tensor]) -> Tensor:
    """The matrix of second derivatives of a scalar.

    Args:
        y: a scalar, a function of all ``xs``.
        xs: one tensor or several; their elements in order are the rows and columns.

    Returns:
        A square matrix.

    Example:
        >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> hessian(x[0] * x[1] ** 2, x)
        tensor([[0., 4.],
                [4., 2.]])
    """
    variables = [xs] if isinstance(xs, Tensor) else list(xs)
    gradients = torch.autograd.grad(y, variables, create_graph=True)
    slopes = torch.cat([gradient.flatten() for gradient in gradients])
    rows = [torch.autograd.grad(slope, variables, retain_graph=True, materialize_grads=True)
            if slope.requires_grad else [torch.zeros_like(x) for x in variables] for slope in slopes]
    return torch.stack([torch.cat([part.flatten() for part in row]) for row in rows])
