"""What autoregressive flows share: their inverse, and networks with the context filled in."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

__all__ = ["InContext", "invert_in_order"]


class InContext(partial[Any]):
    """An autoregressive network with the context filled in; it has the network's order.

    Args:
        nn: a network of an input and a context.
        context: the context.
    """

    def __new__(cls, nn: Callable[..., Any], context: Tensor) -> "InContext":
        return super().__new__(cls, nn, context=context)

    @property
    def permutation(self) -> Tensor:
        """The order of the variables."""
        order: Tensor = self.func.permutation  # type: ignore[attr-defined]
        return order


def invert_in_order(
    y: Tensor, permutation: Tensor, solve: Callable[[Tensor], tuple[Tensor, Tensor]]
) -> tuple[Tensor, Tensor]:
    """Inverts a map in which each variable's parameters depend on the variables before it.

    In each round the next variable of the order is found, so the last round has all variables' parameters.

    Args:
        y: the image.
        permutation: the order of the variables.
        solve: from a vector whose variables are right up to some place in the order, the vector that is right one place
            further, and the logarithms of the derivatives, right up to the same place.

    Returns:
        The argument, and the logarithms of the derivatives.
    """
    place = permutation.argsort()
    x = torch.zeros_like(y)
    log_derivatives = x
    for i in range(y.shape[-1]):
        candidate, log_derivatives = solve(x)
        x = torch.where(place == i, candidate, x)
    return x, log_derivatives
