"""Optimisers that differentiate the loss themselves."""

import pytest
import torch

from pyro.optim import SGD
from pyro.optim.multi import MixedMultiOptimizer, MultiOptimizer, Newton, PyroMultiOptimizer, TorchMultiOptimizer


def make_params():
    return {"a": torch.tensor([1.0, 2.0], requires_grad=True), "b": torch.tensor([3.0, 1.0], requires_grad=True)}


def coupled(params):
    return (params["a"].square() * params["b"].square()).sum() + params["a"].square().sum()


GRADIENT_A = torch.tensor([2 * 1 * 9 + 2 * 1, 2 * 2 * 1 + 2 * 2.0])
GRADIENT_B = torch.tensor([2 * 3 * 1, 2 * 1 * 4.0])


@pytest.mark.parametrize("optimizer", [
    PyroMultiOptimizer(SGD({"lr": 0.1})), TorchMultiOptimizer(torch.optim.SGD, {"lr": 0.1})])
def test_gradient_step(optimizer):
    params = make_params()
    optimizer.step(coupled(params), params)
    torch.testing.assert_close(params["a"].detach(), torch.tensor([1.0, 2.0]) - 0.1 * GRADIENT_A)
    torch.testing.assert_close(params["b"].detach(), torch.tensor([3.0, 1.0]) - 0.1 * GRADIENT_B)
    with pytest.raises(NotImplementedError, match="Use step"):
        optimizer.get_step(coupled(params), params)


def test_newton_solves_a_quadratic_at_once():
    params = make_params()
    loss = (params["a"] - 5).square().sum() + (params["b"] + 2).square().sum()
    updated = Newton().get_step(loss, params)
    assert params["a"].tolist() == [1, 2]
    Newton().step(loss, params)
    for values in (updated, params):
        torch.testing.assert_close(values["a"].detach(), torch.tensor([5.0, 5.0]))
        torch.testing.assert_close(values["b"].detach(), torch.tensor([-2.0, -2.0]))
    assert params["a"].is_leaf


def test_trust_radius_is_by_name():
    params = make_params()
    loss = (params["a"] - 5).square().sum() + (params["b"] + 2).square().sum()
    updated = Newton({"a": 0.1}).get_step(loss, params)
    assert (updated["a"] - params["a"]).norm() <= 0.1 + 1e-6
    torch.testing.assert_close(updated["b"].detach(), torch.tensor([-2.0, -2.0]))


@pytest.mark.parametrize("order", [1, -1])
def test_parts_step_at_once(order):
    """Each part differentiates the loss at the old values of all parameters, whatever their order."""
    params = make_params()
    parts = [(["a"], Newton()), (["b"], TorchMultiOptimizer(torch.optim.SGD, {"lr": 0.1}))]
    MixedMultiOptimizer(parts[::order]).step(coupled(params), params)
    torch.testing.assert_close(params["a"].detach(), torch.zeros(2))
    torch.testing.assert_close(params["b"].detach(), torch.tensor([3.0, 1.0]) - 0.1 * GRADIENT_B)


def test_parts_may_compute_steps_and_leave_parameters_out():
    params = make_params()
    updated = MixedMultiOptimizer([(["a"], Newton())]).get_step(coupled(params), params)
    assert updated.keys() == {"a"}
    torch.testing.assert_close(updated["a"].detach(), torch.zeros(2))
    MixedMultiOptimizer([(["a"], Newton())]).step(coupled(params), params)
    assert params["b"].tolist() == [3, 1]


def test_parts_may_be_nested():
    params = make_params()
    inner = MixedMultiOptimizer([(["a"], Newton())])
    MixedMultiOptimizer([(["a"], inner), (["b"], TorchMultiOptimizer(torch.optim.SGD, {"lr": 0.1}))]).step(
        coupled(params), params)
    torch.testing.assert_close(params["a"].detach(), torch.zeros(2))
    torch.testing.assert_close(params["b"].detach(), torch.tensor([3.0, 1.0]) - 0.1 * GRADIENT_B)


def test_bad_arguments():
    with pytest.raises(ValueError, match="Parameter 'a' is named by two parts"):
        MixedMultiOptimizer([(["a"], Newton()), (["b", "a"], Newton())])
    with pytest.raises(TypeError, match="expected a PyroOptim"):
        PyroMultiOptimizer(torch.optim.Adam)
    with pytest.raises(NotImplementedError):
        MultiOptimizer().step(torch.zeros(()), {})
