"""The sparse normal guide: its conditional independences, its backends, and what it can reach."""

import copy
from functools import partial

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide.gaussian import AutoGaussian
from pyro.optim import Adam
from tests.infer.compiled_runs import check_compiled_is_eager

DATA = torch.tensor([1.0, -1.0, 2.5])


def model(rows=None):
    """``mu ~ N(0, 1)``, ``x_i ~ N(mu, 1)``, ``y_i ~ N(x_i, 1)``."""
    mu = pyro.sample("mu", dist.Normal(0.0, 1.0))
    with pyro.plate("rows", 3, subsample_size=rows) as index:
        x = pyro.sample("x", dist.Normal(mu, 1.0))
        pyro.sample("y", dist.Normal(x, 1.0), obs=DATA[index])


# precision matrix of (mu, x) and information vector of the posterior of the model above
PRECISION = torch.tensor([[4.0, -1, -1, -1], [-1, 2, 0, 0], [-1, 0, 2, 0], [-1, 0, 0, 2]])
INFO = torch.cat([torch.zeros(1), DATA])


def nested():
    scale = pyro.sample("scale", dist.LogNormal(torch.zeros(2), 1.0).to_event(1))
    with pyro.plate("outer", 2, dim=-2):
        x = pyro.sample("x", dist.Normal(0.0, scale[..., 0]))
        with pyro.plate("inner", 3, dim=-1):
            p = pyro.sample("p", dist.Dirichlet(torch.ones(3)))
            y = pyro.sample("y", dist.Normal(x, 1.0))
        pyro.sample("z", dist.Normal(y.sum(-1, keepdim=True), p[..., 0].sum(-1, keepdim=True)), obs=torch.ones(2, 1))


@pytest.fixture(autouse=True)
def seed():
    pyro.set_rng_seed(0)


def fit(guide, steps=800, fitted=model, **options):
    return SVI(fitted, guide, Adam({"lr": 0.02}), Trace_ELBO(**options)).run(steps, progress_bar=False)


def covariance(guide):
    """Mean and covariance in unconstrained space, by the affine map from noise to draws."""
    push = lambda noise: torch.distributions.ComposeTransform(guide.get_transform())(noise)
    mean = push(torch.zeros(guide.latent_dim))
    slope = push(torch.eye(guide.latent_dim)) - mean
    return mean, slope.mT @ slope


@pytest.mark.parametrize("backend", ["dense", "sparse", "funsor", None])
def test_the_exact_posterior_has_no_loss_to_lose(backend):
    guide = AutoGaussian(model, backend=backend, init_scale=1.0)
    guide()
    difference = torch.tensor([[1.0], [-1.0]])
    squares = {"mu": torch.ones(1, 1), "x": difference.expand(3, 2, 1), "y": torch.ones(3, 1, 1)}
    with torch.no_grad():
        for name, value in squares.items():
            setattr(guide.prec_sqrts, name, value.contiguous())
        guide.white_vecs.y = DATA[:, None].contiguous()
    mean, covered = covariance(guide)
    torch.testing.assert_close(covered, PRECISION.inverse())
    torch.testing.assert_close(mean, torch.linalg.solve(PRECISION, INFO))
    evidence = dist.MultivariateNormal(torch.zeros(3), 2 * torch.eye(3) + 1).log_prob(DATA)
    for particles in (1, 7):  # the loss does not depend on the draw
        elbo = Trace_ELBO(num_particles=particles, vectorize_particles=True, max_plate_nesting=1)
        assert elbo.loss(model, guide) == pytest.approx(-evidence.item(), rel=1e-5)


def test_backends_agree():
    sparse, dense = AutoGaussian(nested, backend="sparse"), AutoGaussian(nested, backend="dense")
    sparse()
    pyro.clear_param_store()
    dense()
    dense.load_state_dict(sparse.state_dict())
    for ours, theirs in zip(covariance(sparse), covariance(dense), strict=True):
        torch.testing.assert_close(ours, theirs)
    value = torch.randn(sparse.latent_dim)
    torch.testing.assert_close(sparse.get_posterior().log_prob(value), dense.get_posterior().log_prob(value))


def test_sites_that_share_no_factor_are_independent():
    guide = AutoGaussian(model, init_scale=1.0)
    fit(guide, 50)
    precision = covariance(guide)[1].inverse()
    assert (precision[1:, 1:] - precision[1:, 1:].diag().diag()).abs().max() < 1e-4
    assert precision[0, 1:].abs().min() > 1e-2


def test_posterior_is_found():
    guide = AutoGaussian(model)
    assert fit(guide, 1500, num_particles=20, vectorize_particles=True).parts[-1].how != "eager"
    mean, covered = covariance(guide)
    # the last steps wander by about the learning rate
    assert (mean - torch.linalg.solve(PRECISION, INFO)).abs().max() < 0.1
    assert (covered - PRECISION.inverse()).abs().max() < 0.1


def test_rows_of_a_subsample_are_rows_of_the_whole():
    guide = AutoGaussian(model)
    values = guide(2)
    assert values["x"].shape == (2,) and guide.median(2)["x"].shape == (3,)
    assert {name: tuple(value.shape) for name, value in guide.named_pyro_params() if name.startswith("prec")} == {
        "prec_sqrts.mu": (1, 1), "prec_sqrts.x": (3, 2, 1), "prec_sqrts.y": (3, 1, 1)}


def test_shapes_of_sites_in_nested_plates():
    guide = AutoGaussian(nested)
    values = guide()
    assert {name: tuple(value.shape) for name, value in values.items()} == {
        "scale": (2,), "x": (2, 1), "p": (2, 3, 3), "y": (2, 3)}
    assert torch.equal(guide.median()["x"], torch.zeros(2, 1))
    assert guide.quantiles([0.1, 0.9])["y"].shape == (2, 2, 3)


def test_quantiles_are_those_of_the_marginals():
    guide = AutoGaussian(model, init_scale=1.0)
    guide()
    mean, covered = covariance(guide)
    quantile = guide.quantiles(0.8)
    expected = dist.Normal(mean, covered.diagonal().sqrt()).icdf(torch.tensor(0.8))
    torch.testing.assert_close(torch.cat([quantile["mu"], quantile["x"][0]]), expected)


def test_copies_and_states():
    guide = AutoGaussian(nested)
    guide()
    other = copy.deepcopy(guide)
    fresh = AutoGaussian(nested)
    fresh.load_state_dict(guide.state_dict())
    for copied in (other, fresh):
        torch.testing.assert_close(covariance(copied), covariance(guide))


def test_unknown_backends_are_refused():
    with pytest.raises(KeyError, match="backend"):
        AutoGaussian(model, backend="sparce")


@pytest.mark.parametrize("rows", [None, 2])
def test_compiled_steps_are_the_eager_ones(rows):
    program = partial(model, rows)
    check_compiled_is_eager(program, AutoGaussian(program), Trace_ELBO())
