"""Laws of the shapes of linear state space models."""

import pytest
import torch

import pyro.distributions as dist
from pyro.distributions.linear_shapes import check_event, linear_shapes

PARTS = {
    "initial_dist": dist.Normal(torch.zeros(2), 1.0).to_event(1), "transition_matrix": torch.eye(2),
    "transition_dist": dist.Normal(torch.zeros(4, 2), 1.0).to_event(1), "observation_matrix": torch.ones(3, 1, 2, 1),
    "observation_dist": dist.Normal(torch.zeros(1), 1.0).to_event(1),
}


def test_batches_and_time_broadcast() -> None:
    assert linear_shapes("Model", **PARTS) == ((3,), (4, 1))


@pytest.mark.parametrize(("name", "part"), [
    ("initial_dist", dist.Normal(torch.zeros(2), 1.0)),
    ("transition_dist", dist.Normal(torch.zeros(3), 1.0).to_event(1)),
    ("transition_matrix", torch.eye(3)), ("observation_dist", dist.Normal(torch.zeros(2), 1.0).to_event(1))])
def test_misfits_are_named(name: str, part: object) -> None:
    with pytest.raises(ValueError, match=f"Model: {name} has event shape"):
        linear_shapes("Model", **{**PARTS, name: part})
    check_event("Model", name, (2,), torch.Size([2]))
