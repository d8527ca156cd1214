"""Conditional flows get their parameters from the network, each time anew."""

import pytest
import torch

from pyro.distributions.transforms.conditioned import ByNetwork, Given
from pyro.distributions.transforms.planar import ConditionalPlanar
from pyro.distributions.transforms.radial import ConditionalRadial


@pytest.mark.parametrize(("family", "sizes"), [(ConditionalPlanar, [1, 3, 3]), (ConditionalRadial, [3, 1, 1])])
def test_the_network_s_output_is_what_the_flow_is_given(family: type[ByNetwork], sizes: list[int]) -> None:
    net = torch.nn.Linear(2, sum(sizes))
    conditional = family(lambda context: net(context).split(sizes, -1))
    x, contexts = torch.randn(4, 3), torch.randn(2, 2)
    images = []
    for context in contexts:
        flow = conditional.condition(context)
        assert isinstance(flow, Given)
        images.append(flow(x))
        torch.testing.assert_close(images[-1], type(flow)(net(context).split(sizes, -1))(x))
    assert not torch.equal(images[0], images[1])
