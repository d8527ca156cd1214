import asyncio
import threading

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import (
    _PYRO_STACK,
    NonlocalExit,
    am_i_wrapped,
    apply_stack,
    default_process_message,
    effectful,
    get_plates,
    new_message,
)


class Note(Messenger):
    """Keeps the messages that pass."""

    def __enter__(self):
        self.messages = []
        return super().__enter__()

    def _process_message(self, msg):
        self.messages.append(dict(msg))


# ---- messages


@pytest.mark.parametrize(("message", "value"), [
    ({}, 3), ({"value": 4}, 4), ({"value": 4, "is_observed": True}, 4), ({"value": 4, "done": True}, 4),
    ({"done": True}, None),
])
def test_the_default_action_fills_in_a_missing_value(message, value):
    msg = new_message("double", "x", lambda a, b=0: a + b, (1,), {"b": 2}) | message
    default_process_message(msg)
    assert msg["value"] == value and msg["done"]


def test_a_message_has_its_keys_before_any_handler_saw_it():
    with Note() as note:
        pyro.sample("x", dist.Normal(0.0, 1.0), infer={"a": 1})
    (msg,) = note.messages
    assert {key: msg[key] for key in sorted(set(msg) - {"fn"})} == {
        "args": (), "cond_indep_stack": (), "continuation": None, "done": False, "infer": {"a": 1},
        "is_observed": False, "kwargs": {}, "mask": None, "name": "x", "scale": 1.0, "stop": False, "type": "sample",
        "value": None}


def test_a_continuation_comes_last():
    order = []

    class Handler(Messenger):
        def _process_message(self, msg):
            msg["continuation"] = lambda msg: order.append("continuation")

        def _postprocess_message(self, msg):
            order.append("post")

    with Handler():
        apply_stack(new_message("any", "x", lambda: None))
    assert order == ["post", "continuation"]


# ---- effectful


@effectful(type="double")
def double(x, *more, **options):
    """Doubles."""
    return 2 * x, more, options


def test_without_handlers_it_is_the_plain_function():
    assert double(1, 2, name="d", infer={}, obs=5, k=3) == (2, (2,), {"k": 3})
    assert double.__name__ == "double" and double.__doc__ == "Doubles."
    assert effectful(double, type="other") is double


def test_handlers_see_it():
    with Note() as note:
        assert double(1, 2, name="d", infer={"a": 1}, k=3) == (2, (2,), {"k": 3})
        assert double(1, obs=5) == 5
    first, second = note.messages
    assert (first["type"], first["name"], first["args"], first["kwargs"], first["infer"]) == (
        "double", "d", (1, 2), {"k": 3}, {"a": 1})
    assert second["is_observed"] and second["value"] == 5


@pytest.mark.parametrize("type", [None, "message"])
def test_an_effect_needs_a_name(type):
    with pytest.raises(AssertionError, match=r"expected the name of an effect.*type='\.\.\.'"):
        effectful(lambda: 1, type=type)


# ---- the stack


def test_the_stack_reads_and_writes_like_a_list():
    stack, a, b, c = _PYRO_STACK, Messenger(), Messenger(), Messenger()
    assert not am_i_wrapped() and not stack and repr(stack) == "[]"
    stack.append(a)
    stack.insert(0, b)
    assert am_i_wrapped() and stack == [b, a] and len(stack) == 2
    assert stack[0] is b and stack[-1] is a and stack[:1] == [b] and a in stack
    assert list(reversed(stack)) == [a, b] and stack.index(a) == 1
    assert stack + [c] == [b, a, c] and stack == [b, a]
    stack[0] = c
    assert stack.pop() is a and stack != [b]
    stack[:] = [a, b, c]
    del stack[1:]
    assert stack == [a] and stack != 3
    stack.remove(a)
    assert len(stack) == 0


def test_a_list_written_to_the_stack_is_in_force():
    _PYRO_STACK.append(poutine.mask(mask=False))
    assert poutine.get_mask() is False
    _PYRO_STACK.clear()
    assert poutine.get_mask() is None


def test_threads_see_their_own_handlers_and_plates():
    met, seen = threading.Barrier(2), {}

    def work(name, size):
        with poutine.trace() as recorder, pyro.plate(name, size), poutine.mask(mask=size == 2):
            met.wait(10)
            pyro.sample(f"x_{name}", dist.Normal(0.0, 1.0))
            frames = [(frame.name, frame.dim) for frame in get_plates()]
            met.wait(10)
        seen[name] = (sorted(recorder.trace.nodes), frames, recorder.trace.nodes[f"x_{name}"]["value"].shape, len(
            _PYRO_STACK))

    with poutine.block(), pyro.plate("main", 5):
        threads = [threading.Thread(target=work, args=args) for args in (("a", 2), ("b", 3))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == {"a": (["a", "x_a"], [("a", -1)], (2,), 0), "b": (["b", "x_b"], [("b", -1)], (3,), 0)}


def test_tasks_see_the_handlers_they_started_under_and_their_own():
    async def work(name, size, here, there):
        with poutine.trace() as recorder, pyro.plate(name, size):
            here.set()
            await there.wait()
            pyro.sample(f"x_{name}", dist.Normal(0.0, 1.0))
            return sorted(recorder.trace.nodes), [(frame.name, frame.dim) for frame in get_plates()]

    async def main():
        a, b = asyncio.Event(), asyncio.Event()
        with pyro.plate("shared", 4):
            tasks = [asyncio.create_task(work("a", 2, a, b)), asyncio.create_task(work("b", 3, b, a))]
        assert get_plates() == ()
        return await asyncio.gather(*tasks)

    assert asyncio.run(main()) == [(["a", "x_a"], [("shared", -1), ("a", -2)]),
                                   (["b", "x_b"], [("shared", -1), ("b", -2)])]


# ---- questions


def test_get_plates_and_get_mask_ask_the_handlers_around():
    assert get_plates() == () and poutine.get_mask() is None
    mask = torch.tensor([True, False])
    with pyro.plate("outer", 3), poutine.mask(mask=mask), pyro.plate("inner", 6, subsample_size=2):
        assert [tuple(frame) for frame in get_plates()] == [("outer", -1, 3, 0, 3), ("inner", -2, 2, 0, 6)]
        assert poutine.get_mask() is mask
        with poutine.trace() as recorder:
            get_plates()
        assert len(recorder.trace.nodes) == 0


def test_an_exit_carries_its_site():
    site = new_message("sample", "x", None)
    error = NonlocalExit(site, "why")
    assert error.site is site and error.args == ("why",)
    error.reset_stack()
