"""How the arguments of the block neural autoregressive guide reach its flows."""

import pytest

from pyro.distributions.transforms import BlockAutoregressive, Permute
from pyro.infer.autoguide import AutoBNAFNormal
from tests.infer.autoguide.cases import eight_schools


@pytest.mark.parametrize("num_flows", [1, 3])
def test_flows_are_gated_but_the_last_and_reversed_in_between(num_flows: int) -> None:
    guide = AutoBNAFNormal(eight_schools, num_flows=num_flows, hidden_factors=[2, 3])
    guide()
    parts = list(guide.transform.parts)
    flows = parts[::2]
    assert all(isinstance(flow, BlockAutoregressive) for flow in flows)
    assert [flow.residual for flow in flows] == ["gated"] * (num_flows - 1) + [None]
    assert all(isinstance(part, Permute) for part in parts[1::2])
    assert len(flows) == num_flows


def test_there_is_at_least_one_flow() -> None:
    with pytest.raises(ValueError, match="num_flows >= 1"):
        AutoBNAFNormal(eight_schools, num_flows=0)
