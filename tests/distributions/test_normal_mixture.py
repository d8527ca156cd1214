"""Draws of mixtures of normals move with all parameters so that expectations have the right gradients."""

import pytest
import torch

import pyro.distributions as dist

DRAWS = 40_000


def double(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


LOCS, SCALES, LOGITS = ([0.0, 1.0], [1.5, -0.5], [0.5, 0.5]), ([1.0, 0.5], [0.7, 1.2], [1.0, 1.0]), (0.0, 1.0, -1.0)
CASES = [
    (dist.MixtureOfDiagNormals, [LOCS, SCALES, LOGITS]),
    (dist.MixtureOfDiagNormalsSharedCovariance, [LOCS, (1.0, 0.6), LOGITS]),
    (dist.GaussianScaleMixture, [(1.0, 2.0), LOGITS, (1.0, 2.0, 0.5)]),
    (dist.GaussianScaleMixture, [(1.0, 2.0, 0.5), LOGITS, (1.0, 2.0, 0.5)]),
]


@pytest.mark.parametrize(("family", "parameters"), CASES)
def test_gradients_of_expectations_equal_those_of_the_score_function(family, parameters):
    parameters = [double(*parameter) for parameter in parameters]
    d = family(*parameters)
    torch.manual_seed(0)
    chunks = 40
    cost = lambda x: (x[..., 0] + 0.3 * x[..., 1]).sin() + 0.1 * x.square().sum(-1)
    differences = []
    for _ in range(chunks):
        x = d.rsample((DRAWS // chunks,))
        pathwise = torch.autograd.grad(cost(x).mean(), parameters)
        x = x.detach()
        score = torch.autograd.grad((d.log_prob(x) * (cost(x) - 0.5)).mean(), parameters)
        differences.append(torch.cat([(a - b).flatten() for a, b in zip(pathwise, score, strict=True)]))
    difference = torch.stack(differences)
    assert (difference.mean(0).abs() <= 4.5 * difference.std(0) / chunks**0.5).all()


@pytest.mark.parametrize(("family", "parameters"), CASES)
def test_draws_far_from_all_components_have_finite_gradients(family, parameters):
    parameters = [double(*parameter) for parameter in parameters]
    with torch.no_grad():
        parameters[0] *= 100
    d = family(*(p.float() for p in parameters))
    grads = torch.autograd.grad(d.rsample((1000,)).sum(), parameters)
    assert all(grad.isfinite().all() for grad in grads)
