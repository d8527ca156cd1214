"""Laws of the radial flow; see test_laws.py for those that it shares."""

import pytest
import torch

from pyro.distributions.transforms.radial import ConditionedRadial, Radial, conditional_radial, radial


@pytest.mark.parametrize("beta_prime", [-30.0, -1.0, 0.0, 20.0])
@pytest.mark.parametrize("alpha_prime", [-5.0, 0.0, 20.0])
def test_inverse_for_any_parameters(alpha_prime: float, beta_prime: float) -> None:
    params = [torch.tensor(p, dtype=torch.float64) for p in ([1.0, -2.0], [alpha_prime], [beta_prime])]
    flow = ConditionedRadial((params[0], params[1], params[2])).with_cache(0)
    x = 3 * torch.randn(50, 2, dtype=torch.float64)
    y = flow(x)
    # where the map contracts by many orders of magnitude, the inverse loses as many
    torch.testing.assert_close(flow(flow.inv(y)), y, rtol=1e-9, atol=1e-9)
    if beta_prime > -10:
        torch.testing.assert_close(flow.inv(y), x, rtol=1e-6, atol=1e-6)


def test_centre_stays() -> None:
    flow = radial(3)
    assert isinstance(flow, Radial)
    torch.testing.assert_close(flow(flow.x0), flow.x0)
    before = flow.x0.clone()
    flow.reset_parameters()
    assert not torch.equal(flow.x0, before)
    assert conditional_radial(3, 2, hidden_dims=[4]).nn(torch.zeros(2))[0].shape == (3,)
