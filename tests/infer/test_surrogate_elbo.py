"""The loss is the particles' sum, its gradient that of their surrogates, at once or one after the other."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pyro.infer.surrogate_elbo import SurrogateELBO
from pyro.poutine.trace_struct import Trace


class Squares(SurrogateELBO):
    """Has a loss and another surrogate for its first particle, and one tensor for its second."""

    def __init__(self, x: Tensor) -> None:
        super().__init__(num_particles=2)
        self.x = x

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        raise AssertionError("particles are made without a model")

    def _particles(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        yield self.x.square(), 5 * self.x
        yield (loss := 3 * self.x), loss


def test_loss_and_gradient() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    elbo = Squares(x)
    loss = elbo.differentiable_loss(None, None)
    assert loss == 10.0
    assert torch.autograd.grad(loss, x) == (torch.tensor(8.0),)
    assert elbo.loss_and_grads(None, None) == 10.0
    assert x.grad == 8.0
    with torch.no_grad():
        assert elbo.loss_and_grads(None, None) == 10.0
