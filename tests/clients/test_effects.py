"""A project adds statements of its own to the language, and handlers that say what they mean."""

import functools

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import effectful


@effectful(type="perturb")
def perturb(value, shift=0.0):
    """What the world looks like if nobody interferes."""
    return value + shift


@effectful
@functools.wraps(perturb)
def already_effectful(*args, **kwargs):
    return perturb(*args, **kwargs)


@effectful(type="summarize")
@functools.singledispatch
def summarize(value):
    raise NotImplementedError(type(value))


@summarize.register(int)
def _summarize_int(value):
    return f"int {value}"


@summarize.register(torch.Tensor)
def _summarize_tensor(value):
    return f"tensor of shape {tuple(value.shape)}"


class Recorder(Messenger):
    """Notes in a shared list when it sees an effect."""

    def __init__(self, label, log):
        super().__init__()
        self.label, self.log = label, log

    def _pyro_perturb(self, msg):
        self.log.append(f"{self.label} before")

    def _pyro_post_perturb(self, msg):
        self.log.append(f"{self.label} after {msg['value']}")


class Override(Messenger):
    """Answers in place of the statement."""

    def __init__(self, value, stop=False):
        super().__init__()
        self.value, self.stop = value, stop

    def _pyro_perturb(self, msg):
        msg["value"] = self.value
        msg["done"] = True
        msg["stop"] = self.stop


def test_without_handlers_a_statement_is_its_function():
    assert perturb(1.0, shift=2.0) == 3.0
    assert perturb.__name__ == "perturb" and "interferes" in perturb.__doc__
    assert already_effectful(1.0, 1.0) == 2.0


def test_handlers_see_a_statement_inside_out_and_its_value_outside_in():
    log = []
    with Recorder("outer", log), Recorder("inner", log):
        assert perturb(1.0, 1.0) == 2.0
    assert log == ["inner before", "outer before", "outer after 2.0", "inner after 2.0"]


def test_a_handler_can_answer_in_place_of_the_function():
    log = []
    with Recorder("outer", log), Override(7.0), Recorder("inner", log):
        assert perturb(1.0) == 7.0
    assert log == ["inner before", "outer before", "outer after 7.0", "inner after 7.0"]


def test_a_stopped_message_stays_inside():
    log = []
    with Recorder("outer", log), Override(7.0, stop=True), Recorder("inner", log):
        assert perturb(1.0) == 7.0
    assert log == ["inner before", "inner after 7.0"]


def test_a_value_that_is_not_done_can_be_refined_further_out():
    class Double(Messenger):
        def _pyro_perturb(self, msg):
            if not msg["done"]:
                msg["value"] = 2 * (msg["args"][0] if msg["value"] is None else msg["value"])

        def _pyro_post_perturb(self, msg):
            msg["value"] = msg["value"] + 0.5

    with Double(), Double():
        assert perturb(1.0) == 5.0
    with Override(1.0), Double():
        assert perturb(3.0) == 1.5


def test_the_message_carries_name_observation_and_options():
    seen = {}

    class Keep(Messenger):
        def _pyro_perturb(self, msg):
            seen.update(msg)

    with Keep():
        assert perturb(1.0, shift=4.0, name="p", obs=9.0, infer={"mine": True}) == 9.0
    assert (seen["type"], seen["name"], seen["args"], seen["kwargs"]) == ("perturb", "p", (1.0,), {"shift": 4.0})
    assert seen["value"] == 9.0 and seen["is_observed"] and not seen["done"] and not seen["stop"]
    assert seen["infer"] == {"mine": True} and seen["cond_indep_stack"] == () and seen["mask"] is None


def test_arguments_can_be_changed_on_the_way():
    class Shift(Messenger):
        def _pyro_perturb(self, msg):
            msg["args"] = (msg["args"][0] * 10, *msg["args"][1:])
            msg["kwargs"]["shift"] = msg["kwargs"].get("shift", 0.0) + 1.0

    with Shift():
        assert perturb(1.0) == 11.0
        assert perturb(1.0, shift=1.0) == 12.0


