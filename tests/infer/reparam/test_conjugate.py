import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.reparam import ConjugateReparam

PRIOR = dist.Gamma(torch.tensor([1.0, 2.0]), 1.0)
DATA = torch.tensor([[3.0, 1.0], [4.0, 0.0]])


def model(data=DATA):
    with pyro.plate("columns", 2):
        rate = pyro.sample("rate", PRIOR)
        with pyro.plate("rows", len(data)):
            pyro.sample("x", dist.Poisson(rate), obs=data)


def likelihood(data=DATA):
    """Proportional to the likelihood of Poisson data."""
    return dist.Gamma(1 + data.sum(0), torch.tensor(float(len(data))))


def evidence(data=DATA):
    """The probability of the data, in closed form."""
    a, b, n, total = PRIOR.concentration, PRIOR.rate, len(data), data.sum(0)
    return (a * b.log() - a.lgamma() + (a + total).lgamma() - (a + total) * (b + n).log()
            - (data + 1).lgamma().sum(0)).sum()


@pytest.mark.parametrize("guide", [likelihood(), likelihood])
def test_the_exact_likelihood_leaves_the_evidence(guide):
    reparametrised = poutine.reparam(model, config={"rate": ConjugateReparam(guide)})
    for _ in range(3):
        trace = poutine.trace(reparametrised).get_trace(DATA)
        assert trace.stochastic_nodes == ["columns", "rows"]
        torch.testing.assert_close(trace.log_prob_sum(), evidence())


def test_a_guess_leaves_it_in_the_mean():
    torch.manual_seed(0)
    guess = dist.Gamma(torch.tensor([5.0, 2.0]), 1.5)

    def particles():
        with pyro.plate("particles", 20_000, dim=-3):
            model()

    trace = poutine.trace(poutine.reparam(particles, config={"rate": ConjugateReparam(guess)})).get_trace()
    trace.compute_log_prob()
    log_weights = trace.nodes["rate"]["log_prob"].sum((-1, -2)) + trace.nodes["x"]["log_prob"].sum((-1, -2))
    weights = (log_weights - evidence()).exp()
    assert (weights.mean() - 1).abs() < 4 * weights.std() / math.sqrt(20_000)
    assert weights.std() < 2


def test_events():
    config = {"x": ConjugateReparam(likelihood().to_event(1))}
    trace = poutine.trace(poutine.reparam(lambda: pyro.sample("x", PRIOR.to_event(1)), config=config)).get_trace()
    assert trace.nodes["x"]["fn"].event_shape == (2,)


def test_data_are_refused():
    with pytest.raises(AssertionError, match="Site 'x': ConjugateReparam is for latent sites"):
        poutine.reparam(lambda: pyro.sample("x", PRIOR, obs=torch.ones(2)), config={"x": ConjugateReparam(PRIOR)})()


def test_a_function_needs_the_arguments():
    with pytest.raises(AssertionError, match=r"Site 'rate': .* needs the model's arguments"), \
            poutine.reparam(config={"rate": ConjugateReparam(likelihood)}):
        model()


def test_updates_without_gradients_are_refused():
    class Atom(dist.Delta):
        has_rsample = False

        def conjugate_update(self, other):
            return self, torch.tensor(0.0)

    with pytest.raises(AssertionError, match="Site 'x': ConjugateReparam needs reparameterized draws"):
        poutine.reparam(lambda: pyro.sample("x", Atom(torch.tensor(0.0))), config={"x": ConjugateReparam(PRIOR)})()
