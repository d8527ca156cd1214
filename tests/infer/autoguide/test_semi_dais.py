"""Annealed steps of local variables, with a guide of the global ones: exact answers, plates, and how they run."""

import math
from functools import partial

import pytest
import torch
from torch import tensor
from torch.distributions import biject_to

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoNormal
from pyro.infer.autoguide.semi_dais import AutoSemiDAIS
from pyro.optim import Adam
from tests.infer.compiled_runs import outcome

DATA = tensor([1.0, -0.5, 2.0, 1.5, 0.3, -1.0])
GLOBAL_PRECISION = 1.0 + 6 / 5.0
GLOBAL_MEAN = DATA.sum() / 5.0 / GLOBAL_PRECISION
EVIDENCE = dist.MultivariateNormal(torch.zeros(6), torch.ones(6, 6) + 5.0 * torch.eye(6)).log_prob(DATA)


def global_model(rows=None):
    return pyro.sample("theta", dist.Normal(0.0, 1.0))


def local_model(theta, rows=None):
    """``log z_i ~ N(theta, 1)``, ``x_i ~ N(log z_i, 2)``; ``log z_i`` then has the mean ``(4 theta + x_i) / 5``."""
    with pyro.plate("data", 6, subsample_size=rows) as index:
        z = pyro.sample("z", dist.LogNormal(theta, 1.0))
        pyro.sample("x", dist.Normal(z.log(), 2.0), obs=DATA[index])


def model(rows=None):
    local_model(global_model(), rows)


def local_guide(theta, rows=None):
    loc = pyro.param("loc", DATA / 5)
    scale = pyro.param("scale", tensor(0.5), constraint=constraints.positive)
    with pyro.plate("data", 6, subsample_size=rows) as index:
        pyro.sample("z", dist.LogNormal(0.8 * theta + loc[index], scale))


def make(rows=None, is_guided=False, **options):
    guide = partial(local_guide, rows=rows) if is_guided else None
    return partial(model, rows), AutoSemiDAIS(partial(model, rows), partial(local_model, rows=rows),
                                              AutoNormal(global_model, init_scale=0.7), guide, **options)


STEPS = {"K": 3, "eta_init": 0.5, "eta_max": 1.0, "init_scale": 0.9}
CASES = {
    "all rows": STEPS,
    "drawn rows": {"rows": 3, **STEPS},
    "shared steps": {"rows": 3, "use_global_dais_params": True, **STEPS},
    "local guide": {"rows": 3, "K": 2, "is_guided": True},
}


@pytest.fixture(autouse=True)
def seed():
    pyro.set_rng_seed(0)


@pytest.mark.parametrize("name", ["all rows", "shared steps"])
def test_the_posterior_of_a_conjugate_model_is_found(name):
    program, guide = make(**CASES[name])
    elbo = Trace_ELBO(num_particles=4, vectorize_particles=True, max_plate_nesting=1)
    result = SVI(program, guide, Adam({"lr": 0.02}), elbo).run(1000, progress_bar=False)
    assert result.parts[-1].how == "loop program"
    state = guide.state_dict()
    pyro.clear_param_store()
    program, whole = make(**{**CASES[name], "rows": None})
    whole.load_state_dict(state)
    loss = Trace_ELBO(num_particles=4000, vectorize_particles=True, max_plate_nesting=1).loss(program, whole)
    # a normal distribution of theta and the rows, without correlations, could do no better than this
    gap = 0.5 * (math.log(1.0 + 6.0) - math.log(GLOBAL_PRECISION))
    assert -EVIDENCE - 0.05 < loss < -EVIDENCE + 0.5 * gap
    with pyro.plate("draws", 4000, dim=-2):
        draws = whole()
    error = 0.15  # of a standard deviation: what is left of the gap, and 4 standard errors
    theta, z = draws["theta"].squeeze(-1), draws["z"].log()
    assert abs(theta.mean() - GLOBAL_MEAN) < error * GLOBAL_PRECISION**-0.5
    torch.testing.assert_close(z.mean(0), (4 * GLOBAL_MEAN + DATA) / 5, rtol=0, atol=error)
    # the steps follow theta, which independent variables do not
    slope = ((theta - theta.mean())[:, None] * z).mean(0) / theta.var()
    torch.testing.assert_close(slope, torch.full((6,), 0.8), rtol=0, atol=0.3)


