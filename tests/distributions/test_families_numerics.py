"""Laws of single precision and of the gradients of draws, for every distribution family of ``table.py``."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Transform
from torch.distributions.constraints import Constraint

from tests.distributions.case import Case
from tests.distributions.table import CASES

# ---- single precision


def cast(value: Any, dtype: torch.dtype, known: dict[int, Any] | None = None) -> Any:
    """A parameter whose floats, also those within a distribution or a transform, have another precision."""
    known = {} if known is None else known  # a transform and its inverse know each other
    if isinstance(value, Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, list | tuple):
        return type(value)(cast(entry, dtype, known) for entry in value)
    if not isinstance(value, Distribution | Transform | Constraint) or not value.__dict__:
        return value
    if id(value) not in known:
        known[id(value)] = new = copy.copy(value)
        new.__dict__.update({name: cast(entry, dtype, known) for name, entry in value.__dict__.items()})
    return known[id(value)]


def scored(case: Case, dtype: torch.dtype, value: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """The densities of a value, the inputs, and the gradients of the sum; inputs are those of single precision."""
    params = {name: cast(cast(entry, torch.float32), dtype) for name, entry in case.params.items()}
    inputs = [entry.requires_grad_() for name, entry in params.items()
              if isinstance(entry, Tensor) and entry.is_floating_point() and name != "total_count"]
    d = case.family(**params, validate_args=False)
    value = cast(cast(value, torch.float32), dtype).clone()
    if not d.is_discrete:
        inputs.append(value.requires_grad_())
    log_prob: Tensor = d.log_prob(value)
    gradients = (torch.autograd.grad(log_prob.sum(), inputs, materialize_grads=True)
                 if log_prob.requires_grad else [torch.zeros_like(entry) for entry in inputs])
    return log_prob.detach(), [entry.detach() for entry in inputs], list(gradients)


@pytest.mark.parametrize("case", [case for case in CASES if "single" not in case.without], ids=str)
def test_single_precision_is_close_to_double(case: Case) -> None:
    """Errors count in roundings of what the density is made of: its size, and how it reacts to its inputs."""
    torch.manual_seed(20)
    value = case.build().sample((7,))
    log_prob, inputs, gradients = scored(case, torch.float32, value)
    exact, _, slopes = scored(case, torch.float64, value)
    assert log_prob.dtype == torch.float32
    assert log_prob.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in gradients)
    reactions = [(entry * slope).abs().sum() for entry, slope in zip(inputs, slopes, strict=True)]
    scale = torch.finfo(torch.float32).eps * (exact.numel() + exact.abs().sum() + sum(reactions))
    assert (log_prob - exact).abs().sum() < 200 * scale
    for entry, gradient, slope in zip(inputs, gradients, slopes, strict=True):
        assert (entry * (gradient - slope)).abs().sum() < 500 * scale


@pytest.mark.parametrize("case", CASES, ids=str)
def test_draws_in_single_precision_are_in_the_support(case: Case) -> None:
    d = case.family(**{name: cast(entry, torch.float32) for name, entry in case.params.items()}, validate_args=False)
    torch.manual_seed(20)
    draws = d.sample((100,))
    assert draws.dtype in (torch.float32, torch.int64)
    assert d.support.check(draws).all()
    assert not d.log_prob(draws).isnan().any()


# ---- gradients of draws

REJECTION = {"AffineBeta", "Beta", "BetaProportion", "Chi2", "Dirichlet", "FisherSnedecor", "Gamma", "InverseGamma",
             "InverseWishart", "InverseWishartCholesky", "MultivariateStudentT", "StudentT", "Wishart",
             "WishartCholesky"}
TRANSPORT = {"AVFMultivariateNormal", "OMTMultivariateNormal"}
MIXTURES = {"GaussianScaleMixture", "MixtureOfDiagNormals", "MixtureOfDiagNormalsSharedCovariance"}
"""Rare draws between two components have most of the gradient; see ``test_normal_mixture.py``."""
STRAIGHT_THROUGH = {"OneHotCategoricalStraightThrough", "RelaxedBernoulliStraightThrough",
                    "RelaxedOneHotCategoricalStraightThrough"}
SYMMETRIC = {"CAR": "adj_matrix", "GaussianCopula": "correlation_matrix", "GaussianCopulaBeta": "correlation_matrix",
             "MultivariateNormal": "precision_matrix"}
"""Matrices that differences of single entries would leave."""


def learnt(case: Case) -> list[str]:
    """The names of the parameters that draws have gradients to."""
    return [name for name, entry in case.tensors.items() if entry.is_floating_point() and name != "total_count"
            and SYMMETRIC.get(case.family.__name__) != name]


DRAWN = [case for case in CASES if case.build().has_rsample and learnt(case)]


@pytest.mark.parametrize("case", [case for case in DRAWN if case.family.__name__ not in
                                  REJECTION | TRANSPORT | MIXTURES | STRAIGHT_THROUGH], ids=str)
def test_gradients_of_draws_equal_differences_on_the_same_noise(case: Case) -> None:
    names = learnt(case)

    def draw(*changes: Tensor) -> Tensor:
        torch.manual_seed(20)
        moved = {name: case.params[name] + sizes[name] * change for name, change in zip(names, changes, strict=True)}
        return case.build(**moved, validate_args=False).rsample((2,))  # type: ignore[no-any-return]

    sizes = {name: torch.where(case.params[name] == 0, 1.0, case.params[name].abs()) for name in names}
    unchanged = [torch.zeros_like(case.params[name]).requires_grad_() for name in names]
    torch.autograd.gradcheck(draw, unchanged, eps=1e-5, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("case", [case for case in DRAWN if case.family.__name__ in REJECTION | TRANSPORT
                                  and "moments" not in case.without and "gradients" not in case.without], ids=str)
def test_gradients_of_draws_are_those_of_the_mean_on_average(case: Case) -> None:
    """Where other noise is used, or another path: one copy of the parameters a draw tells each draw's gradient."""
    count, names = 2000, learnt(case)
    alike = [case.params[name].clone().requires_grad_() for name in names]
    expected = torch.autograd.grad(case.build(**dict(zip(names, alike, strict=True))).mean.sum(), alike,
                                   materialize_grads=True)
    own = [case.params[name].expand(count, *case.params[name].shape).clone().requires_grad_() for name in names]
    torch.manual_seed(20)
    d = case.build(**dict(zip(names, own, strict=True)), validate_args=False)
    for gradient, mean in zip(torch.autograd.grad(d.rsample().sum(), own), expected, strict=True):
        error = gradient.std(0) / count**0.5
        assert (abs(gradient.mean(0) - mean) <= 5 * error + 1e-9).all()
