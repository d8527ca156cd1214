"""Law of the clamp that gradients pass."""

import torch

from pyro.distributions.transforms.utils import clamp_preserve_gradients


def test_values_are_clamped_and_gradients_are_not() -> None:
    x = torch.tensor([-40.0, -0.2, 7.0], requires_grad=True)
    y = clamp_preserve_gradients(x, -0.5, 0.5)
    y.sum().backward()
    torch.testing.assert_close(y, torch.tensor([-0.5, -0.2, 0.5]))
    assert x.grad is not None and torch.equal(x.grad, torch.ones(3))
