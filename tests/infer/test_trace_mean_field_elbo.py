"""Divergences are analytic where they can be; gradients are unbiased; structures that do not fit are told."""

import warnings

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, JitTraceMeanField_ELBO, Trace_ELBO, TraceMeanField_ELBO
from tests.infer.compiled_runs import check_compiled_is_eager
from tests.infer.problems import PROBLEMS
from tests.infer.test_trace_elbo import check_unbiased

NAMES = ("normal", "scaled", "data masked", "data by condition", "factor, pathwise", "auxiliary", "beta-bernoulli",
         "gamma-poisson")


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_unbiased(name):
    check_unbiased(TraceMeanField_ELBO(num_particles=4000, vectorize_particles=True), PROBLEMS[name], 0.1, repeats=12)


MASK, OTHER = torch.tensor([True, False, True]), torch.tensor([True, True, False])


def rows(loc, scale=1.0, mask=None, **kwargs):
    with pyro.plate("rows", 3), poutine.scale(scale=scale), poutine.mask(mask=True if mask is None else mask):
        pyro.sample("z", dist.Normal(loc, 1.0), **kwargs)


@pytest.mark.parametrize(("p", "q", "expected"), [
    ({}, {}, 3 * 0.5), ({"scale": 2.0}, {"scale": 2.0}, 3.0), ({"mask": MASK}, {"mask": MASK}, 1.0),
    ({"mask": False}, {"mask": False}, 0.0)])
@pytest.mark.parametrize("elbo", [TraceMeanField_ELBO(), TraceMeanField_ELBO(3),
                                  TraceMeanField_ELBO(3, vectorize_particles=True)])
def test_losses_of_known_divergences_are_exact(elbo, p, q, expected):
    assert elbo.loss(lambda: rows(0.0, **p), lambda: rows(1.0, **q)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("p", "q"), [
    ({"mask": MASK}, {"mask": OTHER}), ({"mask": MASK}, {}), ({}, {"mask": OTHER}), ({"scale": 2.0}, {}),
    ({"mask": MASK, "scale": 2.0}, {"mask": OTHER, "scale": 2.0})])
def test_where_masks_or_scales_differ_the_loss_has_trace_elbos_mean(p, q):
    pairs = [(lambda: rows(0.0, **p), lambda: rows(1.0, **q))] * 2
    means, errors = [], []
    for cls, (model, guide) in zip((TraceMeanField_ELBO, Trace_ELBO), pairs, strict=True):
        elbo = cls(num_particles=5000, max_plate_nesting=1, vectorize_particles=True)
        losses = torch.tensor([elbo.loss(model, guide) for _ in range(5)])
        means.append(losses.mean())
        errors.append(losses.std() / 5**0.5)
    assert (means[0] - means[1]).abs() <= 6 * (errors[0].square() + errors[1].square()).sqrt() + 1e-4


def chain(names):
    values = {}
    for name in names:
        values[name] = pyro.sample(name, dist.Normal(values.get("a", 0.0), 1.0))


@pytest.mark.parametrize(("order", "warns"), [("ab", False), ("ba", True)])
def test_the_order_of_sites_is_checked(order, warns):
    def guide():
        for name in order:
            pyro.sample(name, dist.Normal(0.0, 1.0))

    if warns:
        with pytest.warns(UserWarning, match=r"the model's latent sites come in the order \['a', 'b'\]"):
            TraceMeanField_ELBO().loss(lambda: chain("ab"), guide)
    with warnings.catch_warnings(action="error"):
        if not warns:
            TraceMeanField_ELBO().loss(lambda: chain("ab"), guide)
        with pyro.validation_enabled(False):
            TraceMeanField_ELBO().loss(lambda: chain("ab"), guide)


def discrete():
    pyro.sample("y", dist.Bernoulli(pyro.param("p", torch.tensor(0.3))))


@pytest.mark.parametrize(("guide", "match"), [(discrete, "Site 'y': this estimator needs guides"),
                                              (lambda: None, "Site 'y', which the guide leaves to the prior")])
@pytest.mark.filterwarnings("ignore:Found vars in model but not guide")
def test_score_functions_are_refused(guide, match):
    with pytest.raises(NotImplementedError, match=match):
        TraceMeanField_ELBO().loss_and_grads(discrete, guide)


@pytest.mark.filterwarnings("ignore:Found vars in model but not guide")
def test_lesson_04_a_partly_observed_site_may_be_left_to_the_prior():
    def model():
        with pyro.plate("rows", 3):
            y = pyro.sample("y", dist.Normal(0.0, 1.0), obs=torch.ones(3), obs_mask=MASK)
            pyro.sample("x", dist.Normal(y, 1.0), obs=torch.zeros(3))

    assert TraceMeanField_ELBO().loss(model, lambda: None) > 0


def test_runs_are_captured():
    problem = PROBLEMS["gamma-poisson"]
    problem.start()
    params = {name: value.detach().clone() for name, value in pyro.get_param_store().items()}

    def guide():
        for name, value in params.items():
            pyro.param(name, value, constraint=problem.params[name][1])
        problem.guide()

    check_compiled_is_eager(problem.model, guide, TraceMeanField_ELBO(num_particles=2))
    svi = SVI(problem.model, guide, pyro.optim.Adam({"lr": 0.05}), JitTraceMeanField_ELBO())
    assert all(torch.isfinite(torch.tensor(svi.step())) for _ in range(4))
