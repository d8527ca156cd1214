r"""Adam with clipped gradients and a learning rate that decays at every step.

With gradient :math:`g_t`, clipped elementwise to :math:`[-c, c]`, and weight decay :math:`w`:

.. math::

    h_t &= \operatorname{clip}(g_t, -c, c) + w\,\theta_{t-1} \\
    m_t &= \beta_1 m_{t-1} + (1 - \beta_1) h_t \qquad v_t = \beta_2 v_{t-1} + (1 - \beta_2) h_t^2 \\
    \theta_t &= \theta_{t-1} - \alpha_t \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m_t}{\sqrt{v_t} + \epsilon}
    \qquad \alpha_t = d\,\alpha_{t-1}

With centered variance, :math:`(h_t - m_t)^2` takes the place of :math:`h_t^2`.
"""

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from pyro.optim.step_count import Counting, one_minus_power

__all__ = ["ClippedAdam"]


class ClippedAdam(Counting):
    """Adam with elementwise clipped gradients and a decaying learning rate.

    The option ``capturable`` of a parameter group, as of torch's optimisers, keeps step counts on tensors throughout,
    for those who capture :meth:`step` in a graph.

    Args:
        params: parameters, or dicts that define parameter groups.
        lr: learning rate.
        betas: decay rates of the gradient's running mean and of its running square.
        eps: added to the denominator.
        weight_decay: L2 penalty.
        clip_norm: largest magnitude of a gradient's element; what exceeds it is clipped, in ``grad`` itself.
        lrd: factor on the learning rate at each step.
        centered_variance: divide by the gradient's deviation from its running mean, not by its magnitude.

    References:
        Diederik P. Kingma, Jimmy Ba, "Adam: A Method for Stochastic Optimization", https://arxiv.org/abs/1412.6980
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        clip_norm: float = 10.0,
        lrd: float = 1.0,
        centered_variance: bool = False,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "clip_norm": clip_norm, "lrd": lrd,
            "centered_variance": centered_variance, "capturable": False})

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("capturable", False)

    def _step_group(self, group: dict[str, Any], params: list[Tensor]) -> None:
        beta1, beta2 = group["betas"]
        states = [self._state(p) for p in params]
        means = [state["exp_avg"] for state in states]
        squares = [state["exp_avg_sq"] for state in states]

        grads: Any = [p.grad for p in params]
        torch._foreach_clamp_min_(grads, -group["clip_norm"])
        torch._foreach_clamp_max_(grads, group["clip_norm"])
        if group["weight_decay"] != 0:
            grads = torch._foreach_add(grads, params, alpha=group["weight_decay"])
        torch._foreach_lerp_(means, grads, 1 - beta1)
        deviations = torch._foreach_sub(grads, means) if group["centered_variance"] else grads
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, deviations, deviations, 1 - beta2)

        denominators = torch._foreach_sqrt(squares)
        torch._foreach_add_(denominators, group["eps"])
        updates = torch._foreach_div(means, denominators)
        sizes = [_step_size(group, state["step"], p.dtype) for p, state in zip(params, states, strict=True)]
        torch._foreach_mul_(updates, sizes)
        torch._foreach_add_(params, updates)

    def _state(self, p: Tensor) -> dict[str, Any]:
        """A parameter's state, new at its first step, with this step counted."""
        state: dict[str, Any] = self.state[p]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg"] = torch.zeros_like(p)
            state["exp_avg_sq"] = torch.zeros_like(p)
        state["step"] += 1
        return state


def _step_size(group: dict[str, Any], step: Tensor, dtype: torch.dtype) -> Any:
    """The factor on the update: minus the learning rate, times the bias correction. A tensor if capturable."""
    beta1, beta2 = group["betas"]
    if group["capturable"]:
        step = step.to(dtype)
        return -group["lr"] * one_minus_power(beta2, step).sqrt() / one_minus_power(beta1, step)
    t = step.item()
    return -group["lr"] * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
