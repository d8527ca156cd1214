"""Marginal log-densities against closed forms; funsor is asked for by the tests that need it."""

import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.distribution import COERCIONS
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam
from pyro.poutine import collapse_messenger
from pyro.poutine.trace_messenger import TraceMessenger


@pytest.fixture
def funsor():
    return pytest.importorskip("funsor")


def collapsed(model):
    """The trace of a model with everything in it collapsed."""
    return poutine.trace(lambda: run(model)).get_trace()


def run(model):
    with poutine.collapse():
        model()


def marginal(model):
    return collapsed(model).log_prob_sum()


def normal_marginal(loc, cov, value):
    return dist.MultivariateNormal(loc, cov).log_prob(value)


T = torch.tensor
COUNTS = T([3.0, 0.0, 2.0, 1.0])
FLIPS = T([1.0, 0.0, 1.0, 1.0])


def sampled(prior, likelihood, value):
    return lambda: pyro.sample("x", likelihood(pyro.sample("z", prior)), obs=value)


SINGLE = {
    "beta-bernoulli": (sampled(dist.Beta(2.0, 3.0), dist.Bernoulli, T(1.0)), dist.Bernoulli(0.4).log_prob(T(1.0))),
    "beta-binomial": (sampled(dist.Beta(2.0, 3.0), lambda p: dist.Binomial(5, p), T(3.0)),
                      dist.BetaBinomial(2.0, 3.0, 5).log_prob(T(3.0))),
    "gamma-poisson": (sampled(dist.Gamma(2.0, 3.0), dist.Poisson, T(4.0)),
                      dist.GammaPoisson(2.0, 3.0).log_prob(T(4.0))),
    "gamma-exponential": (sampled(dist.Gamma(2.0, 3.0), dist.Exponential, T(0.5)),
                          T(2 * 3.0**2 / 3.5**3).log()),
    "dirichlet-multinomial": (
        sampled(dist.Dirichlet(T([1.0, 2.0, 3.0])), lambda p: dist.Multinomial(4, p), T([1.0, 0.0, 3.0])),
        dist.DirichletMultinomial(T([1.0, 2.0, 3.0]), 4).log_prob(T([1.0, 0.0, 3.0]))),
    "dirichlet-categorical": (sampled(dist.Dirichlet(T([1.0, 2.0, 3.0])), dist.Categorical, T(2)), T(0.5).log()),
    "normal-normal": (sampled(dist.Normal(1.0, 2.0), lambda z: dist.Normal(3 * z - 1, 0.5), T(4.0)),
                      dist.Normal(2.0, math.sqrt(36.25)).log_prob(T(4.0))),
    "normal-lognormal": (sampled(dist.Normal(1.0, 2.0), lambda z: dist.LogNormal(z, 1.5), T(4.0)),
                         dist.LogNormal(1.0, 2.5).log_prob(T(4.0))),
    "mvn-mvn": (sampled(dist.MultivariateNormal(torch.zeros(2), scale_tril=T([[2.0, 0.0], [1.0, 1.0]])),
                        lambda z: dist.MultivariateNormal(z, scale_tril=torch.eye(2)), T([1.0, 2.0])),
                normal_marginal(torch.zeros(2), T([[5.0, 2.0], [2.0, 3.0]]), T([1.0, 2.0]))),
}


@pytest.mark.parametrize("name", SINGLE)
def test_marginal_equals_the_closed_form(funsor, name):
    model, expected = SINGLE[name]
    torch.testing.assert_close(marginal(model), expected)


def plated(prior, likelihood, values, prior_inside=False):
    def model():
        plate = pyro.plate("data", len(values))
        if prior_inside:
            with plate:
                pyro.sample("x", likelihood(pyro.sample("z", prior)), obs=values)
        else:
            z = pyro.sample("z", prior)
            with plate:
                pyro.sample("x", likelihood(z), obs=values)
    return model


def log_beta(a, b):
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


SHARED = {
    "beta-bernoulli": (dist.Beta(2.0, 3.0), dist.Bernoulli, FLIPS, T(log_beta(5, 4) - log_beta(2, 3))),
    "gamma-poisson": (
        dist.Gamma(2.0, 3.0), dist.Poisson, COUNTS,
        T(math.lgamma(8) - 8 * math.log(7) - math.lgamma(2) + 2 * math.log(3) - math.log(6 * 2))),
    "dirichlet-multinomial": (
        dist.Dirichlet(T([2.0, 3.0])), lambda p: dist.Multinomial(2, p), T([[2.0, 0.0], [1.0, 1.0]]),
        T(log_beta(5, 4) - log_beta(2, 3) + math.log(2))),
    "normal-normal": (
        dist.Normal(1.0, 2.0), lambda z: dist.Normal(z, 1.5), COUNTS,
        normal_marginal(torch.ones(4), 4 * torch.ones(4, 4) + 2.25 * torch.eye(4), COUNTS)),
    "regression": (
        dist.Normal(0.0, 1.0), lambda z: dist.Normal(z * COUNTS, FLIPS + 1), FLIPS,
        normal_marginal(torch.zeros(4), torch.outer(COUNTS, COUNTS) + ((FLIPS + 1) ** 2).diag(), FLIPS)),
}


