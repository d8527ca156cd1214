"""Laws of several flows of one kind."""

import pytest
import torch

from pyro.distributions.conditional import ConditionalComposeTransformModule
from pyro.distributions.torch_transform import ComposeTransformModule
from pyro.distributions.transforms.iterated import iterated
from pyro.distributions.transforms.permute import permute
from pyro.distributions.transforms.planar import conditional_planar, planar


def test_each_has_parameters_of_its_own() -> None:
    flow = iterated(3, planar, 2)
    assert isinstance(flow, ComposeTransformModule)
    assert [name for name, _ in flow.named_parameters() if name.endswith(".u")] == ["0.u", "1.u", "2.u"]
    x = torch.randn(4, 2)
    assert torch.equal(flow(x), flow.parts[2](flow.parts[1](flow.parts[0](x))))


def test_conditional_and_plain_transforms() -> None:
    assert isinstance(iterated(2, permute, 3), ComposeTransformModule)
    conditional = iterated(2, conditional_planar, 2, context_dim=3)
    assert isinstance(conditional, ConditionalComposeTransformModule)
    assert conditional.condition(torch.zeros(3))(torch.zeros(2)).shape == (2,)


def test_at_least_one() -> None:
    with pytest.raises(AssertionError, match="at least one"):
        iterated(0, planar, 2)
