"""Guides that are handlers: their families, parameters, amortisation, state, and how they run."""

import copy
import math
import pickle

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine, settings
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide.effect import (
    AutoHierarchicalNormalMessenger,
    AutoMessenger,
    AutoNormalMessenger,
    AutoRegressiveMessenger,
)
from pyro.infer.autoguide.initialization import init_to_value
from pyro.nn.module import PyroModule, PyroSample
from pyro.optim import Adam

GUIDES = [AutoNormalMessenger, AutoHierarchicalNormalMessenger, AutoRegressiveMessenger]
EFFECTS = torch.tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])


def schools(rows=None):
    mu = pyro.sample("mu", dist.Normal(3.0, 5.0))
    tau = pyro.sample("tau", dist.LogNormal(1.0, 2.0))
    with pyro.plate("schools", 8, subsample_size=rows) as index:
        theta = pyro.sample("theta", dist.Normal(mu, tau))
        pyro.sample("obs", dist.Normal(theta, 10.0), obs=EFFECTS[index])
    pyro.sample("share", dist.Dirichlet(torch.ones(3)))


def svi(guide, model=schools, **options):
    return SVI(model, guide, Adam({"lr": 0.05}), Trace_ELBO(**options))


@pytest.fixture(autouse=True)
def seed():
    pyro.set_rng_seed(0)


def shapes(guide):
    return {name: tuple(value.shape) for name, value in guide.named_pyro_params()}


@pytest.mark.parametrize("rows", [None, 3])
@pytest.mark.parametrize("guide_class", GUIDES)
def test_parameters_have_all_rows_and_amortised_ones_a_single_row(guide_class, rows):
    guide = guide_class(schools)
    guide(rows)
    assert shapes(guide)["locs.theta"] == (8,) and shapes(guide)["scales.share"] == (2,)
    amortised = guide_class(schools, amortized_plates=("schools",))
    pyro.clear_param_store()
    amortised(rows)
    assert shapes(amortised)["locs.theta"] == ()


@pytest.mark.parametrize("guide_class", GUIDES)
def test_particles_around_the_first_run_leave_no_trace_in_parameters(guide_class):
    guide = guide_class(schools)
    svi(guide, num_particles=4, vectorize_particles=True, max_plate_nesting=1).step()
    assert shapes(guide)["locs.theta"] == (8,) and shapes(guide)["locs.mu"] == ()


def test_normal_messenger_is_a_transformed_normal():
    guide = AutoNormalMessenger(schools, init_loc_fn=init_to_value(values={"tau": torch.tensor(2.0)}), init_scale=0.5)
    guide()
    value = torch.tensor(1.5)
    expected = dist.LogNormal(math.log(2.0), 0.5).log_prob(value)
    torch.testing.assert_close(guide.get_traces()[1].nodes["tau"]["fn"].log_prob(value), expected)


def test_hierarchical_messenger_follows_the_prior_mean():
    guide = AutoHierarchicalNormalMessenger(schools, init_weight=0.5, hierarchical_sites=["theta"])
    guide()
    assert [name for name in shapes(guide) if name.startswith("weights")] == ["weights.theta"]
    with torch.no_grad():
        guide.locs.theta = torch.arange(8.0)
    median = guide.median()
    torch.testing.assert_close(median["theta"], torch.arange(8.0) + 0.5 * median["mu"])


@pytest.mark.parametrize("prior, start", [
    (dist.HalfCauchy(2.0), 1.0), (dist.Cauchy(3.0, 1.0), 0.0), (dist.Pareto(2.0, 0.5), 3.0),
    (dist.InverseGamma(torch.tensor([0.5, 3.0]), 4.0), torch.tensor([1.0, 1.0])),
])
def test_hierarchical_messenger_leaves_out_means_that_are_not_finite(prior, start):
    def model():
        pyro.sample("x", prior.to_event())

    guide = AutoHierarchicalNormalMessenger(model)
    torch.testing.assert_close(guide.median()["x"], torch.as_tensor(start))
    assert math.isfinite(svi(guide, model).step())
    assert all(parameter.isfinite().all() for parameter in guide.parameters())


def test_regressive_messenger_transforms_the_prior():
    guide = AutoRegressiveMessenger(schools, init_scale=0.25, init_loc_fn=init_to_value(
        values={"mu": torch.tensor(4.0)}))
    guide()
    mu = guide.get_traces()[1].nodes["mu"]["fn"]
    value = torch.tensor(2.0)
    # the map x -> 0.75 * 4 + 0.25 * x keeps the start, 4, where it is
    torch.testing.assert_close(mu.log_prob(value), dist.Normal(0.75 * 4.0 + 0.25 * 3.0, 0.25 * 5.0).log_prob(value))


def test_median_is_where_each_site_is_at_its_own():
    guide = AutoNormalMessenger(schools)
    median = guide.median()
    assert median["mu"] == 3.0 and not median["theta"].requires_grad
    torch.testing.assert_close(median["tau"], dist.LogNormal(1.0, 2.0).mean)
    assert len(guide.call()) == len(median)


@pytest.mark.parametrize("guide_class", GUIDES)
def test_lesson_17d_state_loads_before_the_first_run(guide_class):
    guide = guide_class(schools)
    svi(guide).step()
    state, values = guide.state_dict(), guide.median() if hasattr(guide, "median") else None
    pyro.clear_param_store()
    for fresh in (guide_class(schools), guide_class(lambda: schools())):
        fresh.load_state_dict(state)
        fresh()
        torch.testing.assert_close(dict(fresh.state_dict()), dict(state))
        if values is not None:
            torch.testing.assert_close(fresh.median()["tau"], values["tau"])
        pyro.clear_param_store()


