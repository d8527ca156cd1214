"""Laws of reparametrisers: the site keeps its distribution, whatever draws it."""

import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine, settings
from pyro.infer import SVI, Trace_ELBO, reparam
from pyro.infer.autoguide import AutoNormal
from pyro.infer.autoguide.initialization import InitMessenger, init_to_value
from pyro.infer.reparam.reparam import Reparam
from pyro.optim import Adam
from tests.infer.reparam.table import CASES


@pytest.fixture(autouse=True)
def store():
    pyro.clear_param_store()
    torch.manual_seed(1)


def trace_of(case, *args, **kwargs):
    trace = poutine.trace(case.model(*args, **kwargs)).get_trace()
    trace.compute_log_prob()
    return trace


def kolmogorov_smirnov(x, y):
    """The largest distance between the distribution functions of two samples of the same size."""
    grid = torch.cat([x, y]).sort().values
    below = [torch.searchsorted(sample.sort().values, grid, right=True) for sample in (x, y)]
    return (below[0] - below[1]).abs().max() / len(x)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_distribution_is_unchanged(case):
    n = 4000
    trace = poutine.trace(case.model(size=n)).get_trace()
    x = trace.nodes["x"]["value"].detach()
    y = case.fn(torch.tensor(0.7)).expand_by([n]).sample()
    assert [name for name in trace.stochastic_nodes if name != "rows"] == list(case.sites)
    assert x.shape == y.shape and x.isfinite().all()
    # the probability that two samples of one distribution differ by more is 2 exp(-2 * 3.5) = 0.0018; with this seed
    # none of them does
    for column, other in zip(x.reshape(n, -1).T, y.reshape(n, -1).T, strict=True):
        assert kolmogorov_smirnov(column, other) < math.sqrt(2 * 3.5 / n)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("size", [None, 3])
def test_shapes_and_gradients(case, size):
    param = torch.tensor(0.7, requires_grad=True)
    trace = trace_of(case, param, size=size)
    x = trace.nodes["x"]["value"]
    assert x.shape == (() if size is None else (size,)) + case.fn(param).shape()
    for name in (*case.sites, "x"):
        assert trace.nodes[name]["log_prob"].shape == (() if size is None else (size,)), name
    total = trace.log_prob_sum() + x.square().sum()
    (slope,) = torch.autograd.grad(total, param)
    assert total.isfinite() and slope.isfinite() and slope != 0