def test_weights_are_unbiased():
    """The mean of ``p / q`` over draws is the evidence, whatever the parameters are."""
    program, guide = make(**CASES["local guide"] | {"rows": None})
    guide()
    with pyro.plate("draws", 20_000, dim=-2):
        run = poutine.trace(guide).get_trace()
        other = poutine.trace(poutine.replay(program, trace=run)).get_trace()
    log_weights = torch.zeros(20_000)
    for sign, sites in ((1, other), (-1, run)):
        sites.compute_log_prob()
        for site in sites.nodes.values():
            if site["type"] == "sample" and site["name"] != "draws" and site["name"] != "data":
                log_weights = log_weights + sign * site["log_prob"].sum(-1)
    weights = (log_weights - EVIDENCE).exp()
    assert abs(weights.mean() - 1.0) < 5 * weights.std() / 20_000**0.5
    assert weights.std() > 1e-3


@pytest.mark.parametrize("name", CASES)
def test_compiled_steps_are_the_eager_ones(name):
    compiled, eager = (outcome(*make(**CASES[name]), Trace_ELBO(), compiled) for compiled in (True, False))
    assert compiled.how == "loop program"
    torch.testing.assert_close(compiled.losses, eager.losses, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(compiled.params, eager.params, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", CASES)
def test_parameters_have_all_rows_and_draws_those_that_are_drawn(name):
    options = CASES[name]
    _, guide = make(**options)
    values = guide()
    assert values["z"].shape == (options.get("rows") or 6,)
    steps = () if "use_global_dais_params" in options else (6,)
    assert guide.eta0.shape == steps and guide.beta_increments.shape == (*steps, options["K"])
    if not options.get("is_guided"):
        assert guide.z_0_loc.shape == (6, 1)
    else:
        assert not hasattr(guide, "z_0_loc")


def test_models_without_global_variables_have_no_global_guide():
    guide = AutoSemiDAIS(partial(local_model, tensor(0.0), 2), partial(local_model, tensor(0.0), 2), K=1)
    assert set(guide()) == {"z"}


def nested_model():
    with pyro.plate("left", 2, dim=-3), pyro.plate("data", 5, dim=-2, subsample_size=3):
        a = pyro.sample("a", dist.Dirichlet(torch.ones(4)))
        with pyro.plate("right", 3, dim=-1):
            pyro.sample("b", dist.Normal(a[..., :1], 1.0).expand([*a.shape[:-1], 2]).to_event(1))


@pytest.mark.parametrize("particles", [None, 7])
def test_sites_in_several_plates(particles):
    guide = AutoSemiDAIS(nested_model, nested_model, K=2, subsample_plate="data")
    guide()
    if particles is None:
        values = guide()
        outer = ()
    else:
        with pyro.plate("particles", particles, dim=-4):
            values = guide()
        outer = (particles,)
    assert values["a"].shape == (*outer, 2, 3, 1, 4)
    assert values["b"].shape == (*outer, 2, 3, 3, 2)
    torch.testing.assert_close(guide._unpack(guide._pack(values))["b"], values["b"])
    expected = biject_to(constraints.simplex).inv(values["a"])
    torch.testing.assert_close(guide._unpack(guide._pack(values))["a"], expected)


def unclear_model():
    with pyro.plate("one", 2), pyro.plate("two", 3):
        pyro.sample("z", dist.Normal(0.0, 1.0))


def two_drawn():
    with pyro.plate("one", 5, subsample_size=2):
        pyro.sample("a", dist.Normal(0.0, 1.0))
        with pyro.plate("two", 5, subsample_size=3):
            pyro.sample("b", dist.Normal(0.0, 1.0))


@pytest.mark.parametrize("build, error, message", [
    (lambda: make(K=0), ValueError, "K >= 1"),
    (lambda: make(init_scale=-1.0), ValueError, "init_scale"),
    (lambda: AutoSemiDAIS(model, local_model, local_model), ValueError, "attribute 'model'"),
    (lambda: AutoSemiDAIS(global_model, global_model, AutoNormal(global_model))(), RuntimeError, "no local latent"),
    (lambda: AutoSemiDAIS(unclear_model, unclear_model)(), ValueError, "subsample_plate="),
    (lambda: AutoSemiDAIS(unclear_model, unclear_model, subsample_plate="three")(), ValueError, "named 'three'"),
    (lambda: AutoSemiDAIS(two_drawn, two_drawn)(), NotImplementedError, "Plate 'two'"),
    (lambda: AutoSemiDAIS(model, local_model, AutoNormal(global_model), AutoNormal(local_model))(),
     ValueError, "expected a local_guide"),
    (lambda: make()[1].median(), NotImplementedError, "no known median"),
])
def test_bad_arguments(build, error, message):
    with pytest.raises(error, match=message):
        build()
