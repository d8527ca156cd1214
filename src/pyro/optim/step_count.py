"""What Pyro's own optimisers share: how a step goes, and is counted: in a scalar tensor, as torch's do.

A count that is a tensor can be an input of a captured step; a Python number would be baked into it.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from pyro.ops.precision import widest

__all__ = ["Counting", "one_minus_power"]


class Counting(Optimizer):
    """An optimiser whose states hold a tensor ``step``; states of older Pyro versions hold a number, converted here."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for param_state in self.state.values():
            if "step" in param_state:
                param_state["step"] = torch.as_tensor(param_state["step"], dtype=torch.float32)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Takes one step.

        Args:
            closure: computes the loss and its gradients anew.

        Returns:
            What ``closure`` returned, if there is one.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if "lrd" in group:
                group["lr"] = group["lr"] * group["lrd"]
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                self._step_group(group, params)
        return loss

    @abstractmethod
    def _step_group(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """Takes the step for those parameters of a group that have gradients; its learning rate has decayed."""


def one_minus_power(beta: float, step: Tensor) -> Tensor:
    """Computes :math:`1 - \\beta^t`, the correction of a running mean's bias.

    For the usual decay rates close to one, the difference would lose four of single precision's seven digits; it is
    taken in double precision.

    Args:
        beta: decay rate, from 0 to 1.
        step: how many steps were taken.
    """
    return (1 - beta ** step.to(widest(step.device))).to(step.dtype)
