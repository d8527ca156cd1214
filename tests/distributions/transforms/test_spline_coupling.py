"""Laws of the coupling of splines; see test_laws.py for those that it shares."""

import torch

from pyro.distributions.transforms.spline_coupling import SplineCoupling, spline_coupling
from pyro.ops.dense_nn import DenseNN


def test_first_part_moves_by_itself_and_makes_the_second_move() -> None:
    flow = spline_coupling(5, split_dim=2)
    x = torch.randn(7, 5)
    y = flow(x)
    assert torch.equal(y[:, :2], flow.lower_spline(x[:, :2]))
    torch.testing.assert_close(y[:, 2:], flow.upper_spline.condition(x[:, :2])(x[:, 2:]))


def test_identity_leaves_the_first_part() -> None:
    flow = SplineCoupling(5, 2, DenseNN(2, [4], [12, 12, 9, 12]), count_bins=4, identity=True)
    x = torch.randn(7, 5)
    y = flow(x)
    assert torch.equal(y[:, :2], x[:, :2]) and not torch.equal(y[:, 2:], x[:, 2:])
