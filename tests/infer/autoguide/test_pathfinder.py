"""The warm start: what it finds, that guides begin there, and that they are better off than after many steps."""

import math
from functools import partial

import pytest
import torch
from sklearn.datasets import load_breast_cancer
from torch import tensor
from torch.distributions import kl_divergence

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO, autoguide
from pyro.infer.autoguide import AutoNormal, init_to_median, init_to_pathfinder
from pyro.infer.autoguide.initialization import InitPoint
from pyro.optim import Adam
from tests.infer.autoguide.cases import DATA, conjugate, eight_schools

quick = partial(init_to_pathfinder, num_paths=1)


@pytest.fixture(autouse=True)
def seed():
    pyro.set_rng_seed(0)


def correlated(scales):
    """A normal distribution over ten elements: its mean, its precision, and a model that has it."""
    size = len(scales)
    generator = torch.Generator().manual_seed(0)
    factor = torch.randn(size, size, generator=generator, dtype=torch.float64)
    precision = (factor @ factor.T + torch.eye(size)) / (scales[:, None] * scales)
    mean = torch.randn(size, generator=generator) * scales
    normal = dist.MultivariateNormal(mean, covariance_matrix=precision.inverse().float())
    return mean, precision, lambda: pyro.sample("z", normal)


@pytest.mark.parametrize("scales", [torch.ones(10), torch.logspace(-2, 2, 10)], ids=["alike", "1e-2 to 1e2"])
def test_a_normal_distribution_is_recovered(scales):
    mean, precision, model = correlated(scales)
    found = quick().fit(model, (), {})
    deviation = precision.inverse().diagonal().sqrt()
    torch.testing.assert_close((found.values["z"] - mean) / deviation, torch.zeros(10).double(), rtol=0, atol=1e-3)
    # the best that independent elements can do is the deviation of each given the others
    ratio = found.scales["z"] * precision.diagonal().sqrt()
    torch.testing.assert_close(ratio, torch.ones(10).double(), rtol=0, atol=1e-2)


def test_the_mode_at_infinity_is_not_gone_to():
    """The density of Neal's funnel is largest where its neck is infinitely narrow."""
    found = quick(num_pairs=0).fit(funnel, (), {})
    assert abs(found.values["v"]) < 4.0


def funnel():
    v = pyro.sample("v", dist.Normal(0.0, 3.0))
    with pyro.plate("rows", 9):
        pyro.sample("x", dist.Normal(0.0, (v / 2).exp()))


def logistic():
    table = load_breast_cancer()
    measured = table.data  # of each tumour's cells: some of the thirty columns are strongly correlated
    x = tensor((measured - measured.mean(0)) / measured.std(0)).float()
    y = tensor(table.target).float()

    def model():
        bias = pyro.sample("bias", dist.Normal(0.0, 1.0))
        weights = pyro.sample("weights", dist.Normal(torch.zeros(30), 1.0).to_event(1))
        with pyro.plate("data", len(x)):
            pyro.sample("y", dist.Bernoulli(logits=bias + (weights @ x.T if weights.dim() == 1 else
                                                           (weights @ x.T).squeeze(-2))), obs=y)
    return model


