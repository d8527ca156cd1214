"""From unconstrained values to sites: densities, shapes, and exact guides whose loss has no variance."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import Trace_ELBO
from pyro.infer.autoguide.unconstrained import (
    constrain,
    sample_constrained,
    unconstrain,
    unconstrained_event_dim,
)
from tests.infer.autoguide.cases import BATCHED, COSTS, DATA, GUIDES, conjugate, inverse_softplus

EXACT = {name: make for name, make in {**GUIDES, **BATCHED}.items() if name.endswith("normal")
         and "iaf" not in name and "bnaf" not in name}


def make_exact(guide: Any, rows: int | None) -> Any:
    """Gives a guide the parameters of the conjugate model's posterior."""
    guide(rows)
    scale = inverse_softplus(0.5**0.5)
    with torch.no_grad():
        for name, parameter in guide.named_parameters():
            if "loc" in name:
                parameter.copy_((DATA / 2).reshape(parameter.shape))
            elif "cov_factor" in name:
                parameter.zero_()
            elif "tril" not in name:
                parameter.fill_(scale)
    return guide


@pytest.mark.parametrize("options", [{}, {"num_particles": 3, "vectorize_particles": True, "max_plate_nesting": 1}],
                         ids=["loop", "dim"])
@pytest.mark.parametrize("make", EXACT.values(), ids=EXACT.keys())
def test_loss_of_an_exact_guide_is_minus_the_log_evidence_at_each_draw(make: Any, options: dict[str, Any]) -> None:
    loss = Trace_ELBO(**options).loss(conjugate, make_exact(make(conjugate), None), None)
    assert loss == pytest.approx(COSTS.sum().item(), rel=1e-5)


@pytest.mark.parametrize("name", ["normal", "diagonal_normal", "batched_multivariate_normal"])
def test_loss_with_rows_drawn_is_unbiased(name: str) -> None:
    guide = make_exact(EXACT[name](conjugate), 2)
    losses = tensor([Trace_ELBO().loss(conjugate, guide, 2) for _ in range(200)])
    error = losses.std().item() / math.sqrt(len(losses))
    assert losses.mean().item() == pytest.approx(COSTS.sum().item(), abs=4 * error)


SUPPORTS = [dist.Normal(torch.zeros(3), 1.0), dist.LogNormal(torch.zeros(3), 1.0), dist.Uniform(torch.zeros(3), 2.0),
            dist.Dirichlet(torch.ones(3, 4)), dist.Normal(torch.zeros(3, 2), 1.0).to_event(1),
            dist.LKJCholesky(3, 2.0), dist.MultivariateNormal(torch.zeros(2), torch.eye(2)).expand([3])]


@pytest.mark.parametrize("fn", SUPPORTS, ids=lambda fn: type(fn).__name__)
def test_density_is_that_of_the_change_of_variables(fn: Any) -> None:
    site = poutine.trace(lambda: pyro.sample("z", fn)).get_trace().nodes["z"]
    u = unconstrain(site)
    torch.testing.assert_close(constrain(site, u), site["value"], rtol=1e-4, atol=1e-5)
    assert unconstrained_event_dim(site, u) == fn.event_dim + u.dim() - site["value"].dim()

    def base_point(u: Tensor) -> Tensor:
        return sample_constrained(site, u)

    guide_site = poutine.trace(base_point).get_trace(u).nodes["z"]
    assert guide_site["fn"].event_shape == fn.event_shape
    assert guide_site["fn"].batch_shape == fn.batch_shape
    # a draw of the prior and of its image have densities that differ by the map's determinant
    image = torch.distributions.TransformedDistribution(fn, torch.distributions.biject_to(fn.support).inv)
    expected = image.log_prob(u)
    found = fn.log_prob(site["value"]) - guide_site["fn"].log_prob(guide_site["value"])
    torch.testing.assert_close(found.sum(), expected.sum(), rtol=1e-4, atol=1e-4)


def test_no_density_is_computed_under_a_false_mask() -> None:
    site = poutine.trace(lambda: pyro.sample("z", dist.LogNormal(0.0, 1.0))).get_trace().nodes["z"]
    with poutine.mask(mask=False):
        run = poutine.trace(lambda: sample_constrained(site, tensor(0.5))).get_trace()
    assert run.log_prob_sum().item() == 0.0
