"""A run that cannot be compiled, is interrupted, or comes to a step that is not valid."""

import itertools
import warnings

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.compiler import compiled as compiled_module
from pyro.compiler.plan import Plan
from pyro.compiler.replay import Replay
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam
from tests.infer.inferences import assert_close, guide, make, model, state, values


@pytest.fixture
def replayed(monkeypatch):
    monkeypatch.setattr(compiled_module, "plan", lambda graph: Plan(Replay(graph), "captured graph", 0.0, ()))


# ---- what cannot be captured

def reads(z):
    return z.item()


def branches(z):
    return 1.0 if z > 0 else 2.0


@pytest.mark.parametrize("use", [reads, branches])
def test_a_model_that_reads_values_runs_eagerly_and_says_so_once(use):
    def reading():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z * use(z.detach()), 1.0), obs=torch.tensor(1.0))

    def loop(run_or_steps):
        with pyro.get_param_store().scope():
            torch.manual_seed(4)
            svi = make(reading)
            return run_or_steps(svi), values(svi)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result, reached = loop(lambda svi: svi.run(20))
    (warning,) = caught
    assert warning.filename == __file__, "it points at the user's call"
    assert f"test_run_ends.py:{use.__code__.co_firstlineno + 1} in {use.__name__}" in str(warning.message)
    assert "step by step" in str(warning.message)
    losses, expected = loop(lambda svi: [svi.step() for _ in range(20)])
    assert result.losses.tolist() == losses
    assert {part.how for part in result.parts} == {"eager"} and "eager, because" in str(result)
    assert_close(reached, expected)


def growing(name):
    """A model that has another parameter from the third time on."""
    def model():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        step = next(steps)
        if step >= 2:
            z = z + pyro.param(name(step), torch.tensor(0.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(1.0))

    steps = itertools.count()
    return model


def test_a_parameter_that_appears_late():
    result = make(growing(lambda step: "late")).run(30)
    assert "late" in result.params and len(result.losses) == 30
    assert [(part.how == "eager", part.steps) for part in result.parts] == [(True, 2), (True, 2), (False, 26)]


def test_parameters_that_go_on_appearing():
    with pytest.warns(UserWarning, match=r"parameter 'late\d+' appears late") as caught:
        result = make(growing(lambda step: f"late{step}")).run(10)
    assert len(caught) == 1 and len(result.losses) == 10
    assert sum(name.startswith("late") for name in result.params) == 8


def test_a_loss_with_gradients_of_its_own_runs_eagerly():
    elbo = Trace_ELBO()
    svi = SVI(model, guide, Adam({"lr": 0.1}), loss=elbo.loss, loss_and_grads=elbo.loss_and_grads)
    with pytest.warns(UserWarning, match="the loss computes its own gradients"):
        assert len(svi.run(5).losses) == 5


def test_an_optimiser_that_is_a_function_runs_eagerly():
    def descend(params):
        for p in params:
            p.data -= 0.1 * p.grad

    svi = SVI(model, guide, descend, Trace_ELBO())
    with pytest.warns(UserWarning, match="the optimiser function is not one torch optimiser"):
        assert len(svi.run(5).losses) == 5


# ---- interrupts and bad steps

class Roots(dist.TorchDistribution):
    """A density that is NaN once a counter is below zero."""

    arg_constraints = {}

    def __init__(self, counter):
        super().__init__(validate_args=False)
        self.counter = counter

    def log_prob(self, value):
        return self.counter.sqrt() * value


def test_an_interrupt_keeps_what_was_reached(monkeypatch, replayed):
    class Interrupted(Replay):
        def run(self, inputs, records, num_steps, first_row=0):
            if first_row >= 3:
                raise KeyboardInterrupt
            super().run(inputs, records, num_steps, first_row)

    monkeypatch.setattr(compiled_module, "plan", lambda graph: Plan(Interrupted(graph), "captured graph", 0.0, ()))
    torch.manual_seed(0)
    svi = make()
    result = svi.run(10_000)
    assert result.is_interrupted and "interrupted" in str(result)
    taken = len(result.losses)
    assert 2 < taken < 10_000 and svi._steps_taken == taken
    counts = {value.item() for name, value in state(svi).items() if name.endswith("step")}
    assert counts == {taken}, "the optimiser has taken as many steps as there are losses"
    assert result.params["loc"] == pyro.param("loc")
    assert isinstance(svi.step(), float)


def test_an_interrupt_of_eager_steps():
    def interrupting():
        if next(steps) == 1:
            raise KeyboardInterrupt
        model()

    steps = itertools.count()
    result = make(interrupting, lambda: guide()).run(10)
    assert result.is_interrupted and len(result.losses) == 1


@pytest.mark.parametrize("lowering", [None, "replayed"])
def test_a_bad_step_stops_the_run_and_names_the_site(lowering, request):
    if lowering:
        request.getfixturevalue(lowering)
    countdown = torch.tensor(100.5)

    def turns_bad():
        countdown.sub_(1.0)
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", Roots(countdown), obs=z)

    svi = make(turns_bad)
    with pytest.raises(ValueError, match="SVI step 100: the log-density at site 'x' is nan"):
        svi.run(500)
    assert svi._steps_taken == 100 and countdown.item() == 0.5
    now = values(svi)
    assert all(value.isfinite().all() for value in now.values())
    assert now["loc.step"].item() == 100
    countdown.fill_(50.0)
    assert len(svi.run(10).losses) == 10


def test_an_invalid_value_stops_the_run_as_it_stops_a_step():
    countdown = torch.tensor(20.5)

    def turns_invalid():
        countdown.sub_(1.0)
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, countdown), obs=torch.tensor(0.0))

    svi = make(turns_invalid)
    with pytest.raises(ValueError, match="scale"):
        svi.run(500)
    assert svi._steps_taken == 20