def test_parameters_exist_before_the_first_run_of_a_model_without_arguments():
    assert {"locs.theta_unconstrained", "scales.mu_unconstrained"} <= dict(
        AutoNormalMessenger(lambda: schools()).named_parameters()).keys()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda guide: pickle.loads(pickle.dumps(guide))])
@pytest.mark.parametrize("guide_class", GUIDES)
def test_copies_have_parameters_of_their_own(guide_class, copied):
    guide = guide_class(schools)
    guide()
    other = copied(guide)
    pyro.clear_param_store()
    other()
    assert shapes(other) == shapes(guide)
    assert other.locs.theta_unconstrained is not guide.locs.theta_unconstrained


def test_data_of_training_is_drawn_from_the_prior_where_it_is_missing():
    def regression(y=None):
        x = pyro.sample("x", dist.Normal(0.0, 1.0))
        return pyro.sample("y", dist.Normal(x, 1e-3), obs=y)

    guide = AutoNormalMessenger(regression)
    guide(torch.tensor(1.0))
    trace = poutine.trace(guide).get_trace()
    assert "y" not in trace and not hasattr(guide.locs, "y")
    model_trace, guide_trace = guide.get_traces()
    assert "y" in model_trace and "y" not in guide_trace
    assert abs(model_trace.nodes["y"]["value"] - model_trace.nodes["x"]["value"]) < 1e-2


def test_sites_with_dots_and_loops_over_plates():
    def loop():
        for i in pyro.plate("loop", 2):
            x = pyro.sample(f"part.{i}.x", dist.Normal(0.0, 1.0))
            pyro.sample(f"y_{i}", dist.Normal(x, 1.0), obs=torch.tensor(1.0))

    guide = AutoNormalMessenger(loop)
    svi(guide, loop).step()
    assert "locs.part.1.x" in shapes(guide)


def test_lesson_11_local_parameters():
    class Model(PyroModule):
        def __init__(self):
            super().__init__()
            self.bias = torch.nn.Parameter(torch.tensor(0.5))
            self.x = PyroSample(dist.Normal(0.0, 1.0))

        def forward(self):
            pyro.sample("y", dist.Normal(self.x + self.bias, 1.0), obs=torch.tensor(1.0))

    with settings.context(module_local_params=True):
        model = Model()
        guide = AutoNormalMessenger(model)
        loss = Trace_ELBO()(model, guide)
        loss().backward()
        assert model.bias.grad is not None and guide.locs.x_unconstrained.grad is not None


@pytest.mark.parametrize("guide_class", GUIDES)
def test_bad_scales_are_refused(guide_class):
    with pytest.raises(ValueError, match="init_scale"):
        guide_class(schools, init_scale=-1.0)


def test_bad_weights_and_unknown_means_are_refused():
    with pytest.raises(ValueError, match="init_weight"):
        AutoHierarchicalNormalMessenger(schools, init_weight=0.0)

    class Meanless(dist.Normal):
        @property
        def mean(self):
            raise NotImplementedError

    with pytest.raises(NotImplementedError, match="Site 'x'.*hierarchical_sites"):
        AutoHierarchicalNormalMessenger(lambda: pyro.sample("x", Meanless(0.0, 1.0)))()


def test_discrete_sites_are_refused():
    with pytest.raises(ValueError, match="discrete sample site 'k'"):
        AutoNormalMessenger(lambda: pyro.sample("k", dist.Poisson(3.0)))()


def test_posteriors_must_be_defined():
    with pytest.raises(TypeError, match="get_posterior"):
        AutoMessenger(schools)


@pytest.mark.parametrize("rows", [None, 3])
@pytest.mark.parametrize("guide_class", GUIDES)
def test_lesson_21_compiled_steps_are_the_eager_ones(guide_class, rows):
    """With a Dirichlet site, which upstream cannot trace."""
    losses = []
    for is_compiled in (True, False):
        pyro.clear_param_store()
        pyro.set_rng_seed(1)
        fit = svi(guide_class(schools))
        with settings.context(eager_random_numbers=True):
            if is_compiled:
                result = fit.run(12, rows, progress_bar=False)
                assert result.parts[-1].how != "eager"
                losses.append(result.losses)
            else:
                losses.append(torch.tensor([fit.step(rows) for _ in range(12)], dtype=torch.float64))
    torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("guide_class", GUIDES)
def test_conjugate_posterior_is_found(guide_class):
    def conjugate():
        x = pyro.sample("x", dist.Normal(0.0, 1.0))
        pyro.sample("y", dist.Normal(x, 1.0), obs=torch.tensor(2.0))

    guide = guide_class(conjugate)
    fit = SVI(conjugate, guide, Adam({"lr": 0.02}), Trace_ELBO(num_particles=10, vectorize_particles=True))
    fit.run(600, progress_bar=False)
    guide()
    posterior = guide.get_traces()[1].nodes["x"]["fn"]
    draws = posterior.sample((20000,))
    # the mean and the standard deviation of the posterior are 1 and 0.707; the last steps wander by about lr
    assert abs(draws.mean() - 1.0) < 0.06 and abs(draws.std() - 0.5**0.5) < 0.06
