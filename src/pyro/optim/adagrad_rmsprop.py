r"""The step-size sequence of automatic differentiation variational inference, between Adagrad and RMSProp.

With gradient :math:`g_k` at step :math:`k = 1, 2, ...`:

.. math::

    s_k = t\,g_k^2 + (1 - t)\,s_{k-1} \qquad s_1 = g_1^2 \qquad
    \theta_k = \theta_{k-1} - \eta\,k^{-1/2 + \delta}\,\frac{g_k}{1 + \sqrt{s_k}}

The power of :math:`k` decays as Adagrad's step sizes do; the running mean of squares forgets as RMSProp's does.
"""

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from pyro.optim.step_count import Counting

__all__ = ["AdagradRMSProp"]


class AdagradRMSProp(Counting):
    """A mixture of Adagrad and RMSProp.

    Args:
        params: parameters, or dicts that define parameter groups.
        eta: scale of the step size.
        delta: small addition to the power -1/2 of the step count.
        t: weight of the newest squared gradient in the running mean.

    References:
        Alp Kucukelbir, Dustin Tran, Rajesh Ranganath, Andrew Gelman, David M. Blei, "Automatic Differentiation
        Variational Inference", equations 10 and 11, https://arxiv.org/abs/1603.00788
    """

    def __init__(self, params: ParamsT, eta: float = 1.0, delta: float = 1e-16, t: float = 0.1) -> None:
        super().__init__(params, {"eta": eta, "delta": delta, "t": t})
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p] = {"step": torch.zeros((), dtype=torch.float32), "sum": torch.zeros_like(p)}

    def share_memory(self) -> None:
        """Moves the running sums to memory that other processes can map."""
        for state in self.state.values():
            state["sum"].share_memory_()

    def _step_group(self, group: dict[str, Any], params: list[Tensor]) -> None:
        for p in params:
            assert p.grad is not None
            if p.grad.is_sparse:
                raise NotImplementedError("AdagradRMSProp does not take sparse gradients. Use pyro.optim.SparseAdam, "
                                          "or a dense gradient.")
            state = self.state[p]
            state["step"] += 1
            is_first = (state["step"] == 1).to(p)  # has no past to average with
            state["sum"].lerp_(p.grad.square(), group["t"] + (1 - group["t"]) * is_first)
            rate = group["eta"] * state["step"].to(p.dtype) ** (-0.5 + group["delta"])
            p.sub_(rate * p.grad / (1 + state["sum"].sqrt()))
