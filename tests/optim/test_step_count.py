"""Step counts on tensors and the bias correction computed from them."""

import pytest
import torch

from pyro.optim.clipped_adam import ClippedAdam
from pyro.optim.step_count import one_minus_power


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.999, 0.999999])
@pytest.mark.parametrize("t", [1, 2, 10, 10_000])
def test_bias_correction_to_single_precision(beta, t):
    actual = one_minus_power(beta, torch.tensor(float(t)))
    torch.testing.assert_close(actual.double(), torch.tensor(1 - beta**t, dtype=torch.float64), rtol=1e-6, atol=0)


def test_counts_of_older_states_become_tensors():
    p = torch.zeros(2, requires_grad=True)
    p.grad = torch.ones(2)
    optimizer = ClippedAdam([p])
    optimizer.step()
    state = optimizer.state_dict()
    state["state"][0]["step"] = 7
    del state["param_groups"][0]["capturable"]
    optimizer.load_state_dict(state)
    optimizer.step()
    assert torch.equal(optimizer.state[p]["step"], torch.tensor(8.0))
