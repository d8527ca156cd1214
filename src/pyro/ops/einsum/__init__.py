"""Contractions of many tensors, in an order that opt_einsum chooses, over the semiring of a backend module.

Source: D. G. A. Smith, J. Gray (2018), *opt_einsum - A Python package for optimizing contraction order for einsum-like
expressions*, Journal of Open Source Software 3(26).
"""

from typing import Any

import opt_einsum

__all__ = ["contract", "contract_expression"]


def contract(equation: str, *operands: Any, **kwargs: Any) -> Any:
    """Sums products of tensors.

    Args:
        equation: the dims' symbols, as ``"ab,bc->ac"``.
        *operands: the tensors.
        **kwargs: for :func:`opt_einsum.contract`; ``backend`` names the module with the semiring's operations, such as
            ``"pyro.ops.einsum.torch_log"``.

    Returns:
        The contracted tensor.

    Example:
        >>> import torch
        >>> contract("a,a->", torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
        tensor(11.)
    """
    return opt_einsum.contract(equation, *operands, **{"backend": "torch", **kwargs})


def contract_expression(equation: str, *shapes: Any, **kwargs: Any) -> Any:
    """Plans a contraction once for tensors of given shapes.

    Args:
        equation: the dims' symbols.
        *shapes: the tensors' shapes.
        **kwargs: for :func:`opt_einsum.contract_expression`.

    Returns:
        A function of the tensors.
    """
    return opt_einsum.contract_expression(equation, *shapes, **kwargs)
