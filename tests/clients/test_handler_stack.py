"""A project looks at the handler stack, and changes it, as if it were a list."""

import copy

import pytest
import torch

import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
from pyro.poutine.messenger import Messenger, block_messengers, unwrap
from pyro.poutine.runtime import _PYRO_STACK


class Named(Messenger):
    """Adds its name to those of the handlers that saw a site."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def _pyro_sample(self, msg):
        msg["infer"].setdefault("seen_by", []).append(self.name)


def seen_by():
    """The handlers that a statement here is seen by, innermost first."""
    with poutine.trace() as tr:
        pyro.sample("probe", dist.Normal(0.0, 1.0))
    return tr.trace.nodes["probe"]["infer"].get("seen_by", [])


def active():
    return [handler.name for handler in _PYRO_STACK if isinstance(handler, Named)]


def test_it_reads_like_a_list_outermost_first():
    a, b, c = map(Named, "abc")
    assert len(_PYRO_STACK) == 0 and not _PYRO_STACK and list(_PYRO_STACK) == []
    with a, b, c:
        assert len(_PYRO_STACK) == 3 and _PYRO_STACK
        assert _PYRO_STACK[0] is a and _PYRO_STACK[-1] is c and _PYRO_STACK[1:] == [b, c]
        assert list(_PYRO_STACK) == [a, b, c] == _PYRO_STACK and list(reversed(_PYRO_STACK)) == [c, b, a]
        assert b in _PYRO_STACK and Named("b") not in _PYRO_STACK
        assert _PYRO_STACK.index(b) == 1 and _PYRO_STACK.count(b) == 1
        assert [h.name for h in _PYRO_STACK[::-1]] == ["c", "b", "a"]
        assert _PYRO_STACK + [a] == [a, b, c, a] and [c] + _PYRO_STACK == [c, a, b, c]
        assert next(h for h in reversed(_PYRO_STACK) if isinstance(h, Named)).name == "c"
        with pytest.raises(IndexError):
            _PYRO_STACK[3]
        with pytest.raises(ValueError):
            _PYRO_STACK.index(Named("b"))


def put_outermost(extra):
    _PYRO_STACK.insert(0, extra)


def put_innermost(extra):
    _PYRO_STACK.append(extra)


def put_inside_of_the_first(extra):
    _PYRO_STACK.insert(1, extra)


def put_several(extra):
    _PYRO_STACK.extend([extra, Named("y")])


@pytest.mark.parametrize(("change", "order"), [
    (put_outermost, "xab"), (put_innermost, "abx"), (put_inside_of_the_first, "axb"), (put_several, "abxy"),
])
def test_handlers_may_be_added_anywhere(change, order):
    with Named("a"), Named("b"):
        before = list(_PYRO_STACK)
        change(Named("x"))
        assert active() == list(order) and seen_by() == list(reversed(order))
        _PYRO_STACK[:] = before
        assert active() == ["a", "b"]


def test_handlers_may_be_taken_away():
    a, b, c = map(Named, "abc")
    with a, b, c:
        _PYRO_STACK.remove(b)
        assert seen_by() == ["c", "a"]
        _PYRO_STACK.insert(1, b)
        assert _PYRO_STACK.pop() is c and _PYRO_STACK.pop(0) is a
        assert seen_by() == ["b"]
        del _PYRO_STACK[0]
        assert seen_by() == []
        _PYRO_STACK.extend([a, b, c])
        _PYRO_STACK[1] = Named("d")
        assert seen_by() == ["c", "d", "a"]
        _PYRO_STACK[1] = b


@pytest.mark.parametrize("save", [
    list, copy.copy, lambda stack: stack[:], lambda stack: stack.copy(), lambda stack: [*stack], tuple])
def test_the_stack_may_be_saved_emptied_and_restored(save):
    with Named("a"), Named("b"):
        saved = save(_PYRO_STACK)
        _PYRO_STACK.clear()
        assert seen_by() == []
        with Named("c"):
            assert seen_by() == ["c"]
        _PYRO_STACK[:] = saved
        assert seen_by() == ["b", "a"]
        _PYRO_STACK[:], saved = [], list(saved)
        _PYRO_STACK.extend(saved)
        assert active() == ["a", "b"]


def test_a_continuation_may_be_cut_off_and_run_later():
    """The handlers inside of one are taken off, kept, and put back for a second run of the rest."""

    class Prompt(Messenger):
        def __init__(self):
            super().__init__()
            self.kept = []

        def _pyro_sample(self, msg):
            depth = _PYRO_STACK.index(self)
            self.kept = _PYRO_STACK[depth + 1:]

    prompt, inner = Prompt(), Named("inner")
    with prompt, inner:
        pyro.sample("x", dist.Normal(0.0, 1.0))
    assert prompt.kept == [inner]
    _PYRO_STACK.extend(prompt.kept)
    assert seen_by() == ["inner"]
    del _PYRO_STACK[len(_PYRO_STACK) - len(prompt.kept):]


def test_handlers_are_blocked_by_a_condition():
    a, b = Named("a"), Named("b")
    with a, b, poutine.scale(scale=2.0):
        with block_messengers(lambda handler: isinstance(handler, Named) and handler.name == "a") as blocked:
            assert blocked == [a] and len(_PYRO_STACK) == 3
            assert seen_by() == ["b"]
            with a:
                assert seen_by() == ["a", "b"]
        assert seen_by() == ["b", "a"]
        with block_messengers(lambda handler: True) as blocked:
            assert len(blocked) == 3 and seen_by() == []
            assert pyro.sample("x", dist.Normal(0.0, 1.0), infer={}).shape == ()
        with pytest.raises(ZeroDivisionError), block_messengers(lambda handler: handler is b):
            raise ZeroDivisionError
        assert seen_by() == ["b", "a"]


def test_blocked_plates_do_not_batch():
    with pyro.plate("right", 2), pyro.plate("left", 3):
        with block_messengers(lambda handler: isinstance(handler, pyro.plate) and handler.name == "right"):
            assert pyro.sample("a", dist.Normal(0.0, 1.0)).shape == (3, 1)
        assert pyro.sample("b", dist.Normal(0.0, 1.0)).shape == (3, 2)


def model(size):
    return pyro.sample("z", dist.Normal(torch.zeros(size), 1.0).to_event(1))


def test_programs_are_unwrapped():
    wrapped = poutine.scale(poutine.condition(model, data={"z": torch.zeros(2)}), scale=2.0)
    assert wrapped is not model and unwrap(wrapped) is model and unwrap(model) is model
    assert poutine.unwrap(poutine.block(poutine.mask(wrapped, mask=True))) is model
    module = torch.nn.Linear(1, 1)
    assert unwrap(poutine.block(module)) is module
