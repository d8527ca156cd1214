"""Functions as guides."""

from typing import Any

import pytest
import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro.infer.autoguide import AutoCallable
from tests.infer.autoguide.cases import conjugate


@pytest.mark.parametrize(("returned", "values"), [(None, {}), ({"z": tensor(1.0)}, {"z": tensor(1.0)})])
def test_values_are_what_the_function_returns(returned: Any, values: Any) -> None:
    guide = AutoCallable(conjugate, lambda *args: returned)
    assert guide(2) == values


def test_medians_are_another_functions() -> None:
    guide = AutoCallable(conjugate, lambda: None, median=lambda rows: {"z": torch.ones(rows)})
    assert guide.median(3)["z"].tolist() == [1.0, 1.0, 1.0]


def test_a_module_is_a_part_with_parameters() -> None:
    class Guide(pyro.nn.PyroModule):
        def __init__(self) -> None:
            super().__init__()
            self.loc = torch.nn.Parameter(torch.zeros(4))

        def forward(self) -> None:
            with pyro.plate("data", 4):
                pyro.sample("z", dist.Delta(self.loc.exp()))

    guide = AutoCallable(conjugate, Guide())
    assert [name for name, _ in guide.named_parameters()] == ["_guide.loc"]
    state = {name: value + 1 for name, value in guide.state_dict().items()}
    guide.load_state_dict(state)
    assert guide._guide.loc.tolist() == [1.0] * 4
