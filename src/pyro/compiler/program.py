"""What the compiler is given: a loss, its parameters and their optimiser."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

__all__ = ["Program"]

Clip = Callable[[Tensor], None]


@dataclass(frozen=True)
class Program:
    """One step of stochastic optimisation, before it is captured.

    Attributes:
        loss: the differentiable loss; takes the step's arguments.
        parameters: leaf tensors by name. The loss reads these very tensors, wherever it finds them.
        optimizer: holds all the parameters, with their state.
        clips: for some parameters, by name, a function that bounds the leaf's gradient in place.
    """

    loss: Callable[..., Tensor]
    parameters: Mapping[str, Tensor]
    optimizer: Optimizer
    clips: Mapping[str, Clip]

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """The loss for the arguments of a step."""
        return self.loss(*args, **kwargs)
