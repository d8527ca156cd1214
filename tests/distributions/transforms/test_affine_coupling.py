"""Laws of the affine coupling layer; see test_laws.py for those that it shares."""

from typing import Any

import pytest
import torch

from pyro.distributions.transforms.affine_coupling import affine_coupling, conditional_affine_coupling


def test_first_part_stays_and_moves_the_second() -> None:
    flow = affine_coupling(5, split_dim=2)
    x = torch.randn(7, 5)
    y = flow(x)
    assert torch.equal(y[:, :2], x[:, :2])
    mean, log_scale = flow.nn(x[:, :2])
    torch.testing.assert_close(y[:, 2:], mean + log_scale.exp() * x[:, 2:])


def test_events_of_more_dimensions() -> None:
    flow = affine_coupling([4, 2], dim=-2)
    assert flow.split_dim == 2 and flow.domain.event_dim == 2
    assert (flow.nn.input_dim, flow.nn.hidden_dims, flow.nn.param_dims) == (4, [80], [4, 4])
    conditional = conditional_affine_coupling([4, 2], 3, dim=-2)
    assert conditional.domain.event_dim == 2
    assert conditional.condition(torch.randn(6, 3))(torch.randn(4, 2)).shape == (6, 4, 2)


@pytest.mark.parametrize(("kwargs", "message"), [
    ({"input_dim": [4], "dim": -2}, "2 dimensions"),
    ({"input_dim": [4, 2]}, "1 dimensions"),
    ({"input_dim": 4, "dim": 1}, "negative 'dim'"),
])
def test_wrong_dimensions_are_refused(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        affine_coupling(**kwargs)
    with pytest.raises(ValueError, match=message):
        conditional_affine_coupling(context_dim=3, **kwargs)
