"""Both losses and their gradients against enumeration, and each reaches its own parameters only."""

import itertools
import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, ReweightedWakeSleep
from tests.infer.compiled_runs import check_compiled_is_eager

DATA = {"x": torch.tensor(1.0)}
P_X = torch.tensor([0.2, 0.7])  # of x = 1, by the value of y


def model(observations=DATA):
    y = pyro.sample("y", dist.Bernoulli(logits=pyro.param("prior", torch.tensor(-0.5))))
    pyro.sample("x", dist.Bernoulli(P_X[y.long()]), obs=observations["x"])


def guide(observations=DATA):
    bias, slope = pyro.param("bias", torch.tensor(0.3)), pyro.param("slope", torch.tensor(-0.6))
    pyro.sample("y", dist.Bernoulli(logits=bias + slope * observations["x"]))


def exact(num_particles):
    """The exact means of the wake losses of the model and of the guide, and of the sleep loss.

    Their gradients are those at draws that are constants.
    """
    values = torch.tensor([0.0, 1.0])
    prior = dist.Bernoulli(logits=pyro.param("prior"))
    likelihood = torch.stack([1 - P_X, P_X])  # row x, column y
    guides = [dist.Bernoulli(logits=pyro.param("bias") + pyro.param("slope") * x) for x in values]
    log_q = guides[1].log_prob(values)
    log_w = prior.log_prob(values) + likelihood[1].log() - log_q.detach()
    model_loss = guide_loss = sleep = torch.zeros(())
    for drawn in itertools.product((0, 1), repeat=num_particles):
        ys = torch.tensor(drawn)
        mass = log_q.detach()[ys].sum().exp()
        model_loss = model_loss - mass * (log_w[ys].logsumexp(0) - math.log(num_particles))
        guide_loss = guide_loss - mass * (log_w[ys].softmax(0).detach() * log_q[ys]).sum()
    for x, y in itertools.product((0, 1), repeat=2):
        mass = prior.log_prob(values[y]).exp().detach() * likelihood[x, y]
        sleep = sleep - mass * guides[x].log_prob(values[y])
    return model_loss, guide_loss, sleep


@pytest.mark.parametrize("insomnia", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("vectorize", [True, False])
def test_losses_and_gradients_are_those_of_enumeration(insomnia, vectorize):
    poutine.trace(model).get_trace()
    guide()
    leaves = [pyro.param(name).unconstrained() for name in ("prior", "bias", "slope")]
    wake_model, wake_guide, sleep = exact(2)
    losses = (wake_model, insomnia * wake_guide + (1 - insomnia) * sleep)
    grads = torch.autograd.grad(sum(losses), leaves)
    expected = torch.stack([*(part.detach() for part in (*losses, *grads))])
    elbo = ReweightedWakeSleep(2, insomnia, vectorize_particles=vectorize, max_plate_nesting=0)
    rows = []
    for _ in range(150):
        for leaf in leaves:
            leaf.grad = None
        loss = elbo.loss_and_grads(model, guide)
        rows.append(torch.tensor([*loss, *(0.0 if leaf.grad is None else leaf.grad for leaf in leaves)]))
    rows = torch.stack(rows)
    error = rows.std(0) / 150**0.5
    assert ((rows.mean(0) - expected).abs() <= 5 * error + 1e-4).all(), (rows.mean(0), expected, error)


@pytest.mark.parametrize("insomnia", [0.0, 0.5])
def test_a_model_without_parameters_is_left_alone(insomnia):
    elbo = ReweightedWakeSleep(2, insomnia, model_has_params=False)
    model_loss, guide_loss = elbo.loss(model, guide)
    assert guide_loss > 0 and (model_loss == 0) == (insomnia == 0)
    elbo.loss_and_grads(model, guide)
    assert pyro.param("prior").unconstrained().grad is None and pyro.param("bias").unconstrained().grad is not None


@pytest.mark.parametrize(("options", "match"), [({"num_particles": 1}, "num_particles >= 2"),
                                                ({"insomnia": 1.5}, "insomnia between 0 and 1")])
def test_bad_options(options, match):
    with pytest.raises(AssertionError, match=match):
        ReweightedWakeSleep(**options)


def test_steps_have_both_losses():
    svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.05}), ReweightedWakeSleep(insomnia=0.5))
    assert len(svi.step()) == 2


@pytest.mark.parametrize("elbo", [ReweightedWakeSleep(), ReweightedWakeSleep(2, 0.4, num_sleep_particles=3)])
def test_runs_are_captured(elbo):
    check_compiled_is_eager(model, guide, elbo)


def by_another_name(data):
    pyro.sample("y", dist.Bernoulli(0.5))


def by_position(observations):
    pyro.sample("y", dist.Bernoulli(0.5))


@pytest.mark.parametrize("guide", [by_another_name, by_position])
def test_a_guide_that_does_not_take_observations_by_name(guide):
    sleep = ReweightedWakeSleep(insomnia=0.0)
    with pytest.raises(TypeError, match=r"'observations': .* step\(observations="):
        sleep.loss(lambda data: model(data), guide, DATA)


def test_another_type_error_of_a_guide_stays_as_it_is():
    def broken(observations=DATA):
        raise TypeError("broken")

    with pytest.raises(TypeError, match="^broken$"):
        ReweightedWakeSleep(insomnia=0.0).loss(model, broken)
