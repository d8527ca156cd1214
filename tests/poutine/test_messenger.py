import gc

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.messenger import Messenger, block_messengers, unwrap
from pyro.poutine.runtime import _PYRO_STACK, effectful, get_mask


class Log(Messenger):
    """Notes in which order messages pass."""

    def __init__(self, log, name):
        super().__init__()
        self.log, self.name = log, name

    def _process_message(self, msg):
        self.log.append((self.name, msg["name"]))
        super()._process_message(msg)

    def _postprocess_message(self, msg):
        self.log.append((msg["name"], self.name))


@effectful(type="greet")
def greet(name_):
    return f"hello {name_}"


def test_messages_pass_from_the_inside_out_and_back_from_the_outside_in():
    log = []
    with Log(log, 1), Log(log, 2), poutine.block(hide=["y"]), Log(log, 3):
        pyro.sample("x", dist.Normal(0.0, 1.0))
        assert log == [(3, "x"), (2, "x"), (1, "x"), ("x", 1), ("x", 2), ("x", 3)]
        log.clear()
        pyro.sample("y", dist.Normal(0.0, 1.0))
        assert log == [(3, "y"), ("y", 3)]


def test_methods_are_found_by_the_effects_name():
    class Shout(Messenger):
        def _pyro_greet(self, msg):
            msg["args"] = (msg["args"][0].upper(),)

        def _pyro_post_greet(self, msg):
            msg["value"] += "!"

    with Shout():
        assert greet("you") == "hello YOU!"
    assert greet("you") == "hello you"


def test_register_and_unregister_add_and_remove_a_hook():
    class Own(Messenger):
        pass

    @Own.register(type="greet", post=True)
    def shout(msg):
        msg["value"] += "!"

    with Own():
        assert greet("you") == "hello you!"
    with Messenger():
        assert greet("you") == "hello you"  # other classes are not touched
    assert Own.unregister(type="greet") is shout
    with Own():
        assert greet("you") == "hello you"
    assert Own.unregister(type="greet") is None
    assert Own.unregister(shout, type="greet") is shout


@pytest.mark.parametrize("method", [Messenger.register, Messenger.unregister])
def test_registering_needs_the_effects_name(method):
    with pytest.raises(ValueError, match="expected the name of an effect, got type=None"):
        method(lambda msg: None)


def test_a_handler_is_entered_once():
    log = []
    handler = Log(log, 1)
    with handler:
        with pytest.raises(ValueError, match="This Log is already active"):
            handler.__enter__()
        assert list(_PYRO_STACK) == [handler]


def test_handlers_are_left_in_reverse_order():
    outer, inner = Messenger(), Messenger()
    with outer, inner:
        with pytest.raises(ValueError, match="not the innermost active handler"):
            outer.__exit__(None, None, None)
        assert list(_PYRO_STACK) == [outer, inner]


def test_an_error_takes_handlers_off_that_were_not_left():
    outer, inner = Messenger(), Messenger()
    with pytest.raises(KeyError), outer:
        inner.__enter__()
        raise KeyError
    assert list(_PYRO_STACK) == []


def test_a_suspended_generator_that_is_closed_late_takes_off_itself_alone():
    def hold():
        with poutine.mask(mask=False):
            yield

    suspended = hold()
    next(suspended)
    with poutine.scale(scale=2.0) as later:
        del suspended
        gc.collect()
        assert list(_PYRO_STACK) == [later] and get_mask() is None


def test_wrapping_needs_a_callable():
    with pytest.raises(ValueError, match="Messenger wraps functions, but 3 is not callable"):
        Messenger()(3)


def test_unwrap_takes_all_handlers_off():
    def fn():
        return 1

    assert unwrap(poutine.scale(poutine.block(fn), scale=2.0)) is fn is unwrap(fn)
    net = torch.nn.Linear(1, 1)
    assert unwrap(poutine.mask(net, mask=True)) is net


def test_block_messengers_switches_handlers_off_and_on_again():
    with poutine.trace() as recorder, poutine.scale(scale=2.0) as scale:
        with pytest.raises(KeyError), block_messengers(lambda handler: handler is recorder) as blocked:
            assert blocked == [recorder] and _PYRO_STACK[1] is scale
            pyro.sample("x", dist.Normal(0.0, 1.0))
            raise KeyError
        assert list(_PYRO_STACK) == [recorder, scale]
        pyro.sample("y", dist.Normal(0.0, 1.0))
    assert list(recorder.trace.nodes) == ["y"]
