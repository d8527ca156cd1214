"""What changes around a run is seen by the next one, at no more captures than needed and in flat memory."""

import gc
import math
import resource
import tracemalloc

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Trace_ELBO
from pyro.infer import run as run_module
from pyro.optim import Adam
from tests.infer.inferences import guide, make
from tests.infer.test_run import captures  # noqa: F401


def annealed(scale=lambda beta: beta):
    def model(beta):
        with pyro.poutine.scale(scale=scale(beta)):
            z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(1.0))

    return SVI(model, lambda beta: guide(), Adam({"lr": 0.01}), Trace_ELBO(), compile=True)


def test_a_thousand_values_of_a_number_are_one_capture(captures):  # noqa: F811
    svi = annealed()
    for i in range(1000):
        svi.step(0.001 + i / 1001)
    assert len(captures) == 1


def test_each_value_counts():
    def losses(compile):
        with pyro.get_param_store().scope(), pyro.settings.context(eager_random_numbers=True):
            torch.manual_seed(0)
            svi = annealed()
            svi._compile = compile
            return torch.tensor([svi.step(0.1 + i / 20) for i in range(18)])

    torch.testing.assert_close(losses(True), losses(False), rtol=1e-4, atol=1e-5)


def test_a_number_that_is_read_without_a_trace_is_captured_anew(captures):  # noqa: F811
    svi = annealed(math.exp)
    losses = [svi.step(float(beta)) for beta in (0.1, 0.1, 0.1, 0.2, 0.2, 0.1)]
    assert len(captures) == 2 and len(losses) == 6


data = torch.zeros(3)


def test_a_variable_that_is_bound_anew_is_seen(captures):  # noqa: F811
    global data
    local, noise = torch.zeros(3), 1.0

    def model():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 3):
            pyro.sample("x", dist.Normal(z, noise), obs=data + local)

    svi = make(model, guide)
    first = svi.run(5).losses[-1]
    data = data + 1000.0
    assert svi.run(5).losses[0] > 1e5 > first
    data, local = data - 1000.0, local + 1000.0
    assert svi.run(5).losses[0] > 1e5
    local, noise = local - 1000.0, 1000.0
    assert svi.run(5).losses[0] < 1e3
    assert len(captures) == 4
    assert "captured again before step 5, because 'model.data' is another one" in svi.explain()


def test_what_the_program_counts_is_no_reason_to_capture(captures):  # noqa: F811
    calls, count = [], 0

    def model():
        nonlocal count
        count += 1
        calls.append(None)
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(1.0))

    svi = SVI(model, guide, Adam({"lr": 0.01}), Trace_ELBO(), compile=True)
    for _ in range(10):
        svi.step()
    assert len(captures) == 1


def test_python_randomness_goes_on_eagerly_with_a_warning():
    counter = iter(range(10**6))

    def model():
        z = pyro.sample("z", dist.Normal(float(next(counter)), 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(1.0))

    svi = make(model, guide)
    with pytest.warns(UserWarning, match=r"another one each time.*test_run_outside.py"):
        result = svi.run(5)
    assert {part.how for part in result.parts} == {"eager"}


def test_explanations_name_the_line():
    def model():
        z = pyro.sample("z", dist.Normal(0.0, 1.0).expand([4]).to_event(1))
        pyro.factor("f", torch.special.gammainc(torch.ones(4), z.exp()).sum())

    def wide():
        pyro.sample("z", dist.Normal(pyro.param("loc", torch.zeros(4)), 1.0).to_event(1))

    svi = make(model, wide)
    svi.run(5)
    assert "test_run_outside.py" in svi.explain()


def grown(action) -> float:
    """By how many bytes Python's memory grows from the second call to the third."""
    action()
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(2):
            action()
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
        return sizes[1] - sizes[0]
    finally:
        tracemalloc.stop()


def test_memory_is_flat_over_many_steps():
    svi = make()
    svi.run(1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = svi.run(100_000, progress_bar=False)
    assert len(result.losses) == 100_000
    # the losses and two blocks of random numbers; in kilobytes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000


def test_memory_is_flat_over_many_shapes(monkeypatch):
    monkeypatch.setattr(run_module, "_MAX_CAPTURES", 2)
    svi = make()

    def steps():
        for size in (1, 2, 3, 4):
            svi.run(3, torch.zeros(size))

    assert grown(steps) < 100_000
    assert len(svi._runner._captured) == 2
