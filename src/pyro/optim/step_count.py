"""How Pyro's own optimisers count their steps: in a scalar tensor, as torch's do.

A count that is a tensor can be an input of a captured step; a Python number would be baked into it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

__all__ = ["Counting", "one_minus_power"]


class Counting(Optimizer):
    """An optimiser whose states hold a tensor ``step``; states of older Pyro versions hold a number, converted here."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for param_state in self.state.values():
            if "step" in param_state:
                param_state["step"] = torch.as_tensor(param_state["step"], dtype=torch.float32)


def one_minus_power(beta: float, step: Tensor) -> Tensor:
    """Computes :math:`1 - \\beta^t`, the correction of a running mean's bias.

    For the usual decay rates close to one, the difference would lose four of single precision's seven digits; it is
    taken in double precision.

    Args:
        beta: decay rate, from 0 to 1.
        step: how many steps were taken.
    """
    return (1 - beta ** step.double()).to(step.dtype)