@pytest.mark.parametrize("name", SHARED)
def test_a_variable_outside_of_a_plate_is_shared(funsor, name):
    prior, likelihood, values, expected = SHARED[name]
    trace = collapsed(plated(prior, likelihood, values))
    assert trace.nodes["z"]["fn"].batch_shape == ()
    torch.testing.assert_close(trace.log_prob_sum(), expected)


@pytest.mark.parametrize("name", ["beta-bernoulli", "gamma-poisson", "normal-normal"])
@pytest.mark.parametrize("outside", [False, True])
def test_a_variable_inside_of_a_plate_is_one_an_element(funsor, name, outside):
    prior, likelihood, values, _ = SHARED[name]
    each = torch.stack([marginal(sampled(prior, likelihood, value)) for value in values])
    if outside:  # the plate stands around the context: the factor keeps its dim
        with poutine.trace() as recorder, pyro.plate("data", len(values)):
            run(sampled(prior, likelihood, values))
        site = recorder.trace.nodes["z"]
        torch.testing.assert_close(site["fn"].log_factor, each)
        assert [frame.name for frame in site["cond_indep_stack"]] == ["data"]
    else:
        torch.testing.assert_close(marginal(plated(prior, likelihood, values, True)), each.sum())


def test_plates_nest(funsor):
    values = T([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])

    def model():
        with pyro.plate("coins", 2, dim=-2):
            p = pyro.sample("p", dist.Beta(2.0, 3.0))
            with pyro.plate("flips", 3, dim=-1):
                pyro.sample("x", dist.Bernoulli(p), obs=values)

    torch.testing.assert_close(marginal(model), T(log_beta(4, 4) + log_beta(2, 6) - 2 * log_beta(2, 3)))


def test_one_observation_stands_for_every_element_of_its_plate(funsor):
    flips = marginal(plated(dist.Beta(2.0, 3.0), dist.Bernoulli, torch.ones(3)))
    normals = marginal(plated(dist.Normal(0.0, 1.0), lambda z: dist.Normal(z, 1.0), torch.ones(3)))

    def model(prior, likelihood):
        z = pyro.sample("z", prior)
        with pyro.plate("data", 3):
            pyro.sample("x", likelihood(z), obs=torch.tensor(1.0))

    torch.testing.assert_close(marginal(lambda: model(dist.Beta(2.0, 3.0), dist.Bernoulli)), flips)
    torch.testing.assert_close(
        marginal(lambda: model(dist.Normal(0.0, 1.0), lambda z: dist.Normal(z, 1.0))), normals)


def test_normals_form_chains(funsor):
    def model():
        z = 0.0
        for i in range(3):
            z = pyro.sample(f"z{i}", dist.Normal(z, 1.0))
            pyro.sample(f"x{i}", dist.Normal(z, 0.5), obs=COUNTS[i])

    trace = collapsed(model)
    assert trace.stochastic_nodes == [] and trace.observation_nodes == ["z0"]
    i = torch.arange(1.0, 4.0)
    cov = torch.minimum(i[:, None], i) + 0.25 * torch.eye(3)
    torch.testing.assert_close(trace.log_prob_sum(), normal_marginal(torch.zeros(3), cov, COUNTS[:3]))


@pytest.mark.parametrize("elements", ["many values", "one value"])
def test_normals_of_a_plate_share_a_parent(funsor, elements):
    def model():
        z = pyro.sample("z", dist.Normal(0.0, 2.0))
        with pyro.plate("data", 4):
            w = pyro.sample("w", dist.Normal(z, 1.0))
            pyro.sample("x", dist.Normal(w, 0.5), obs=COUNTS if elements == "many values" else T(3.0))

    values = COUNTS if elements == "many values" else T([3.0] * 4)
    cov = 4 * torch.ones(4, 4) + 1.25 * torch.eye(4)
    torch.testing.assert_close(marginal(model), normal_marginal(torch.zeros(4), cov, values))


def test_dims_of_enumerated_sites_outside_stay(funsor):
    rates = T([1.0, 2.0]).reshape(2, 1)

    def model():
        run(plated(dist.Gamma(2.0, rates), dist.Poisson, COUNTS, prior_inside=True))

    factor = poutine.trace(model).get_trace().nodes["z"]["fn"].log_factor
    expected = dist.GammaPoisson(2.0, rates).log_prob(COUNTS).sum(-1, keepdim=True)
    torch.testing.assert_close(factor, expected)


def test_discrete_sites_are_summed_out(funsor):
    weights, locs = T([0.25, 0.75]), T([-1.0, 2.0])

    def model():
        with pyro.plate("data", 4):
            z = pyro.sample("z", dist.Categorical(weights))
            pyro.sample("x", dist.Normal(funsor.Tensor(locs)[z], 1.0), obs=COUNTS)

    mixture = dist.MixtureSameFamily(dist.Categorical(weights), dist.Normal(locs, 1.0))
    torch.testing.assert_close(marginal(model), mixture.log_prob(COUNTS).sum())


