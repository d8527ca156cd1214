import inspect
from queue import Queue

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine import handlers
from pyro.poutine.reparam_messenger import ReparamHandler
from pyro.poutine.runtime import _PYRO_STACK, get_plates
from pyro.poutine.trace_messenger import TraceHandler
from pyro.poutine.util import all_escape, mc_extend

HANDLERS = {
    "block": {},
    "broadcast": {},
    "condition": {"data": {}},
    "do": {"data": {}},
    "enum": {"first_available_dim": -1},
    "equalize": {"sites": "x"},
    "escape": {"escape_fn": lambda msg: False},
    "infer_config": {"config_fn": lambda msg: {}},
    "lift": {"prior": {}},
    "markov": {},
    "mask": {"mask": True},
    "reparam": {"config": {}},
    "replay": {"params": {}},
    "scale": {"scale": 2.0},
    "seed": {"rng_seed": 0},
    "substitute": {"data": {}},
    "trace": {},
    "uncondition": {},
}


@pytest.fixture(params=sorted(HANDLERS))
def handler(request):
    return lambda *fn: getattr(poutine, request.param)(*fn, **HANDLERS[request.param])


def add(a, b=1):
    """Adds, and counts the handlers."""
    return a + b, len(_PYRO_STACK)


def test_the_table_has_every_handler():
    assert set(HANDLERS) == set(handlers.__all__) - {"collapse", "queue"}


def test_as_function(handler):
    wrapped = handler(add)
    assert wrapped(1, b=2) == (3, 1)
    assert (wrapped.__name__, wrapped.__doc__, wrapped.__wrapped__) == ("add", add.__doc__, add)


def test_as_decorator(handler):
    @handler()
    def decorated(a):
        return a, len(_PYRO_STACK)

    assert decorated(1) == (1, 1) == decorated(1)
    assert len(_PYRO_STACK) == 0


def test_as_context_manager(handler):
    with handler():
        assert len(_PYRO_STACK) == 1
    assert len(_PYRO_STACK) == 0


def test_errors_pass_through_and_leave_nothing(handler):
    class Failed(Exception):
        pass

    def fail():
        raise Failed

    with pytest.raises(Failed):
        handler(fail)()
    assert len(_PYRO_STACK) == 0


def test_around_a_method(handler):
    class Model:
        wrapped = handler(lambda self, x: (self, x))

    model = Model()
    if isinstance(Model.__dict__["wrapped"], (TraceHandler, ReparamHandler)):
        assert Model.wrapped(model, 3) == (model, 3)  # these bind to no instance, as upstream's
    else:
        assert model.wrapped(3) == (model, 3)


def test_around_what_cannot_be_called(handler):
    with pytest.raises(ValueError, match="3 is not .*callable, did you mean to pass it to .* as a keyword arg"):
        handler(3)


@pytest.mark.parametrize("name", handlers.__all__)
def test_documented_with_its_signature(name):
    function = getattr(poutine, name)
    assert function.__name__ == name and function.__doc__
    assert next(iter(inspect.signature(function).parameters)) == "fn"


# ---- queue


def coins():
    a = pyro.sample("a", dist.Bernoulli(0.5))
    b = pyro.sample("b", dist.Bernoulli(0.5)) if a else torch.tensor(0.0)
    pyro.sample("c", dist.Normal(0.0, 1.0))
    return int(a), int(b)


def started():
    queue = Queue()
    queue.put(poutine.Trace())
    return queue


def test_queue_visits_each_run_once_and_then_says_so():
    explore = poutine.queue(coins, queue=started())
    assert sorted(explore() for _ in range(3)) == [(0, 0), (1, 0), (1, 1)]
    with pytest.raises(AssertionError, match="all runs of the program are done"):
        explore()


@pytest.mark.parametrize(("options", "expected"), [({"num_samples": 1}, [(0, 0)]), ({"max_tries": 3}, [(0, 0)])])
def test_queue_options(options, expected):
    explore = poutine.queue(coins, queue=started(), **options)
    assert [explore() for _ in expected] == expected


def test_queue_gives_up_after_max_tries():
    with pytest.raises(ValueError, match=r"max tries \(1\) exceeded.*Raise max_tries"):
        poutine.queue(coins, queue=started(), max_tries=1)()


def test_queue_with_random_values():
    queue = started()
    explore = poutine.queue(coins, queue=queue, escape_fn=all_escape, extend_fn=mc_extend, num_samples=2)
    explore()
    assert queue.qsize() >= 2


def test_queue_as_decorator_and_inside_a_recorder():
    explore = poutine.trace(poutine.queue(queue=started())(coins))
    assert explore() == (0, 0)
    assert list(explore.trace.nodes) == ["_INPUT", "a", "c", "_RETURN"]


def test_queue_needs_a_queue():
    with pytest.raises(ValueError, match=r"queue\.Queue with an empty pyro\.poutine\.Trace"):
        poutine.queue(coins)


def test_queue_inside_a_plate_keeps_the_plates_dim():
    def model():
        pyro.sample("a", dist.Bernoulli(torch.full((2,), 0.5)))
        with pyro.plate("inner", 3):
            return [(frame.name, frame.dim) for frame in get_plates()]

    with pyro.plate("outer", 2):
        assert poutine.queue(model, queue=started())() == [("outer", -1), ("inner", -2)]
    for _ in pyro.plate("loop", 2):
        counter = get_plates()[0].counter
        poutine.queue(model, queue=started())()
        assert get_plates()[0].counter == counter