@pytest.mark.parametrize("model, start", [
    (eight_schools, init_to_pathfinder(num_paths=2)), (funnel, quick()), (logistic(), quick()),
], ids=["eight schools", "funnel", "logistic regression"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_guide_begins_better_than_where_adam_ends(model, start, seed):
    elbo = Trace_ELBO(num_particles=4000, vectorize_particles=True, max_plate_nesting=1)
    losses = {}
    for name, init in {"warm": start, "trained": init_to_median(num_samples=15)}.items():
        pyro.clear_param_store()
        pyro.set_rng_seed(seed)
        guide = AutoNormal(model, init_loc_fn=init)
        if name == "trained":
            SVI(model, guide, Adam({"lr": 0.01}), Trace_ELBO()).run(1000, progress_bar=False)
        pyro.set_rng_seed(2)
        losses[name] = elbo.loss(model, guide)
    assert losses["warm"] < losses["trained"]


GUIDES = {
    "diagonal_normal": (autoguide.AutoDiagonalNormal, "scale"),
    "multivariate_normal": (autoguide.AutoMultivariateNormal, "scale"),
    "batched_multivariate_normal": (autoguide.AutoBatchedMultivariateNormal, "scale"),
    "normal": (autoguide.AutoNormal, "scales.z"),
    "gaussian": (autoguide.AutoGaussian, "scales.z"),
    "structured": (autoguide.AutoStructured, "scales.z"),
    "normal_messenger": (autoguide.AutoNormalMessenger, "scales.z"),
    "dais": (autoguide.AutoDAIS, "z_0_scale"),
    "low_rank": (partial(autoguide.AutoLowRankMultivariateNormal, rank=1), None),
    "delta": (autoguide.AutoDelta, None),
    "laplace": (autoguide.AutoLaplaceApproximation, None),
    "regressive_messenger": (autoguide.AutoRegressiveMessenger, None),
}


@pytest.mark.parametrize("name", GUIDES)
def test_every_continuous_guide_begins_there(name):
    """The posterior of ``log z`` is ``N(x / 2, 1 / 2)``."""
    make, scale = GUIDES[name]
    guide = make(conjugate, init_loc_fn=quick())
    guide()
    assert isinstance(guide.init_loc_fn, InitPoint)
    torch.testing.assert_close(guide.init_loc_fn.values["z"].log(), DATA / 2, rtol=0, atol=1e-3)
    if name not in ("delta", "dais", "regressive_messenger"):  # which have no parameter of this meaning
        loc = guide.loc if hasattr(guide, "loc") else guide.locs.z
        torch.testing.assert_close(loc.detach().reshape(-1), DATA / 2, rtol=0, atol=1e-3)
    if scale is not None:
        found = autoguide.utils.deep_getattr(guide, scale).detach().reshape(-1)
        torch.testing.assert_close(found, torch.full((4,), 0.5**0.5), rtol=0, atol=2e-3)


CORRELATED = {
    "multivariate_normal": (autoguide.AutoMultivariateNormal, 0.05),
    "cholesky_dais": (partial(autoguide.AutoDAIS, base_dist="cholesky"), 0.05),
    "low_rank": (partial(autoguide.AutoLowRankMultivariateNormal, rank=3), 0.5),
    "low_rank_beyond_all": (partial(autoguide.AutoLowRankMultivariateNormal, rank=20), 0.5),
}


@pytest.mark.parametrize("name", CORRELATED)
def test_guides_with_correlations_begin_with_them(name):
    """The divergence from a correlated posterior, as a part of the least that independent elements leave."""
    make, part = CORRELATED[name]
    mean, precision, model = correlated(torch.logspace(-2, 2, 10))
    guide = make(model, init_loc_fn=quick())
    guide()
    found = guide.get_base_dist() if "dais" in name else guide.get_posterior()
    start = dist.MultivariateNormal(found.mean.double(), found.covariance_matrix.double())
    independent = 0.5 * (precision.diagonal().log().sum() - precision.logdet())
    assert kl_divergence(start, dist.MultivariateNormal(mean, precision_matrix=precision)) < part * independent


def test_correlations_of_very_many_elements_are_left_out():
    found = quick(num_pairs=0, num_steps=2).fit(lambda: pyro.sample("z", dist.Normal(torch.zeros(2001), 2.0)), (), {})
    assert found.covariance is None


@pytest.mark.parametrize("make", [AutoNormal, autoguide.AutoMultivariateNormal])
def test_rows_that_are_drawn_stand_for_all(make):
    """Each of two rows counts twice, which makes it no more certain."""
    guide = make(conjugate, init_loc_fn=quick())
    guide(2)
    loc, scale = (guide.locs.z, guide.scales.z) if make is AutoNormal else guide._loc_scale()
    assert loc.shape == (4,)
    torch.testing.assert_close(scale.detach(), torch.full((4,), 0.5**0.5), rtol=0, atol=2e-3)


def branching():
    """A model that looks at a value, so that its draws cannot be batched."""
    z = pyro.sample("z", dist.Normal(3.0, 2.0))
    pyro.factor("cut", z.new_zeros(()) if bool(z > -1e6) else -z.square())


def test_models_that_cannot_be_batched_are_run_draw_by_draw():
    found = quick().fit(branching, (), {})
    torch.testing.assert_close(found.values["z"], tensor(3.0), rtol=0, atol=1e-3)
    torch.testing.assert_close(found.scales["z"], tensor(2.0), rtol=0, atol=1e-3)


def test_semi_dais_begins_there():
    guide = autoguide.AutoSemiDAIS(conjugate, conjugate, K=1, init_loc_fn=quick())
    guide()
    torch.testing.assert_close(guide.z_0_scale.detach(), torch.full((4, 1), 0.5**0.5), rtol=0, atol=2e-3)


def test_the_model_alone_is_run_unseen():
    def model():
        scale = pyro.param("scale", tensor(2.0))
        pyro.sample("z", dist.Normal(3.0, scale))
        pyro.sample("hidden", dist.Bernoulli(0.5))

    with poutine.trace() as run:
        found = quick().fit(poutine.block(model, hide=["hidden"]), (), {})
    assert not run.trace.nodes
    assert set(found.values) == {"z"} and found({"name": "hidden"}) is None
    torch.testing.assert_close(found.values["z"], tensor(3.0), rtol=0, atol=1e-3)
    torch.testing.assert_close(found.scales["z"], tensor(2.0), rtol=0, atol=1e-3)


def test_results_depend_on_the_seed_alone():
    found = []
    for _ in range(2):
        pyro.set_rng_seed(3)
        found.append(init_to_pathfinder(num_paths=2, num_pairs=0).fit(eight_schools, (), {}).values)
    torch.testing.assert_close(*found, rtol=0, atol=0)


def nowhere():
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.factor("nowhere", z * math.inf)


@pytest.mark.parametrize("act, message", [
    (lambda: init_to_pathfinder({"name": "z"}), "with the parentheses"),
    (lambda: quick(num_draws=0), "num_draws >= 1"),
    (lambda: quick(num_pairs=-1), "num_pairs >= 0"),
    (lambda: quick()({"name": "z"}), "needs the whole model"),
    (lambda: AutoNormal(nowhere, init_loc_fn=init_to_pathfinder())(), "NaN or infinite at every point"),
    (lambda: quick().fit(lambda: None, (), {}), "no latent sites"),
])
def test_bad_use_is_said(act, message):
    with pytest.raises(ValueError, match=message):
        act()
