"""Scales the log-density of sites."""

import numbers

import torch
from torch import Tensor

from pyro.ops import validation
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message


class ScaleMessenger(Messenger):
    """Multiplies log-densities by a factor, as for annealing or for a batch that stands for more data.

    Args:
        scale: a positive number, or a tensor of such that broadcasts to the sites' batch shapes.

    Raises:
        ValueError: if the scale is not positive.
    """

    def __init__(self, scale: float | Tensor) -> None:
        if isinstance(scale, Tensor):
            if validation.is_validation_enabled():
                validation.require(scale > 0, lambda: _not_positive(scale))
        elif not isinstance(scale, numbers.Real | torch.SymInt | torch.SymFloat):
            raise TypeError(f"scale: expected a number or a tensor, got {scale!r}.")
        elif not scale > 0:
            raise _not_positive(scale)
        super().__init__()
        self.scale = scale

    def _process_message(self, msg: Message) -> None:
        msg["scale"] = self.scale * msg["scale"]


def _not_positive(scale: object) -> ValueError:
    return ValueError(f"Expected scale > 0 but got {scale}. To ignore sites use poutine.mask() instead of "
                      "poutine.scale().")
