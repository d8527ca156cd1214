"""Parameters share groups by equal options, and each looks as if it had an optimiser to itself."""

import copy
import pickle

import pytest
import torch

from pyro.optim.shared_optimizer import ParamOptimizer, SharedOptimizer


def make(*learning_rates, constructor=torch.optim.SGD, **options):
    shared = SharedOptimizer()
    params = [torch.full((2,), float(i), requires_grad=True) for i in range(len(learning_rates))]
    for p, lr in zip(params, learning_rates, strict=True):
        shared.adopt(constructor([p], lr=lr, **options))
        p.grad = torch.ones(2)
    return shared, params, [ParamOptimizer(shared, p) for p in params]


def sizes(shared):
    return sorted(len(group["params"]) for group in shared.torch_optimizer.param_groups)


def test_equal_options_share_a_group():
    shared, params, _ = make(0.1, 0.2, 0.1, 0.1)
    shared.step(params)
    assert sizes(shared) == [1, 3]


def test_option_written_to_one_parameter_moves_it_alone():
    shared, params, (a, b, c) = make(0.1, 0.1, 0.1)
    b.param_groups[0]["lr"] = 0.5
    assert [v.param_groups[0]["lr"] for v in (a, b, c)] == [0.1, 0.5, 0.1]
    shared.step(params)
    assert sizes(shared) == [1, 2]
    torch.testing.assert_close(torch.stack(params)[:, 0], torch.tensor([-0.1, 0.5, 1.9]))


def test_options_that_become_equal_share_a_group_again():
    shared, params, views = make(0.1, 0.1, 0.1)
    for view in views:
        for group in view.param_groups:
            group["lr"] *= 0.5
    shared.step(params)
    assert sizes(shared) == [3]
    assert [view.param_groups[0]["lr"] for view in views] == [0.05] * 3


def test_tensor_options_are_equal_only_if_they_are_one():
    one = torch.tensor(0.1)
    shared, params, _ = make(one, one, torch.tensor(0.1))
    shared.step(params)
    assert sizes(shared) == [1, 2]


@pytest.mark.parametrize("constructor", [torch.optim.Adam, torch.optim.Adagrad, torch.optim.Rprop])
def test_step_leaves_the_others_as_they_are(constructor):
    shared, params, views = make(0.1, 0.1, 0.1, constructor=constructor)
    shared.step(params)
    values, states = copy.deepcopy(params), [copy.deepcopy(view.state_dict()) for view in views]
    shared.step(params[1:2])
    for i in (0, 2):
        assert torch.equal(params[i], values[i])
        assert str(views[i].state_dict()) == str(states[i])
    assert not torch.equal(params[1], values[1])
    shared.step(params)
    assert views[1].state[params[1]]["step"] == 3
    assert views[0].state[params[0]]["step"] == 2


def test_discarded_parameter_is_forgotten():
    shared, params, _ = make(0.1, 0.1, momentum=0.9)
    shared.step(params)
    shared.discard(params[0])
    assert params[0] not in shared
    assert params[0] not in shared.torch_optimizer.state
    shared.step(params[1:])
    assert sizes(shared) == [1]


def test_param_group_is_a_mapping_of_options():
    _, (p,), (view,) = make(0.1)
    (group,) = view.param_groups
    expected = torch.optim.SGD([p], lr=0.1).param_groups[0]
    assert dict(group) == expected
    assert len(group) == len(expected)
    assert group.setdefault("initial_lr", 0.3) == 0.3
    assert view.param_groups[0]["initial_lr"] == 0.3
    del group["initial_lr"]
    assert "initial_lr" not in group
    assert repr(group) == repr(dict(group))
    with pytest.raises(KeyError, match="cannot be replaced"):
        group["params"] = []


def test_view_steps_and_clears_its_parameter_alone():
    _, (a, b), (view, _) = make(0.5, 0.5)
    view.step()
    assert a[0] == -0.5
    assert b[0] == 1
    view.zero_grad()
    assert a.grad is None
    assert b.grad is not None


def test_closure_reaches_torch():
    _, (p,), (view,) = make(0.5)
    view.step(lambda: (3 * p).sum().backward())
    assert p[0] == -0.5 * 4  # adds to the gradient of one


def test_state_dict_is_torchs_of_one_parameter():
    shared, params, (view, _) = make(0.1, 0.1, constructor=torch.optim.Adam, fused=False)
    shared.step(params)
    alone = torch.optim.Adam([params[0]], lr=0.1, fused=False)
    alone.load_state_dict(view.state_dict())
    assert str(alone.state_dict()) == str(view.state_dict())


def test_loaded_state_is_a_copy():
    shared, params, (a, b) = make(0.1, 0.1, momentum=0.9)
    shared.step(params)
    b.load_state_dict(a.state_dict())
    shared.step(params[:1])
    assert a.state[params[0]]["momentum_buffer"][0] == pytest.approx(1.9)
    assert b.state[params[1]]["momentum_buffer"][0] == 1


def test_loaded_options_hold():
    shared, params, (view, other) = make(0.1, 0.1)
    state = view.state_dict()
    state["param_groups"][0]["lr"] = 0.5
    view.load_state_dict(state)
    shared.step(params)
    torch.testing.assert_close(torch.stack(params)[:, 0], torch.tensor([-0.5, 0.9]))
    assert other.param_groups[0]["lr"] == 0.1


def test_torch_scheduler_works_on_a_view():
    shared, params, (view, other) = make(0.1, 0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(view, gamma=0.5)
    for _ in range(2):
        shared.step(params)
        scheduler.step()
    assert view.param_groups[0]["lr"] == 0.025
    assert other.param_groups[0]["lr"] == 0.1


def test_pickled_views_share_one_optimizer():
    shared, params, views = make(0.1, 0.1, momentum=0.9)
    shared.step(params)
    a, b = pickle.loads(pickle.dumps(views))
    for view in (a, b):
        view.param_groups[0]["params"][0].grad = torch.ones(2)
        view.step()
    shared.step(params)
    assert torch.equal(a.param_groups[0]["params"][0], params[0])
    assert torch.equal(b.param_groups[0]["params"][0], params[1])
    assert a._shared is b._shared


@pytest.mark.parametrize("options", [{"fused": False}, {"foreach": False}, {"foreach": True}, {"fused": True}])
def test_explicit_choice_of_kernel_holds(options):
    _, _, (view,) = make(0.1, constructor=torch.optim.Adam, **options)
    (name, value), = options.items()
    assert view.param_groups[0][name] is value
    assert view.param_groups[0]["fused"] is options.get("fused")