@pytest.mark.parametrize("case", [case for case in CASES if case.observed == "exact"], ids=str)
@pytest.mark.parametrize("size", [None, 3])
def test_the_density_of_data_is_unchanged(case, size):
    fn = case.fn(torch.tensor(0.7))
    data = fn.sample(() if size is None else (size,))
    trace = trace_of(case, size=size, obs=data)
    assert trace.stochastic_nodes in ([], ["rows"])
    assert torch.equal(trace.nodes["x"]["value"], data)
    torch.testing.assert_close(trace.log_prob_sum(), fn.log_prob(data).sum(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", [case for case in CASES if case.observed == "mixture"], ids=str)
def test_the_density_of_data_is_a_mean_over_auxiliary_variables(case):
    n = 20_000
    fn = case.fn(torch.tensor(0.7))
    data = fn.sample().expand((n,) + fn.event_shape)
    trace = trace_of(case, size=n, obs=data)
    assert trace.nodes["x"]["is_observed"] and "x" not in trace.stochastic_nodes
    density = trace.nodes["x"]["log_prob"].exp()
    standard_error = density.std() / math.sqrt(n)
    assert standard_error < 0.05 * density.mean()
    assert (density.mean() - fn.log_prob(data[0]).exp()).abs() < 4 * standard_error


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_begins_where_it_is_told(case):
    value = case.fn(torch.tensor(0.7)).sample((3,))
    with InitMessenger(init_to_value(values={"x": value})):
        if case.commutes:
            trace = trace_of(case, size=3)
            torch.testing.assert_close(trace.nodes["x"]["value"], value, rtol=1e-4, atol=1e-4)
        else:
            with pytest.warns(RuntimeWarning, match="Site 'x': .* does not commute with initialization"):
                trace = trace_of(case, size=3)
            assert not torch.equal(trace.nodes["x"]["value"], value)
    assert [name for name in trace.stochastic_nodes if name != "rows"] == list(case.sites)


# a series is no series any more when it is masked, and a latent stable site's noise keeps its density
@pytest.mark.parametrize("case", [case for case in CASES
                                  if not case.name.startswith(("series", "latent stable"))], ids=str)
def test_masked_sites_have_no_density(case):
    masked = type(case)(case.name, lambda p: case.fn(p).mask(False), case.reparam, case.sites)
    trace = trace_of(masked, size=3)
    assert trace.nodes[case.sites[-1]]["log_prob_sum"] == 0 == trace.nodes["x"]["log_prob_sum"]


def test_compiled_runs_take_the_steps_of_the_eager_loop():
    names = ("learnt, a vector", "base", "cosine", "split", "symmetric stable", "stable", "direction", "relaxed",
             "angle")
    latent = {case.name: case for case in CASES if case.name in names}

    def model():
        total = 0.0
        for i, case in enumerate(latent.values()):
            with poutine.reparam(config={f"x{i}": case.reparam()}):
                total = total + pyro.sample(f"x{i}", case.fn(pyro.param("p", torch.tensor(0.7)))).sum()
        with poutine.reparam(config={"y": reparam.StudentTReparam(), "z": reparam.LocScaleReparam()}):
            pyro.sample("y", dist.StudentT(3.0, total, 5.0), obs=torch.tensor(1.0))
            pyro.sample("z", dist.Normal(total, pyro.param("p").exp()), obs=torch.tensor(2.0))

    def losses(run_or_steps):
        with pyro.get_param_store().scope(), settings.context(eager_random_numbers=True):
            pyro.set_rng_seed(0)
            return run_or_steps(SVI(model, AutoNormal(model, init_scale=0.01), Adam({"lr": 1e-3}), Trace_ELBO()))

    def run(svi):
        result = svi.run(6)
        assert result.parts[-1].how != "eager"
        return result.losses

    eager = losses(lambda svi: torch.tensor([svi.step() for _ in range(6)]))
    torch.testing.assert_close(losses(run).float(), eager, rtol=1e-4, atol=1e-3)


# ---- the interface

def test_reparametrisers_of_the_old_form():
    class Old(Reparam):
        def __call__(self, name, fn, obs):
            return None, pyro.sample(f"{name}_z", dist.Normal(0.0, 1.0)) + fn.loc

    with pytest.warns(DeprecationWarning, match="deprecated in favor of .apply"):
        trace = poutine.trace(poutine.reparam(lambda: pyro.sample("x", dist.Normal(3.0, 1.0)), config={"x": Old()})
                              ).get_trace()
    assert trace.stochastic_nodes == ["x_z"]


def test_calls_of_the_old_form():
    with pytest.warns(DeprecationWarning, match="deprecated in favor of .apply"):
        fn, value = reparam.StudentTReparam()("x", dist.StudentT(3.0), torch.tensor(1.0))
    assert type(fn).__name__ == "Normal" and value == 1


def test_apply_must_be_defined():
    with pytest.raises(NotImplementedError, match="must define apply"):
        Reparam().apply({"name": "x", "fn": dist.Normal(0.0, 1.0), "value": None, "is_observed": False})


def test_wrap_undoes_unwrap():
    fn = dist.Normal(torch.zeros(2, 3), 1.0).to_event(2)
    base, event_dim = Reparam()._unwrap(fn)
    assert base.event_dim == 0 and event_dim == 2 and Reparam()._wrap(base, 2).event_shape == fn.event_shape
