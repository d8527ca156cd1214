"""Laws of the planar flow; see test_laws.py for those that it shares."""

import torch

from pyro.distributions.transforms.planar import ConditionedPlanar, Planar, conditional_planar, planar


def test_any_parameters_make_a_map_that_is_one_to_one() -> None:
    u, w = 5 * torch.randn(2, 100, 3, dtype=torch.float64)
    flow = ConditionedPlanar((torch.zeros(1, dtype=torch.float64), u, w))
    along = (flow.u_hat(u, w) * w).sum(-1)
    assert (along >= -1 - 1e-12).all()
    x = torch.randn(100, 3, dtype=torch.float64)
    y = flow(x)
    torch.testing.assert_close(y, x + flow.u_hat(u, w) * (x * w).sum(-1, keepdim=True).tanh())


def test_parameters_are_drawn_within_limits() -> None:
    flow = planar(16)
    before = flow.u.clone()
    flow.reset_parameters()
    assert not torch.equal(flow.u, before)
    assert (flow.u.abs() <= 0.25).all() and (flow.w.abs() <= 0.25).all() and not flow.bias.any()
    assert isinstance(flow, Planar)
    assert conditional_planar(3, 2, hidden_dims=[4]).nn(torch.zeros(2))[1].shape == (3,)
