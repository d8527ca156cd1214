"""Learning rate schedules, one a parameter."""

import pickle

import pytest
import torch

from pyro.optim import ExponentialLR, PyroLRScheduler, ReduceLROnPlateau
from pyro.params.param_store import _PYRO_PARAM_STORE


def leaf(name):
    _PYRO_PARAM_STORE.setdefault(name, torch.zeros(()))
    p = dict(_PYRO_PARAM_STORE.named_parameters())[name]
    p.grad = torch.ones(())
    return p


def exponential(optim_args=None, **kwargs):
    optim_args = {"lr": 1.0} if optim_args is None else optim_args
    return ExponentialLR({"optimizer": torch.optim.SGD, "optim_args": optim_args, "gamma": 0.5, **kwargs})


def test_call_steps_parameters_and_step_steps_schedules():
    p, scheduler = leaf("p"), exponential()
    for _ in range(3):
        scheduler([p])
        scheduler([p])
        scheduler.step()
    assert p == -2 * (1 + 0.5 + 0.25)
    assert scheduler.optim_objs[p].get_last_lr() == [0.125]


def test_schedule_begins_when_the_parameter_appears():
    a, b, scheduler = leaf("a"), leaf("b"), exponential()
    scheduler([a])
    scheduler.step()
    scheduler([a, b])
    assert (a, b) == (-1.5, -1)
    scheduler.step()
    rates = [scheduler.optim_objs[p].optimizer.param_groups[0]["lr"] for p in (a, b)]
    assert rates == [0.25, 0.5]


def test_optimizer_options_by_name():
    a, b = leaf("a"), leaf("b")
    scheduler = exponential(lambda param_name: {"lr": 1.0 if param_name == "a" else 3.0})
    scheduler([a, b])
    scheduler.step()
    scheduler([a, b])
    assert (a, b) == (-1.5, -4.5)


def test_equal_schedules_share_a_group():
    params, scheduler = [leaf(name) for name in "abc"], exponential()
    for _ in range(2):
        scheduler(params)
        scheduler.step()
    scheduler(params)
    assert [len(group["params"]) for group in scheduler.torch_optimizer.param_groups] == [3]


def test_clipping():
    p = leaf("p")
    ExponentialLR({"optimizer": torch.optim.SGD, "optim_args": {"lr": 1.0}, "gamma": 0.5}, {"clip_value": 0.25})([p])
    assert p == -0.25


def test_metric_is_passed_on():
    p = leaf("p")
    scheduler = ReduceLROnPlateau({"optimizer": torch.optim.SGD, "optim_args": {"lr": 1.0}, "patience": 0})
    scheduler([p])
    for loss in (1.0, 2.0):
        scheduler.step(loss)
    assert scheduler.optim_objs[p].optimizer.param_groups[0]["lr"] == 0.1


def test_state_has_scheduler_and_optimizer():
    p, scheduler = leaf("p"), exponential()
    scheduler([p])
    scheduler.step()
    state = scheduler.get_state()["p"]
    assert state.keys() == {"scheduler", "optimizer"}
    assert state["scheduler"]["last_epoch"] == 1
    assert state["optimizer"]["param_groups"][0]["lr"] == 0.5
    with pytest.raises(ValueError, match="'p' has no 'scheduler' and 'optimizer'"):
        scheduler.set_state({"p": state["optimizer"]})


def test_options_of_the_caller_are_not_changed():
    options = {"optimizer": torch.optim.SGD, "optim_args": {"lr": 1.0}, "gamma": 0.5}
    ExponentialLR(options)
    assert options == {"optimizer": torch.optim.SGD, "optim_args": {"lr": 1.0}, "gamma": 0.5}


@pytest.mark.parametrize("options, error, message", [
    ({"optim_args": {"lr": 1.0}}, KeyError, "no 'optimizer'"),
    ({"optimizer": torch.optim.SGD}, KeyError, "no 'optim_args'"),
    ({"optimizer": torch.optim.SGD, "optim_args": {"lr": 1.0}, "gama": 1}, TypeError, "ExponentialLR takes no option"),
    ({"optimizer": torch.optim.SGD, "optim_args": {"rate": 1.0}}, TypeError, "SGD takes no option 'rate'"),
    (lambda name: {}, TypeError, "expected a dict with 'optimizer'"),
])
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        PyroLRScheduler(torch.optim.lr_scheduler.ExponentialLR, options)


def test_pickled_scheduler_goes_on():
    p, scheduler = leaf("p"), exponential()
    scheduler([p])
    scheduler.step()
    copied = pickle.loads(pickle.dumps(scheduler))
    (q,) = copied.optim_objs
    q.grad = torch.ones(())
    for optimizer, param in ((scheduler, p), (copied, q)):
        optimizer([param])
        optimizer.step()
        optimizer([param])
    assert p == q == -1.75
