import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.runtime import _DIM_ALLOCATOR, _PYRO_STACK, NonlocalExit


def model():
    pyro.sample("a", dist.Normal(0.0, 1.0))
    with pyro.plate("rows", 2):
        pyro.sample("b", dist.Normal(0.0, 1.0))
        pyro.sample("c", dist.Normal(0.0, 1.0), obs=torch.zeros(2))


@pytest.mark.parametrize("name", ["a", "rows", "b", "c"])
def test_the_program_is_left_at_the_site_and_nothing_stays_active(name):
    recorder = poutine.trace(poutine.escape(model, escape_fn=lambda msg: msg["name"] == name))
    with pytest.raises(NonlocalExit) as caught:
        recorder()
    assert caught.value.site["name"] == name
    assert len(_PYRO_STACK) == 0 and _DIM_ALLOCATOR._owners.get() == ()
    assert name not in recorder.trace


def test_handlers_further_out_do_not_see_the_site():
    with poutine.trace() as outer, pytest.raises(NonlocalExit):
        poutine.escape(poutine.trace(model), escape_fn=lambda msg: msg["name"] == "b")()
    assert list(outer.trace.nodes) == ["a", "rows"]


def test_a_program_without_such_a_site_runs_through():
    trace = poutine.trace(poutine.escape(model, escape_fn=lambda msg: False)).get_trace()
    assert [name for name in trace.nodes if name[0] != "_"] == ["a", "rows", "b", "c"]


def test_resetting_forgets_the_run_in_the_handlers_up_to_one_that_hides_the_site():
    with poutine.trace() as outer, poutine.block(hide=["b"]), poutine.trace() as inner:
        with pytest.raises(NonlocalExit) as caught:
            poutine.escape(model, escape_fn=lambda msg: msg["name"] == "b")()
        assert len(inner.trace.nodes) == len(outer.trace.nodes) == 2
        caught.value.reset_stack()
        assert len(inner.trace.nodes) == 0 and len(outer.trace.nodes) == 2
