"""A family that states its standard density and quantiles is shifted, scaled, drawn and expanded by its base."""

import math

import torch
from torch import Tensor

from pyro.distributions.location_scale import LocationScale


class Hat(LocationScale):
    """The density 1 - |z| on (-1, 1)."""

    def __init__(self, loc: Tensor, scale: Tensor) -> None:
        super().__init__(loc=loc, scale=scale)

    def _log_standard(self, z: Tensor) -> Tensor:
        return (-z.abs()).log1p()

    def icdf(self, value: Tensor) -> Tensor:
        tail = torch.minimum(value, 1 - value)
        return self.loc + self.scale * torch.where(value < 0.5, 1.0, -1.0) * ((2 * tail).sqrt() - 1)


def test_a_family_of_two_methods() -> None:
    loc, scale = torch.tensor([0.0, 5.0], requires_grad=True), torch.tensor([1.0, 0.1], requires_grad=True)
    d = Hat(loc, scale).expand([3, 2])
    torch.testing.assert_close(d.log_prob(d.loc + d.scale / 2), (0.5 / d.scale).log())
    torch.manual_seed(0)
    draws = d.rsample((4000,))
    assert draws.shape == (4000, 3, 2)
    error = ((draws - d.loc) / d.scale).mean(0)
    assert (error.abs() <= 5 / math.sqrt(6 * len(draws))).all()
    (grad,) = torch.autograd.grad(draws.sum(), loc)
    torch.testing.assert_close(grad, torch.full((2,), 12_000.0))
