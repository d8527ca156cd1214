"""Weights of sites: expectations and their derivatives against exhaustive enumeration."""

import itertools
import math

import pytest
import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.dice import Dice, compute_site_dice_factor
from pyro.infer.util import Dice as PublicDice
from pyro.ops.packed import Packed
from pyro.poutine.util import prune_subsample_sites

PARALLEL = {"enumerate": "parallel"}
NOWHERE = frozenset()


def params():
    return tensor([0.2, 0.5, 0.3], requires_grad=True), tensor(0.4, requires_grad=True)


def guide(p, q, infer_a, infer_b, data):
    a = pyro.sample("a", dist.Categorical(p), infer=dict(infer_a), obs=None if infer_a else data["a"])
    with pyro.plate("rows", 3):
        return pyro.sample("b", dist.Bernoulli(0.5 * q + 0.1 * a), infer=dict(infer_b),
                           obs=None if infer_b else data["b"])


def cost_of(name, value):
    """Any function of a site's value."""
    return (value + 1.0).square() if name == "a" else 2.0 * value - 0.3 * value.square() + 1.0


def expectation(p, q, infer_a=(), infer_b=(), data=None):
    with poutine.enum(first_available_dim=-2):
        run = poutine.trace(guide).get_trace(p, q, infer_a, infer_b, data)
    run = prune_subsample_sites(run)
    run.compute_score_parts()
    run.pack_tensors()
    ordering = {name: frozenset(site["cond_indep_stack"]) for name, site in run.nodes.items()
                if site["type"] == "sample"}
    costs = {}
    for name, place in ordering.items():
        # the log-density depends on the parameters in its own right, as that of a guide does in an ELBO
        log_prob = run.nodes[name]["packed"]["log_prob"]
        value = run.nodes[name]["value"].float().expand(run.nodes[name]["log_prob"].shape)
        value = value.reshape(log_prob.tensor.shape)
        costs.setdefault(place, []).append(Packed(cost_of(name, value) + log_prob.tensor, log_prob.dims))
    return Dice(run, ordering).compute_expectation(costs)


def exact(p, q):
    total = 0.0
    p = p / p.sum()  # as Categorical does
    for a in range(3):
        total = total + p[a] * (cost_of("a", tensor(float(a))) + p[a].log())
        b = dist.Bernoulli(0.5 * q + 0.1 * a)
        for value in (tensor(0.0), tensor(1.0)):
            log_prob = b.log_prob(value)
            total = total + 3 * p[a] * log_prob.exp() * (cost_of("b", value) + log_prob)
    return total


def derivatives(fn, p, q):
    """The value, the gradient, and that of one of the gradient's elements."""
    value = fn(p, q)
    first = torch.autograd.grad(value, [p, q], create_graph=True)
    second = torch.autograd.grad(first[1] + first[0][1], [p, q])
    return [value, *first, *second]


def test_all_sites_enumerated_is_the_expectation():
    p, q = params()
    torch.testing.assert_close(derivatives(lambda p, q: expectation(p, q, PARALLEL, PARALLEL), p, q),
                               derivatives(exact, p, q))


@pytest.mark.parametrize("infer_b", [{}, PARALLEL], ids=["both drawn", "one drawn"])
def test_draws_give_the_derivatives_on_average(infer_b):
    """All values that can be drawn, each as often as it is drawn."""
    p, q = params()
    totals = [0.0] * 5
    for a in range(3):
        for b in [None] if infer_b else itertools.product([0.0, 1.0], repeat=3):
            data = {"a": tensor(a), "b": None if b is None else tensor(b)}
            chance = p.detach()[a]
            if b is not None:
                chance = chance * dist.Bernoulli(0.5 * q + 0.1 * a).log_prob(data["b"]).sum().exp().detach()
            found = derivatives(lambda p, q, data=data: expectation(p, q, {}, infer_b, data), p, q)
            totals = [total + chance * each for total, each in zip(totals, found, strict=True)]
    torch.testing.assert_close(totals, derivatives(exact, p, q))


def single(fn, infer, **options):
    """The run of one site."""
    with poutine.enum(first_available_dim=-1):
        run = poutine.trace(lambda: pyro.sample("z", fn, infer=infer, **options)).get_trace()
    run.compute_score_parts()
    run.pack_tensors()
    return run


def test_several_samples_share_the_weight():
    pyro.set_rng_seed(0)
    q = tensor(0.4, requires_grad=True)
    run = single(dist.Bernoulli(q), {**PARALLEL, "num_samples": 4})
    factor, log_traces = compute_site_dice_factor(run.nodes["z"])
    assert log_traces == 0.0
    torch.testing.assert_close(factor.tensor, torch.full((4,), -math.log(4)))
    log_prob = run.nodes["z"]["packed"]["log_prob"]
    mean = Dice(run, {"z": NOWHERE}).compute_expectation({NOWHERE: [log_prob]})
    torch.testing.assert_close(mean, log_prob.tensor.mean())
    scores = torch.stack([torch.autograd.grad(each, q, retain_graph=True)[0] for each in log_prob.tensor])
    torch.testing.assert_close(torch.autograd.grad(mean, q)[0],
                               (scores * (1.0 + log_prob.tensor.detach())).mean())


def test_several_samples_that_carry_gradients_have_equal_weights():
    run = single(dist.Normal(0.0, 1.0), {**PARALLEL, "num_samples": 5})
    factor, _ = compute_site_dice_factor(run.nodes["z"])
    torch.testing.assert_close(factor.tensor, torch.full((5,), -math.log(5)))


def test_sites_that_carry_gradients_need_no_weight():
    run = single(dist.Normal(0.0, 1.0), {})
    assert compute_site_dice_factor(run.nodes["z"])[0] == 0
    cost = run.nodes["z"]["packed"]["log_prob"]
    assert Dice(run, {"z": NOWHERE}).compute_expectation({NOWHERE: [cost]}) == cost.tensor


@pytest.mark.parametrize("place, share", [(NOWHERE, None), (frozenset("a"), 0.5)])
def test_values_in_turn_are_met_once_each(place, share):
    """What depends on the site counts with the probability of the trace's value, the rest in all traces alike."""
    infer = {"enumerate": "sequential", "_enum_total": 2}
    run = single(dist.Bernoulli(0.3), infer, obs=tensor(1.0))
    cost = Packed(tensor(7.0), "")
    found = Dice(run, {"z": place}).compute_expectation({NOWHERE: [cost]})
    torch.testing.assert_close(found, tensor(7.0 * (0.3 if share is None else share)))


def test_values_of_no_probability_do_not_count():
    run = single(dist.Bernoulli(0.5), dict(PARALLEL))
    packed = run.nodes["z"]["packed"]
    packed["score_parts"] = packed["score_parts"]._replace(score_function=Packed(tensor([-math.inf, 0.0]), "b"))
    assert packed["log_prob"].dims == "b"
    cost = run.nodes["z"]["packed"]["log_prob"].map(lambda log_prob: log_prob.new_tensor([math.inf, 3.0]))
    torch.testing.assert_close(Dice(run, {"z": NOWHERE}).compute_expectation({NOWHERE: [cost]}), tensor(3.0))


def test_public_address():
    assert PublicDice is Dice
