"""What counts in an estimate, and the sums of particles."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import RenyiELBO, terms
from pyro.infer.enum import get_importance_trace


def model():
    a = pyro.sample("a", dist.Bernoulli(0.3))
    with pyro.plate("rows", 3):
        b = pyro.sample("b", dist.Bernoulli(0.5))
        pyro.sample("x", dist.Normal(a + b, 1.0), obs=torch.zeros(3))


def guide():
    pyro.sample("a", dist.Bernoulli(0.6))
    pyro.sample("aux", dist.Normal(0.0, 1.0), infer={"is_auxiliary": True})


@pytest.mark.filterwarnings("ignore:Found vars in model but not guide")
def test_what_counts():
    p, q = get_importance_trace("flat", 1, model, guide, (), {})
    assert [site["name"] for site in terms.costs_of_model(p, q)] == ["a", "x"]
    assert [site["name"] for site in terms.costs_of_guide(q)] == ["a", "aux"]
    assert [site["name"] for site in terms.from_prior(p, q)] == ["b"]
    assert [site["name"] for site, _ in terms.scores(p, q)] == ["a", "b"]
    total = sum(p.nodes[name]["log_prob_sum"] for name in "ax") - q.log_prob_sum()
    torch.testing.assert_close(terms.log_ratios(p, q).sum_to(()), total)


def test_sums():
    assert terms.add([]) == 0.0
    assert terms.add([torch.tensor(1.0), torch.tensor(2.0)]).item() == 3.0


@pytest.mark.filterwarnings("ignore:Found vars in model but not guide")
@pytest.mark.parametrize("vectorize", [True, False])
def test_particles(vectorize):
    elbo = RenyiELBO(num_particles=4, max_plate_nesting=1, vectorize_particles=vectorize)
    particles = terms.get_particles(elbo, model, guide, (), {})
    assert particles.log_p.shape == particles.log_q.shape == particles.score.shape == (4,)
    assert particles.fixed_log_weights is None
    assert len(set(particles.log_p.tolist())) > 1
