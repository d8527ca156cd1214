"""What autoregressive flows share: their inverse, and their conditional forms, with the context filled in."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.conditional import ConditionalTransformModule
from pyro.distributions.transforms.flow import Flow
from pyro.ops.auto_reg_nn import ConditionalAutoRegressiveNN

__all__ = ["ConditionalAutoregressive", "InContext", "invert_in_order"]


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


class ConditionalAutoregressive(ConditionalTransformModule):
    """An autoregressive flow whose network reads a context too; a subclass names the ``_flow``.

    Args:
        autoregressive_nn: a :class:`~pyro.nn.ConditionalAutoRegressiveNN`.
        **kwargs: passed to the flow.
    """

    domain = codomain = constraints.real_vector
    bijective = True
    _flow: ClassVar[type[Any]]

    def __init__(self, autoregressive_nn: ConditionalAutoRegressiveNN, **kwargs: Any) -> None:
        super().__init__()
        self.nn = autoregressive_nn
        self.kwargs = kwargs

    def condition(self, context: Tensor) -> Flow:
        """The flow given a context."""
        flow: Flow = self._flow(InContext(self.nn, context), **self.kwargs)
        return flow


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
