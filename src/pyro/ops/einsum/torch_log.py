r"""Einsum over log-densities: sums of products, where tensors hold logarithms.

.. math::
    \log \sum_b e^{x_{ab}} e^{y_{bc}}

Contract: a backend module for opt_einsum, with ``einsum``, ``tensordot`` and ``transpose``. It does not overflow: each
operand is shifted by its greatest entries along the dims that are summed over. A sum of nothing but minus infinities
is minus infinity.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["einsum", "tensordot", "transpose"]


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Multiplies and sums tensors that are given by their logarithms.

    Args:
        equation: the dims' symbols, with the result's after ``->``.
        *operands: logarithms.

    Returns:
        The result's logarithm.

    Example:
        >>> einsum("ab->a", torch.zeros(2, 4)).exp()
        tensor([4., 4.])
    """
    inputs, output = equation.split("->")
    shifts, factors, shift_dims = [], [], []
    for dims, operand in zip(inputs.split(","), operands, strict=True):
        summed = [i for i, dim in enumerate(dims) if dim not in output]
        # the identity amax over no dims; amax over [] would reduce over all
        shift = (operand.amax(summed, keepdim=True) if summed else operand).detach()
        shift = shift.clamp(min=torch.finfo(shift.dtype).min)
        factors.append((operand - shift).exp())
        shifts.append(shift.squeeze(summed))
        shift_dims.append("".join(dim for dim in dims if dim in output))
    result: Tensor = torch.einsum(equation, *factors).log()
    for dims, shift in zip(shift_dims, shifts, strict=True):
        aligned = shift.permute([dims.index(dim) for dim in output if dim in dims])
        shape = iter(aligned.shape)
        result = result + aligned.reshape([next(shape) if dim in dims else 1 for dim in output])
    return result


def tensordot(x: Tensor, y: Tensor, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Tensor:
    """Multiplies two tensors and sums over some dims, as :func:`torch.tensordot` does.

    Args:
        x: logarithms.
        y: logarithms.
        axes: the dims of each that are summed over, or how many: the last of ``x`` and the first of ``y``.

    Returns:
        The result's logarithm.
    """
    if isinstance(axes, int):
        axes = (range(x.dim() - axes, x.dim()), range(axes))
    x_symbols = [chr(ord("a") + i) for i in range(x.dim())]
    y_symbols = [chr(ord("A") + i) for i in range(y.dim())]
    for i, j in zip(*axes, strict=True):
        y_symbols[j] = x_symbols[i]
    output = [dim for dim in x_symbols if dim not in y_symbols] + [dim for dim in y_symbols if dim not in x_symbols]
    return einsum(f"{''.join(x_symbols)},{''.join(y_symbols)}->{''.join(output)}", x, y)


def transpose(a: Tensor, axes: Sequence[int]) -> Tensor:
    """Permutes dims."""
    return a.permute(tuple(axes))