@pytest.mark.parametrize(("value", "expected"), [(3, "int 3"), (torch.zeros(2), "tensor of shape (2,)")])
def test_a_statement_may_dispatch_on_types(value, expected):
    assert summarize(value) == expected
    with Messenger():
        assert summarize(value) == expected
        with pytest.raises(NotImplementedError):
            summarize("text")


def test_dispatch_may_lie_outside_of_the_effect():
    @functools.singledispatch
    def act(value):
        return value

    @act.register(float)
    @effectful(type="act")
    def _act_float(value):
        return value + 1

    class Negate(Messenger):
        def _pyro_post_act(self, msg):
            msg["value"] = -msg["value"]

    with Negate():
        assert act(1.0) == -2.0 and act(1) == 1


def test_a_handler_may_use_the_language_in_its_hooks():
    """The meaning of one statement is given by others, which the handlers further out see."""

    class AsNoise(Messenger):
        def _pyro_perturb(self, msg):
            with pyro.poutine.scale(scale=2.0):
                msg["value"] = pyro.sample(f"{msg['name']}_noise", dist.Normal(msg["args"][0], 1.0))
            msg["done"] = True

        def _pyro_post_perturb(self, msg):
            pyro.deterministic(msg["name"], msg["value"])

    def model():
        return perturb(torch.tensor(100.0), name="p")

    trace = pyro.poutine.trace(AsNoise()(model)).get_trace()
    assert [name for name in trace.nodes if not name.startswith("_")] == ["p_noise", "p"]
    assert trace.nodes["p_noise"]["scale"] == 2.0
    assert trace.nodes["_RETURN"]["value"] is trace.nodes["p_noise"]["value"]
    assert trace.nodes["p"]["value"] > 90


def test_hooks_for_everything():
    """``_process_message`` sees each effect; the hooks for single effects are reached through the base class."""

    class Everything(Messenger):
        def __init__(self):
            super().__init__()
            self.before, self.after, self.samples = [], [], []

        def _process_message(self, msg):
            self.before.append(msg["type"])
            return super()._process_message(msg)

        def _postprocess_message(self, msg):
            self.after.append((msg["type"], msg["value"] is not None))
            return super()._postprocess_message(msg)

        def _pyro_sample(self, msg):
            self.samples.append(msg["name"])

    handler = Everything()
    with handler:
        pyro.sample("x", dist.Normal(0.0, 1.0))
        pyro.param("a", torch.tensor(1.0))
        pyro.subsample(torch.zeros(2), event_dim=0)
        perturb(1.0)
    assert handler.before == ["sample", "param", "subsample", "perturb"]
    assert handler.after == [(kind, True) for kind in handler.before]
    assert handler.samples == ["x"]


def test_hooks_can_be_added_to_a_class_later():
    class Named(Messenger):
        pass

    @Named.register(type="perturb")
    def _pyro_perturb(msg):
        msg["kwargs"]["shift"] = 1.0

    @Named.register(type="perturb", post=True)
    def _pyro_post_perturb(msg):
        msg["value"] *= 10

    with Named():
        assert perturb(1.0) == 20.0
    Named.unregister(type="perturb")
    with Named():
        assert perturb(1.0) == 1.0


def test_a_handler_wraps_functions_and_methods():
    class Model:
        @Override(5.0)
        def run(self, value):
            return perturb(value)

    assert Model().run(1.0) == 5.0
    assert Override(5.0)(perturb)(1.0) == 5.0


def test_a_context_manager_of_its_own_may_open_and_close_resources():
    class Resource(Messenger):
        def __enter__(self):
            self.open = True
            return super().__enter__()

        def __exit__(self, *args):
            self.open = False
            return super().__exit__(*args)

    resource = Resource()
    with pytest.raises(ZeroDivisionError), resource:
        assert resource.open
        perturb(1 / 0)
    assert not resource.open
    with resource:
        assert perturb(1.0) == 1.0
