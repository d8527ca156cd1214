"""How the arguments of the inverse autoregressive guide reach its flows."""

import pytest

from pyro.infer.autoguide import AutoIAFNormal, init_to_median
from tests.infer.autoguide.cases import eight_schools


@pytest.mark.parametrize(("options", "hidden", "flows"), [
    ({}, [31], 1), ({"hidden_dim": 12}, [12], 1), ({"hidden_dim": [12, 14], "num_transforms": 3}, [12, 14], 3)])
def test_flows_are_as_wide_and_as_many_as_asked(options: dict, hidden: list[int], flows: int) -> None:
    guide = AutoIAFNormal(eight_schools, **options)
    guide()
    assert len(guide.transform) == flows
    layers = guide.transform[0].arn.layers
    assert [layer.weight.shape[0] for layer in list(layers)[:-1]] == hidden


def test_a_location_to_start_from_has_no_effect_and_is_said() -> None:
    with pytest.warns(FutureWarning, match="init_loc_fn is deprecated"):
        AutoIAFNormal(eight_schools, init_loc_fn=init_to_median)


def test_other_options_are_the_flows() -> None:
    guide = AutoIAFNormal(eight_schools, stable=True)
    guide()
    assert guide.transform[0].stable
