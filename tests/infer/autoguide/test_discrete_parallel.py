"""Guides for discrete sites."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI
from pyro.infer.autoguide import AutoDiscreteParallel
from pyro.infer.dice import Dice
from pyro.optim import Adam
from pyro.poutine.util import prune_subsample_sites
from tests.infer.enumeration import enumerated_loss

PROBS = torch.tensor([0.2, 0.3, 0.5])


def model() -> None:
    with pyro.plate("data", 20, subsample_size=3):
        pyro.sample("bernoulli", dist.Bernoulli(0.3))
        pyro.sample("categorical", dist.Categorical(PROBS))
    pyro.sample("one_hot", dist.OneHotCategorical(PROBS))
    pyro.sample("event", dist.Bernoulli(0.3).expand([2, 4]).to_event(2))


SHAPES = {"bernoulli": (20,), "categorical": (20, 3), "one_hot": (3,), "event": (2, 4)}


def test_lesson_07_rows_that_are_not_drawn_have_parameters_too() -> None:
    guide = AutoDiscreteParallel(model)
    run = poutine.trace(guide).get_trace()
    for name, shape in SHAPES.items():
        assert getattr(guide, f"{name}_probs").shape == shape
        prior = poutine.trace(model).get_trace().nodes[name]
        site = run.nodes[name]
        assert site["infer"] == {"enumerate": "parallel"}
        assert site["value"].shape == prior["value"].shape
        assert site["fn"].event_shape == prior["fn"].event_shape


def test_probabilities_start_at_the_priors() -> None:
    guide = AutoDiscreteParallel(model)
    guide()
    torch.testing.assert_close(guide.categorical_probs, PROBS.expand(20, 3))
    torch.testing.assert_close(guide.event_probs, torch.full((2, 4), 0.3))


def test_other_families_are_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match="'count'.*Poisson"):
        AutoDiscreteParallel(lambda: pyro.sample("count", dist.Poisson(1.0)))()


DATA = torch.tensor([0.5, -1.0, 2.0, 0.3])


def enumerated_elbo(model, guide, *args):
    """Minus the ELBO, with all values of the guide's sites at once."""
    with poutine.enum(first_available_dim=-2):
        q = poutine.trace(guide).get_trace(*args)
        p = poutine.trace(poutine.replay(model, trace=q)).get_trace(*args)
    q, p = prune_subsample_sites(q), prune_subsample_sites(p)
    q.compute_score_parts()
    p.compute_log_prob()
    symbols: dict[str, str] = {}
    for run in (q, p):
        run.pack_tensors(symbols)
    ordering, costs = {}, {}
    for run, sign in ((q, 1.0), (p, -1.0)):
        for name, site in run.nodes.items():
            if site["type"] == "sample":
                place = frozenset(frame.name for frame in site["cond_indep_stack"])
                if run is q:
                    ordering[name] = place
                costs.setdefault(place, []).append(site["packed"]["log_prob"].map(lambda each, sign=sign: sign * each))
    return Dice(q, ordering).compute_expectation(costs)


def mixture(rows=None):
    a = pyro.sample("a", dist.Bernoulli(0.3))
    with pyro.plate("data", 4, subsample_size=rows) as index:
        z = pyro.sample("z", dist.Categorical(PROBS))
        pyro.sample("x", dist.Normal(z.float() + a, 1.0), obs=DATA[index])


def gradients(loss, guide):
    return torch.autograd.grad(loss, list(guide.parameters()))


def test_enumerated_in_parallel_it_is_the_sum_over_all_values() -> None:
    guide = AutoDiscreteParallel(mixture)
    guide()
    with torch.no_grad():
        for parameter in guide.parameters():
            parameter.add_(torch.linspace(-0.5, 0.7, parameter.numel()).reshape(parameter.shape))
    parallel, in_turn = enumerated_elbo(mixture, guide), enumerated_loss(mixture, guide)
    torch.testing.assert_close(parallel, in_turn)
    torch.testing.assert_close(gradients(parallel, guide), gradients(in_turn, guide), rtol=1e-4, atol=1e-5)


def test_lesson_7_rows_that_are_drawn_learn_and_the_others_wait() -> None:
    pyro.set_rng_seed(0)
    guide = AutoDiscreteParallel(lambda: mixture(2))
    run = poutine.trace(guide).get_trace()
    rows = run.nodes["data"]["value"]
    fixed = poutine.condition(guide, {"data": rows})
    loss = enumerated_elbo(poutine.condition(lambda: mixture(2), {"data": rows}), fixed)
    (drawn,) = torch.autograd.grad(loss, [guide.z_probs_unconstrained])
    is_drawn = torch.zeros(4, dtype=torch.bool).scatter(0, rows, True)
    assert bool((drawn.abs().sum(-1) > 0).eq(is_drawn).all())


@pytest.mark.parametrize("compiled", [False, True])
def test_training_leads_to_the_posterior(compiled) -> None:
    """Rows that are independent given nothing else: the guide contains the posterior."""
    pyro.set_rng_seed(0)

    def rows():
        with pyro.plate("data", 4):
            z = pyro.sample("z", dist.Categorical(PROBS))
            pyro.sample("x", dist.Normal(z.float(), 1.0), obs=DATA)

    guide = AutoDiscreteParallel(rows)
    svi = SVI(rows, guide, Adam({"lr": 0.1}), enumerated_elbo)
    if compiled:
        assert svi.run(200, progress_bar=False).parts[-1].how == "loop program"
    else:
        for _ in range(200):
            svi.step()
    joint = PROBS * dist.Normal(torch.arange(3.0), 1.0).log_prob(DATA[:, None]).exp()
    torch.testing.assert_close(guide.z_probs.detach(), joint / joint.sum(-1, keepdim=True), rtol=0, atol=1e-3)
