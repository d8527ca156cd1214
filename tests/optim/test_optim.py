"""PyroOptim: options and clipping by name, state by name, parameters that come and go."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import torch

from pyro.optim import SGD, AdagradRMSProp, Adam, ClippedAdam, DCTAdam, ExponentialLR, MultiStepLR, PyroOptim
from pyro.optim.optim import is_scheduler
from pyro.params.param_store import _PYRO_PARAM_STORE


def leaf(name, value):
    _PYRO_PARAM_STORE.setdefault(name, torch.as_tensor(value, dtype=torch.float32))
    return dict(_PYRO_PARAM_STORE.named_parameters())[name]


def with_grads(*params, grad=1.0):
    for p in params:
        p.grad = torch.full_like(p, grad)
    return list(params)


def lr_of(optimizer, p):
    return optimizer.optim_objs[p].param_groups[0]["lr"]


def one_argument(param_name):
    return {"lr": {"net.weight": 0.1, "loc": 0.2}[param_name]}


def two_arguments(module_name, param_name):
    return {"lr": {("net", "weight"): 0.1, ("loc", "loc"): 0.2}[module_name, param_name]}


class Callable:
    def __call__(self, param_name):
        return one_argument(param_name)


@pytest.mark.parametrize("options", [
    one_argument, two_arguments, Callable(), Callable().__call__, partial(two_arguments),
    lambda *names: one_argument(*names),
], ids=["one", "two", "object", "method", "partial", "variadic"])
def test_options_by_name(options):
    params = with_grads(leaf("net$$$weight", [1.0, 2.0]), leaf("loc", 0.0))
    optimizer = SGD(options)
    optimizer(params)
    torch.testing.assert_close(params[0].detach(), torch.tensor([0.9, 1.9]))
    torch.testing.assert_close(params[1].detach(), torch.tensor(-0.2))


@pytest.mark.parametrize("clip, expected", [
    ({"clip_norm": 1.0}, [0.6, 0.8]),
    ({"clip_value": 0.5}, [0.5, 0.5]),
    ({"clip_norm": 1.0, "clip_value": 0.7}, [0.6, 0.7]),
    ({}, [3.0, 4.0]),
    (None, [3.0, 4.0]),
    (lambda param_name: {"clip_norm": 1.0}, [0.6, 0.8]),
    (lambda module_name, param_name: {"clip_value": 0.5}, [0.5, 0.5]),
])
def test_clipping_bounds_each_parameters_gradient(clip, expected):
    p, q = leaf("p", [0.0, 0.0]), leaf("q", [0.0, 0.0])
    p.grad, q.grad = torch.tensor([3.0, 4.0]), torch.tensor([0.3, 0.4])
    SGD({"lr": 1.0}, clip)([p, q])
    torch.testing.assert_close(-p.detach(), torch.tensor(expected))
    torch.testing.assert_close(-q.detach(), torch.tensor([0.3, 0.4]))


def test_grad_clip_shows_the_clipping():
    p = with_grads(leaf("p", 0.0))[0]
    plain, clipped = SGD({"lr": 1.0}), SGD({"lr": 1.0}, {"clip_value": 0.25})
    plain([p])
    clipped([p])
    assert plain.grad_clip[p] is None
    p.grad.fill_(7.0)
    clipped.grad_clip[p](p)
    assert p.grad == 0.25


@pytest.mark.parametrize("args, error, message", [
    ((Adam, {"lrr": 0.1}), TypeError, r"Adam takes no option 'lrr'\. Valid options: lr, betas"),
    ((ClippedAdam, {"clip": 1}), TypeError, "ClippedAdam takes no option 'clip'"),
    ((SGD, 3), AssertionError, "optim_args is 3, expected a dict"),
    ((SGD, None), AssertionError, "optim_args is None"),
    ((SGD, {"lr": 1.0}, 3), AssertionError, "clip_args is 3, expected a dict"),
    ((SGD, {"lr": 1.0}, {"norm": 3.0}), TypeError, "takes no option 'norm'. Valid options: clip_norm, clip_value"),
])
def test_bad_arguments_are_refused_at_construction(args, error, message):
    constructor, *rest = args
    with pytest.raises(error, match=message):
        constructor(*rest)


@pytest.mark.parametrize("optimizer, error, message", [
    (SGD(lambda name: {"lrr": 0.1} if name == "bad" else {"lr": 0.1}), TypeError, "parameter 'bad': SGD takes"),
    (SGD(lambda name: 3 if name == "bad" else {"lr": 0.1}), AssertionError, "returned 3 for parameter 'bad'"),
    (SGD(lambda name: {"lr": -1.0 if name == "bad" else 0.1}), ValueError, "learning rate: -1.0"),
    (SGD({"lr": 0.1}, lambda name: {"norm": 1.0} if name == "bad" else {}), TypeError, "parameter 'bad'"),
    (SGD({"lr": 0.1}, lambda name: 3 if name == "bad" else {}), AssertionError, "clip_args returned 3"),
])
def test_bad_arguments_of_one_parameter_leave_everything_as_it_was(optimizer, error, message):
    good, bad = with_grads(leaf("good", 1.0), leaf("bad", 1.0))
    with pytest.raises(error, match=message):
        optimizer([good, bad])
    assert good == 1
    assert not optimizer.optim_objs
    assert optimizer.get_state() == {}
    optimizer([good])
    assert good < 1


def test_constructor_may_be_a_function_or_a_foreign_class():
    class Foreign(torch.optim.SGD):
        def __init__(self, params, **kwargs):
            super().__init__(params, **kwargs)

    for constructor, options in ((lambda params: torch.optim.SGD(params, lr=0.5), {}), (Foreign, {"lr": 0.5})):
        p = with_grads(torch.tensor(1.0, requires_grad=True))[0]
        PyroOptim(constructor, options)([p])
        assert p == 0.5


def test_one_torch_optimizer_for_all():
    params = with_grads(leaf("a", 0.0), leaf("b", [1.0, 2.0]))
    optimizer = Adam({"lr": 0.1})
    assert optimizer.torch_optimizer is None
    optimizer(params)
    assert isinstance(optimizer.torch_optimizer, torch.optim.Adam)
    assert [len(group["params"]) for group in optimizer.torch_optimizer.param_groups] == [2]


def test_parameters_may_appear_later():
    a, b = with_grads(leaf("a", 0.0), leaf("b", 0.0))
    optimizer = Adam({"lr": 0.1})
    optimizer([a])
    optimizer([a, b])
    alone = torch.tensor(0.0, requires_grad=True)
    alone.grad = torch.ones(())
    torch.optim.Adam([alone], lr=0.1).step()
    torch.testing.assert_close(b, alone)
    assert optimizer.optim_objs[a].state[a]["step"] == 2


def test_learning_rate_set_through_optim_objs_is_honoured():
    a, b = with_grads(leaf("a", 0.0), leaf("b", 0.0))
    optimizer = SGD({"lr": 0.1})
    optimizer([a, b])
    optimizer.optim_objs[a].param_groups[0]["lr"] = 1.0
    optimizer([a, b])
    torch.testing.assert_close(torch.stack([a, b]).detach(), torch.tensor([-1.1, -0.2]))


def test_gradient_may_be_missing_and_parameters_may_be_any_iterable():
    a, b = leaf("a", 0.0), with_grads(leaf("b", 0.0))[0]
    optimizer = SGD({"lr": 1.0})
    optimizer([])
    optimizer({a, b})
    optimizer(p for p in (a, b))
    assert (a, b) == (0, -2)


def test_state_is_by_name_in_torchs_form():
    params = with_grads(leaf("net$$$weight", [1.0, 2.0]), leaf("loc", 0.0))
    optimizer = SGD({"lr": 0.1, "momentum": 0.9})
    optimizer(params)
    state = optimizer.get_state()
    assert list(state) == ["net$$$weight", "loc"]
    alone = torch.optim.SGD([params[0]], lr=0.1, momentum=0.9)
    alone.step()
    assert str(state["net$$$weight"]) == str(alone.state_dict())


def test_state_order_is_that_of_the_store():
    names = [f"p{i}" for i in range(20)]
    params = {leaf(name, 0.0) for name in names}
    optimizer = SGD({"lr": 0.1})
    optimizer(with_grads(*params))
    assert list(optimizer.get_state()) == names
    assert optimizer.torch_optimizer.param_groups[0]["params"] == [leaf(name, 0.0) for name in names]


def test_parameters_outside_the_store_are_named_by_order_of_appearance():
    a, b, c = with_grads(*(torch.zeros((), requires_grad=True) for _ in range(3)))
    leaf("unnamed_1", 0.0)
    optimizer = SGD({"lr": 0.1})
    optimizer([b])
    optimizer([a, b, c])
    assert [optimizer._names[p] for p in (b, a, c)] == ["unnamed_0", "unnamed_2", "unnamed_3"]


def run(optimizer, params, steps):
    for step in range(steps):
        optimizer(with_grads(*params, grad=1.0 + step))
        if hasattr(optimizer, "step"):
            optimizer.step()


def scheduled(options):
    return ExponentialLR({"optimizer": torch.optim.Adam, "optim_args": options, "gamma": 0.9})


@pytest.mark.parametrize("make", [Adam, ClippedAdam, DCTAdam, lambda _: AdagradRMSProp({}), scheduled])
@pytest.mark.parametrize("when", ["before the first step", "after a step"])
@pytest.mark.parametrize("through", ["state", "file"])
def test_restored_optimizer_goes_on_as_the_first(make, when, through, tmp_path):
    options = {"lr": 0.1, "betas": (0.5, 0.9)}
    first = make(options)
    params = [leaf("a", [1.0, 2.0]), leaf("b", 3.0)]
    run(first, params, 3)
    values = [p.detach().clone() for p in params]
    second = make({"lr": 0.7})
    if when == "after a step":
        run(second, params, 1)
        with torch.no_grad():
            for p, value in zip(params, values, strict=True):
                p.copy_(value)
    if through == "file":
        first.save(tmp_path / "optimizer.pt")
        second.load(tmp_path / "optimizer.pt")
    else:
        second.set_state(first.get_state())
    run(second, params, 3)
    actual = [p.detach().clone() for p in params]
    with torch.no_grad():
        for p, value in zip(params, values, strict=True):
            p.copy_(value)
    run(first, params, 3)
    for p, a in zip(params, actual, strict=True):
        assert torch.equal(p, a)


def test_lesson_17e_state_of_parameters_yet_to_come_waits_for_them():
    a, b = leaf("a", 0.0), leaf("b", 0.0)
    first = SGD({"lr": 0.1, "momentum": 0.9})
    run(first, [a, b], 2)
    second = SGD({"lr": 0.7})
    second.set_state(first.get_state())
    run(second, [b], 1)
    assert second.get_state().keys() == {"a", "b"}
    assert lr_of(second, b) == 0.1
    run(second, [a], 1)
    assert lr_of(second, a) == 0.1
    assert second._state_waiting_to_be_consumed == {}


@pytest.mark.parametrize("state", [{"a": 3}, {"a": {"state": {}}}, {"a": {"scheduler": {}, "optimizer": {}}}])
def test_state_of_another_form_is_refused(state):
    optimizer = SGD({"lr": 0.1})
    with pytest.raises(ValueError, match="The state of parameter 'a' has no 'state' and 'param_groups'"):
        optimizer.set_state(state)
    assert optimizer.get_state() == {}


def test_file_of_something_else_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(ValueError, match="holds a list, expected a dict of optimizer states"):
        SGD({"lr": 0.1}).load(tmp_path / "list.pt")


@pytest.mark.parametrize("file, make, lr", [
    ("upstream_adam.pt", Adam, 0.1),
    ("upstream_clipped_adam.pt", ClippedAdam, 0.1 * 0.5**4),
    ("upstream_multi_step_lr.pt",
     lambda _: MultiStepLR({"optimizer": torch.optim.SGD, "optim_args": {"lr": 9.0}, "milestones": [5]}), 0.001),
])
def test_lesson_17a_files_of_upstream_are_read(file, make, lr):
    """Each holds the state after three steps with unit gradients and a learning rate of 0.1."""
    params = [leaf("net$$$weight", [1.0, 2.0]), leaf("loc", 3.0)]
    optimizer = make({"lr": 9.0})
    optimizer.load(Path(__file__).parent / "files" / file)
    optimizer(with_grads(*params))
    for p in params:
        shown = getattr(optimizer.optim_objs[p], "optimizer", optimizer.optim_objs[p])
        assert shown.param_groups[0]["lr"] == pytest.approx(lr)
        state = shown.state[p]
        assert state.get("step", 4) == 4
        buffer = state["momentum_buffer"] if "momentum_buffer" in state else state["exp_avg"]
        ratio = 0.9**3 + 0.9**2 + 0.9 + 1  # of a sum of four decaying unit gradients
        torch.testing.assert_close(buffer, torch.full_like(p, ratio if "momentum_buffer" in state else 0.1 * ratio))


def test_pickled_optimizer_goes_on():
    p = leaf("p", [1.0, 2.0])
    optimizer = Adam({"lr": 0.1}, {"clip_norm": 1.0})
    run(optimizer, [p], 2)
    copied = pickle.loads(pickle.dumps(optimizer))
    (q,) = copied.optim_objs
    run(optimizer, [p], 2)
    run(copied, [q], 2)
    assert torch.equal(p, q)


def test_recreated_parameter_starts_anew(store):
    optimizer = SGD({"lr": 0.1, "momentum": 0.9})
    run(optimizer, [leaf("p", 0.0)], 3)
    store.clear()
    run(optimizer, [leaf("p", 0.0)], 1)
    assert optimizer.get_state()["p"]["state"][0]["momentum_buffer"] == 1


def test_threads_with_scopes_of_their_own():
    def train(lr):
        with _PYRO_PARAM_STORE.scope():
            p = leaf("p", 0.0)
            optimizer = SGD({"lr": lr})
            run(optimizer, [p], 50)
            return p.item(), list(optimizer.get_state())

    rates = [0.01 * i for i in range(1, 5)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(train, rates))
    assert [names for _, names in results] == [["p"]] * 4
    assert [value for value, _ in results] == [pytest.approx(-lr * sum(range(1, 51))) for lr in rates]


def test_order_of_a_set_does_not_depend_on_the_process():
    code = ("import torch; from pyro.optim import SGD; from pyro.params.param_store import _PYRO_PARAM_STORE as s\n"
            "for i in range(9): s.setdefault(f'p{i}', torch.zeros(()))\n"
            "o = SGD({'lr': 1.0}); o({p for _, p in s.named_parameters()}); print(list(o.get_state()))")
    outputs = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True,
                              env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}).stdout for seed in "12"}
    assert outputs == {str([f"p{i}" for i in range(9)]) + "\n"}


def test_is_scheduler():
    p = with_grads(leaf("p", 0.0))[0]
    plain, scheduler = SGD({"lr": 0.1}), scheduled({"lr": 0.1})
    plain([p])
    scheduler([p])
    assert is_scheduler(scheduler.optim_objs[p])
    assert not is_scheduler(plain.optim_objs[p])
