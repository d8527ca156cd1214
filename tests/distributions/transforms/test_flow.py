"""Laws of the pass that a flow remembers."""

import copy

import pytest
import torch
from torch import Tensor, nn

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.flow import Flow


class Scale(Flow, TransformModule):
    """y = factor * x, which counts its passes."""

    domain = codomain = constraints.real_vector

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(2.0))
        self.passes = 0

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.passes += 1
        return self.factor * x, x.shape[-1] * self.factor.log().expand(x.shape[:-1])

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        self.passes += 1
        return y / self.factor, y.shape[-1] * self.factor.log().expand(y.shape[:-1])


def score(flow: Flow, x: Tensor) -> Tensor:
    y = flow(x)
    return flow.log_abs_det_jacobian(flow.inv(y), y)


def test_one_pass_gives_value_inverse_and_determinant() -> None:
    flow = Scale()
    score(flow, torch.ones(3))
    assert flow.passes == 1
    y = torch.ones(3)
    flow.log_abs_det_jacobian(flow.inv(y), y)
    assert flow.passes == 2
    without = flow.with_cache(0)
    without.passes = 0
    score(without, torch.ones(3))
    assert without.passes == 3


@pytest.mark.parametrize("change", [
    lambda flow: nn.init.constant_(flow.factor, 3.0),
    lambda flow: setattr(flow, "factor", nn.Parameter(torch.tensor(3.0))),
    lambda flow: flow.load_state_dict({"factor": torch.tensor(3.0)}),
])
def test_changed_parameters_ask_for_a_new_pass(change: object) -> None:
    flow, x = Scale(), torch.ones(3)
    score(flow, x)
    assert callable(change)
    change(flow)
    assert torch.equal(flow(x), 3 * x)


def test_parameters_that_stand_in_ask_for_a_new_pass() -> None:
    flow, x = Scale(), torch.ones(3)
    flow(x)
    y = torch.func.functional_call(flow, {"factor": torch.tensor(5.0)}, (x,))
    assert torch.equal(y, 5 * x)
    assert torch.equal(flow(x), 2 * x)


def test_gradients_are_never_lost() -> None:
    flow, x = Scale(), torch.ones(3)
    with torch.no_grad():
        y = flow(x)
    assert flow.inv(y).requires_grad
    with torch.no_grad():
        y = flow(x)
    assert flow.log_abs_det_jacobian(x, y).requires_grad


def test_a_pass_can_be_forgotten_and_is_not_copied() -> None:
    flow, x = Scale(), torch.ones(3)
    flow(x)
    copy.deepcopy(flow)(x)
    assert copy.deepcopy(flow)._last is None
    flow.clear_cache()
    flow(x)
    assert flow.passes == 2


def test_bare_flow_has_neither_map_nor_inverse() -> None:
    with pytest.raises(NotImplementedError):
        Flow()(torch.ones(3))
    with pytest.raises(NotImplementedError, match="Flow has no inverse"):
        Flow().inv(torch.ones(3))
