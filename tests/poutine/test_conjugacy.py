"""Each row of the table against numerical integration, and the weights that plates, scales and masks put on it."""

import math

import pytest
import torch

import pyro.distributions as dist
from pyro.poutine.conjugacy import LIKELIHOODS, PRIORS, Evidence, log_marginal, prior_of


def _d(*values):
    return torch.tensor(values, dtype=torch.float64)


PRIOR = {"Beta": dist.Beta(_d(2.0)[0], _d(3.0)[0]), "Gamma": dist.Gamma(_d(2.5)[0], _d(3.0)[0]),
         "Dirichlet": dist.Dirichlet(_d(2.0, 3.0))}
VALUES = {  # two observations and the other parameters
    "Bernoulli": (_d(1.0, 0.0), {}), "Binomial": (_d(3.0, 1.0), {"total_count": _d(4.0)[0]}),
    "Geometric": (_d(3.0, 0.0), {}), "NegativeBinomial": (_d(3.0, 1.0), {"total_count": _d(2.5)[0]}),
    "Exponential": (_d(0.5, 2.0), {}), "Gamma": (_d(0.5, 2.0), {"concentration": _d(1.5)[0]}),
    "Poisson": (_d(3.0, 0.0), {}), "Categorical": (_d(1.0, 0.0), {}),
    "Multinomial": (_d([3.0, 1.0], [0.0, 4.0]), {"total_count": _d(4.0)[0]}),
    "OneHotCategorical": (_d([1.0, 0.0], [0.0, 1.0]), {}),
}


def evidence(family, **kwargs):
    value, params = VALUES[family]
    return Evidence(LIKELIHOODS[family], value, params | {"size": torch.tensor(2)}, (2,), **kwargs)


def density(family, t):
    """The prior's and the likelihoods' density at points t."""
    row = LIKELIHOODS[family]
    value, params = VALUES[family]
    if family == "Multinomial":
        params = {"total_count": 4}
    parameter = torch.stack([t, 1 - t], -1) if row.prior.event_dim else t
    prior = PRIOR[row.prior.family.__name__].log_prob(parameter)
    parameter = parameter.unsqueeze(1)
    return prior, getattr(dist, family)(**params, **{row.param: parameter}).log_prob(value)


def integral(family, weigh):
    """The log of a midpoint sum."""
    upper, n = (40.0 if LIKELIHOODS[family].prior.family is dist.Gamma else 1.0), 40_000
    t = (torch.arange(n, dtype=torch.float64) + 0.5) * upper / n
    prior, likelihood = density(family, t)
    return (prior + weigh(likelihood)).logsumexp(0) + math.log(upper / n)


def test_every_row_has_a_case():
    assert VALUES.keys() == LIKELIHOODS.keys()
    assert {prior.family.__name__ for prior in PRIORS} == PRIOR.keys()


@pytest.mark.parametrize("family", LIKELIHOODS)
@pytest.mark.parametrize(("weights", "weigh"), [
    ({}, lambda p: p.sum(1)),
    ({"scale": 2.5}, lambda p: 2.5 * p.sum(1)),
    ({"mask": torch.tensor([True, False])}, lambda p: p[:, 0]),
    ({"scale": torch.tensor([0.5, 2.0])}, lambda p: p @ _d(0.5, 2.0)),
], ids=["plain", "scale", "mask", "scales"])
def test_marginal_equals_the_integral(family, weights, weigh):
    fn = PRIOR[LIKELIHOODS[family].prior.family.__name__]
    actual = log_marginal(fn, [evidence(family, shared=(-1,), **weights)])
    torch.testing.assert_close(actual.squeeze(), integral(family, weigh), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("family", LIKELIHOODS)
def test_unshared_dims_have_a_variable_each(family):
    fn = PRIOR[LIKELIHOODS[family].prior.family.__name__].expand((2,))
    actual = log_marginal(fn, [evidence(family)])
    expected = torch.stack([integral(family, lambda p, i=i: p[:, i]) for i in range(2)])
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


def test_no_evidence_has_probability_one():
    assert all(log_marginal(fn, []) == 0 for fn in PRIOR.values())


def test_what_is_not_conjugate_is_refused():
    assert prior_of(dist.Normal(0.0, 1.0)) is None
    for fn in (dist.Normal(0.0, 1.0), PRIOR["Gamma"]):
        with pytest.raises(ValueError, match="not conjugate"):
            log_marginal(fn, [evidence("Bernoulli")])
