"""Flows whose parameters are given, and conditional ones that get them from a network.

``Conditioned...`` is the map with given parameters, from which the flow that learns its own derives.
"""

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.conditional import ConditionalTransformModule
from pyro.distributions.transforms.flow import Flow

__all__ = ["ByNetwork", "Given"]


class Given(Flow):
    """A flow with given parameters; a subclass that learns its own overrides ``_params``.

    Args:
        params: the parameters.
    """

    def __init__(self, params: tuple[Tensor, ...]) -> None:
        super().__init__()
        self._given = params

    def _params(self) -> tuple[Tensor, ...]:
        return self._given


class ByNetwork(ConditionalTransformModule):
    """A flow of vectors whose parameters a network computes from the context; a subclass names the ``_flow``.

    Args:
        nn: returns the parameters.
    """

    domain = codomain = constraints.real_vector
    bijective = True
    _flow: ClassVar[type[Given]]

    def __init__(self, nn: Callable[[Tensor], tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.nn = nn

    def condition(self, context: Tensor) -> Given:
        """The flow given a context."""
        return self._flow(self.nn(context))
