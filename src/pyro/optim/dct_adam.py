r"""Adam for time series: each series is optimised in the time domain and in the frequency domain at once.

With :math:`C` the orthonormal discrete cosine transform along the time dimension, a parameter is written in the
redundant frame :math:`\theta = F^\top w` with :math:`F = [I; C]`. The gradient with respect to :math:`w` is
:math:`F g`; Adam takes its step in the coordinates :math:`w`, and the parameter follows by :math:`F^\top`. So slow
components of a series, spread thinly over its elements, move as fast as single elements do.
"""

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from pyro.ops.cosine_transform import dct, idct
from pyro.optim.step_count import Counting, one_minus_power

__all__ = ["DCTAdam"]


class DCTAdam(Counting):
    """Adam with clipped gradients, a decaying learning rate, and a cosine transform along marked dimensions.

    A leaf tensor whose attribute ``_pyro_dct_dim`` is a negative dimension is transformed along it. Others are treated
    as :class:`~pyro.optim.clipped_adam.ClippedAdam` treats them.

    Args:
        params: parameters, or dicts that define parameter groups.
        lr: learning rate.
        betas: decay rates of the gradient's running mean and of its running square.
        eps: added to the denominator.
        clip_norm: largest magnitude of a gradient's element.
        lrd: factor on the learning rate at each step.
        subsample_aware: step only those elements that took part in the subsample, as recorded in the leaf tensor's
            attribute ``_pyro_subsample``, a dict from negative dimensions to indices. Others keep their state.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        clip_norm: float = 10.0,
        lrd: float = 1.0,
        subsample_aware: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "clip_norm": clip_norm, "lrd": lrd,
                                  "subsample_aware": subsample_aware})

    def _step_group(self, group: dict[str, Any], params: list[Tensor]) -> None:
        for p in params:
            assert p.grad is not None
            p.grad.clamp_(-group["clip_norm"], group["clip_norm"])
            self._step_param(group, p)

    def _step_param(self, group: dict[str, Any], p: Tensor) -> None:
        time_dim: int | None = getattr(p, "_pyro_dct_dim", None)
        subsample: dict[int, Tensor] = getattr(p, "_pyro_subsample", {}) if group["subsample_aware"] else {}
        if time_dim in subsample:
            subsample = {}  # the transform of a part of a series is no part of its transform
        state = self.state[p]
        if not state:
            zeros = torch.zeros_like(p) if time_dim is None else _analyse(torch.zeros_like(p), time_dim)
            state.update(step=torch.zeros((), dtype=torch.float32), exp_avg=zeros, exp_avg_sq=zeros.clone())
        if subsample and state["step"].dim() == 0:  # from here on each element counts its own steps
            state["step"] = state["step"].expand(state["exp_avg"].shape).to(p.device).clone()

        chosen = _grid(subsample, state["exp_avg"].shape)
        assert p.grad is not None
        grad = p.grad[_grid(subsample, p.shape)]
        if time_dim is not None:
            grad = _analyse(grad, time_dim)
        beta1, beta2 = group["betas"]
        count = chosen if state["step"].dim() else (...,)
        t = state["step"][count] + 1
        mean = state["exp_avg"][chosen].lerp(grad, 1 - beta1)
        square = beta2 * state["exp_avg_sq"][chosen] + (1 - beta2) * grad.square()
        state["step"][count], state["exp_avg"][chosen], state["exp_avg_sq"][chosen] = t, mean, square

        size = group["lr"] * one_minus_power(beta2, t.to(p.dtype)).sqrt() / one_minus_power(beta1, t.to(p.dtype))
        update = size * mean / (square.sqrt() + group["eps"])
        if time_dim is not None:
            update = _synthesise(update, time_dim)
        p[_grid(subsample, p.shape)] -= update


def _grid(indices: dict[int, Tensor], shape: torch.Size) -> tuple[Any, ...]:
    """An index of the product of some elements along the dimensions ``indices`` and of all along the others."""
    if not indices:
        return (...,)
    dims = range(-len(shape), 0)
    picked = [indices.get(dim, torch.arange(shape[dim])) for dim in dims]
    return tuple(index.reshape((-1,) + (1,) * (-1 - dim)) for dim, index in zip(dims, picked, strict=True))


def _analyse(x: Tensor, dim: int) -> Tensor:
    """Both descriptions of a series, time first, joined along ``dim``."""
    return torch.cat([x, dct(x, dim)], dim)


def _synthesise(w: Tensor, dim: int) -> Tensor:
    """The transpose of :func:`_analyse`: the series that both parts describe together."""
    in_time, in_frequency = w.chunk(2, dim)
    return in_time + idct(in_frequency, dim)