def test_what_nothing_depends_on_integrates_to_one(funsor):
    assert marginal(lambda: pyro.sample("x", dist.Poisson(pyro.sample("z", dist.Gamma(2.0, 3.0))))) == 0


def test_the_subsample_scale_counts(funsor):
    def model(scale):
        z = pyro.sample("z", dist.Beta(2.0, 3.0))
        with poutine.scale(scale=scale), pyro.plate("data", 4):
            pyro.sample("x", dist.Bernoulli(z), obs=FLIPS)

    torch.testing.assert_close(marginal(lambda: model(2.0)), T(log_beta(8, 5) - log_beta(2, 3)))
    with poutine.trace() as recorder, poutine.scale(scale=2.0):
        run(lambda: model(1.0))
    torch.testing.assert_close(recorder.trace.log_prob_sum(), T(2 * (log_beta(5, 4) - log_beta(2, 3))))


def test_sites_without_latent_parents_stay(funsor):
    def model():
        pyro.sample("y", dist.Normal(0.0, 1.0), obs=T(1.0))
        SINGLE["gamma-poisson"][0]()

    trace = collapsed(model)
    assert trace.observation_nodes == ["y", "z"]
    assert trace.nodes["z"]["infer"] == {"is_auxiliary": True}
    assert isinstance(trace.nodes["y"]["fn"], dist.Normal)


def test_it_wraps_functions_and_can_be_run_again(funsor):
    model, expected = SINGLE["gamma-poisson"]
    wrapped = poutine.collapse(model)
    for _ in range(2):
        torch.testing.assert_close(poutine.trace(wrapped).get_trace().log_prob_sum(), expected)
    assert not COERCIONS


def test_the_marginal_is_learned_by(funsor):
    pyro.clear_param_store()

    def model():
        rate = pyro.param("rate", T(1.0), constraint=dist.constraints.positive)
        run(plated(dist.Gamma(2.0, rate), dist.Poisson, COUNTS, prior_inside=True))

    svi = SVI(model, lambda: None, Adam({"lr": 0.05}), Trace_ELBO())
    for _ in range(300):
        svi.step()
    # d/dr of 8 log r - (8 + sum x) log(1 + r) is zero at r = 8 / sum x
    torch.testing.assert_close(pyro.param("rate").detach(), T(8 / 6), rtol=1e-3, atol=1e-3)


BAD = {
    "another family": (sampled(dist.Beta(2.0, 3.0), lambda p: dist.Normal(p, 1.0), T(1.0)), "very site"),
    "a function of the variable": (sampled(dist.Gamma(2.0, 3.0), lambda r: dist.Poisson(2 * r), T(1.0)), "very site"),
    "a latent likelihood": (lambda: pyro.sample("x", dist.Exponential(
        pyro.sample("y", dist.Gamma(2.0, pyro.sample("z", dist.Gamma(1.0, 1.0))))), obs=T(1.0)), "very site"),
    "no conjugate": (sampled(dist.Cauchy(2.0, 3.0), lambda z: dist.Normal(z, 1.0), T(1.0)), "closed-form"),
    "not affine": (sampled(dist.Normal(2.0, 3.0), lambda z: dist.Normal(z * z, 1.0), T(1.0)), "closed-form"),
    "scaled normals": (lambda: poutine.scale(SINGLE["normal-normal"][0], 2.0)(), "scaled or masked"),
    "a parametrization that funsor lacks": (
        sampled(dist.MultivariateNormal(torch.zeros(2), torch.eye(2)),
                lambda z: dist.MultivariateNormal(z, torch.eye(2)), torch.zeros(2)), "loc, scale_tril"),
    "a family that funsor lacks": (sampled(dist.Gamma(2.0, 3.0), lambda r: dist.InverseGamma(2.0, r), T(1.0)),
                                   "no such distribution"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_integrated_is_refused(funsor, name):
    model, message = BAD[name]
    with pytest.raises(NotImplementedError, match=message):
        run(model)
    assert not COERCIONS and not poutine.runtime._PYRO_STACK


def test_a_name_may_stand_once(funsor):
    with pytest.raises(RuntimeError, match="'z' stands twice"):
        run(lambda: [pyro.sample("z", dist.Normal(0.0, 1.0)) for _ in range(2)])


def test_an_error_inside_passes(funsor):
    def model():
        pyro.sample("z", dist.Normal(0.0, 1.0))
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        poutine.collapse(model)()
    assert not COERCIONS and not poutine.runtime._PYRO_STACK


@pytest.mark.parametrize("use", [poutine.collapse, lambda: poutine.collapse(lambda: 1),
                                 collapse_messenger.CollapseMessenger])
def test_without_funsor_it_says_what_to_install(use, monkeypatch):
    monkeypatch.setattr(collapse_messenger, "_HAS_FUNSOR", False)
    with pytest.raises(ImportError, match=r"poutine\.collapse .*pip install funsor"):
        use()


def test_it_is_a_recorder():
    assert issubclass(collapse_messenger.CollapseMessenger, TraceMessenger)
