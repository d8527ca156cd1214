"""Laws that hold for every distribution family of ``table.py``."""

import copy
import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import scipy.stats as stats
import torch
from torch import Tensor

import pyro.distributions as dist
from pyro.distributions.torch_distribution import TorchDistributionMixin
from tests.distributions.case import Case
from tests.distributions.lacking import LACKING
from tests.distributions.table import CASES

DRAWS = 10_000


def law(name: str, cases: Iterable[Case]) -> Any:
    """Parametrizes a test over the rows for which the law of that name holds."""
    return pytest.mark.parametrize("case", [case for case in cases if name not in case.without], ids=str)


def implements(case: Case, method: str) -> bool:
    """Whether the family implements a method that torch declares for all, called with numbers in the unit interval."""
    d = case.build(validate_args=False)
    value = torch.full(d.shape(), 0.5, dtype=torch.float64)
    try:
        getattr(d, method)(*([] if method == "entropy" else [value]))
    except NotImplementedError:
        return False
    return True


def draw(d: Any, *shape: int) -> Tensor:
    """Draws at a fixed seed."""
    torch.manual_seed(20)
    return d.sample(shape)


def interior(d: Any) -> Tensor:
    """Draws that are not at the edge of a bounded support, where densities may be infinite."""
    return draw(d, 7)


# ---- densities


@law("shapes", CASES)
def test_log_prob_has_the_batch_shape_and_the_dtype(case: Case) -> None:
    d = case.build()
    value = draw(d, 4)
    assert value.shape == d.shape((4,)) == (4,) + d.batch_shape + d.event_shape
    log_prob = d.log_prob(value)
    assert log_prob.shape == (4,) + d.batch_shape
    assert log_prob.dtype == torch.float64


@law("reference", [case for case in CASES if case.reference or case.log_density])
def test_log_prob_equals_the_reference(case: Case) -> None:
    d = case.build()
    value = interior(d)
    if case.reference is not None:
        frozen = case.reference(**case.arrays)
        expected = (frozen.logpmf if d.is_discrete else frozen.logpdf)(value.numpy())
    else:
        assert case.log_density is not None
        expected = case.log_density(value.numpy(), **case.arrays)
    np.testing.assert_allclose(d.log_prob(value).numpy(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("method", LACKING)
def test_other_families_implement_the_method(method: str) -> None:
    assert {case.family.__name__ for case in CASES if not implements(case, method)} == LACKING[method]


def test_every_row_has_a_reference() -> None:
    assert all((case.reference is None) != (case.log_density is None) for case in CASES)


def scored(case: Case, value: Tensor) -> tuple[Any, list[Tensor]]:
    """A function of the real-valued parameters, and of the value where it is continuous, that scores the value."""
    names = [name for name, tensor in case.tensors.items() if name != "total_count"]
    inputs = [case.params[name].clone().requires_grad_() for name in names]
    if not case.build().is_discrete:
        inputs.append(value.clone().requires_grad_())

    def log_prob(*tensors: Tensor) -> Tensor:
        overrides = dict(zip(names, tensors, strict=False))
        x = value if case.build().is_discrete else tensors[-1]
        return case.build(**overrides, validate_args=False).log_prob(x)

    return log_prob, inputs


@law("gradients", CASES)
def test_gradients_of_log_prob_equal_differences(case: Case) -> None:
    log_prob, inputs = scored(case, interior(case.build()))
    assert inputs or case.family is dist.MixtureSameFamily
    torch.autograd.gradcheck(log_prob, inputs, eps=1e-7, atol=1e-5, rtol=1e-4)


@law("cdf", [case for case in CASES if implements(case, "cdf")])
def test_cdf_equals_the_reference_and_icdf_inverts_it(case: Case) -> None:
    d = case.build()
    value = interior(d)
    probability = d.cdf(value)
    if case.reference is not None:
        np.testing.assert_allclose(probability.numpy(), case.reference(**case.arrays).cdf(value.numpy()), rtol=1e-6,
                                   atol=1e-9)
    else:
        assert ((probability >= 0) & (probability <= 1)).all()
        above = d.cdf(value + 1e-6)
        torch.testing.assert_close((above - probability) / 1e-6, d.log_prob(value).exp(), rtol=1e-3, atol=1e-3)
    if implements(case, "icdf"):
        torch.testing.assert_close(d.icdf(probability), value, rtol=1e-5, atol=1e-7)


# ---- draws


def pvalue(case: Case, i: int, draws: Tensor) -> float:
    """The p-value of a goodness-of-fit test of one batch element's draws."""
    assert case.reference is not None
    frozen = case.reference(**case.arrays)
    value = draws.numpy()
    if not case.build().is_discrete:
        return float(stats.kstest(frozen.cdf(value)[:, i], "uniform").pvalue)
    edges = np.unique(np.quantile(value[:, i], np.linspace(0, 1, 12)))[:-1]
    observed = np.diff([0, *((value[:, i] <= edge).sum() for edge in edges), DRAWS])
    expected = np.diff([0.0, *(np.broadcast_to(frozen.cdf(edge), 2)[i] for edge in edges), 1.0]) * DRAWS
    return float(stats.chisquare(observed, expected).pvalue)


@law("fit", [case for case in CASES if case.reference is not None])
@pytest.mark.parametrize("i", [0, 1])
def test_draws_fit_the_reference(case: Case, i: int) -> None:
    assert pvalue(case, i, draw(case.build(), DRAWS)) > 1e-4


@law("moments", CASES)
def test_mean_and_variance_match_draws(case: Case) -> None:
    d = case.build()
    value = draw(d, DRAWS)
    mean, variance = value.mean(0), value.var(0)
    fourth = (value - mean).pow(4).mean(0)
    assert (abs(mean - d.mean) <= 5 * (variance / DRAWS).sqrt() + 1e-12).all()
    assert (abs(variance - d.variance) <= 5 * ((fourth - variance**2).clamp(min=0) / DRAWS).sqrt() + 1e-12).all()


@law("entropy", [case for case in CASES if implements(case, "entropy")])
def test_entropy_equals_the_mean_surprise(case: Case) -> None:
    d = case.build()
    surprise = -d.log_prob(draw(d, DRAWS))
    assert (abs(surprise.mean(0) - d.entropy()) <= 5 * surprise.std(0) / DRAWS**0.5 + 1e-9).all()


@law("flags", CASES)
def test_flags_say_what_draws_are(case: Case) -> None:
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in case.tensors.items()}
    d = case.build(**parameters)
    torch.manual_seed(0)
    if d.has_rsample and parameters:
        assert d().requires_grad
    elif not d.has_rsample:
        assert not d().requires_grad
        with pytest.raises(NotImplementedError):
            d.rsample()
    if d.is_discrete:
        assert (d() % 1 == 0).all()
    assert not d.sample().requires_grad


# ---- supports


@law("support", CASES)
def test_support_accepts_draws(case: Case) -> None:
    d = case.build()
    assert d.support.check(draw(d, 50)).all()
    assert d.support.event_dim == d.event_dim


@law("support", CASES)
@pytest.mark.parametrize("fill", ["outside", "nan"])
def test_support_refuses_values_outside(case: Case, fill: str) -> None:
    d = case.build()
    value = torch.full(d.shape(), case.outside if fill == "outside" else float("nan"), dtype=torch.float64)
    with pytest.raises(ValueError, match="within the support"):
        d.log_prob(value)


@law("enumerate", CASES)
def test_enumerate_support_covers_it(case: Case) -> None:
    d = case.build()
    if not d.has_enumerate_support:
        with pytest.raises(NotImplementedError):
            d.enumerate_support()
        return
    narrow, wide = d.enumerate_support(expand=False), d.enumerate_support()
    assert wide.shape == narrow.shape[:1] + d.batch_shape + d.event_shape
    assert narrow.shape == narrow.shape[:1] + (1,) * len(d.batch_shape) + d.event_shape
    assert torch.equal(narrow.expand_as(wide), wide)
    for values in (narrow, wide):
        torch.testing.assert_close(d.log_prob(values).exp().sum(0), torch.ones(d.batch_shape, dtype=torch.float64))


# ---- shapes


def assert_same(d: Any, expected: Any, value: Tensor) -> None:
    assert type(d) is type(expected)
    assert (d.batch_shape, d.event_shape) == (expected.batch_shape, expected.event_shape)
    assert torch.equal(d.log_prob(value), expected.log_prob(value))
    assert torch.equal(draw(d), draw(expected))


@law("expand", CASES)
def test_expand_keeps_the_family_and_the_values(case: Case) -> None:
    d = case.build()
    value = interior(d)[:3]
    shape = (3,) + d.batch_shape
    for expanded in (d.expand(shape), d.expand_by((3,)), d.expand((1,) + d.batch_shape).expand(shape)):
        assert type(expanded) is type(d)
        assert expanded.batch_shape == (3,) + d.batch_shape
        assert expanded.event_shape == d.event_shape
        assert draw(expanded).shape == (3,) + d.shape()
        torch.testing.assert_close(expanded.log_prob(value), d.log_prob(value), rtol=0, atol=0)
        assert (expanded.has_rsample, expanded.is_discrete) == (d.has_rsample, d.is_discrete)


@law("expand", CASES)
def test_expanded_draws_are_independent(case: Case) -> None:
    d = case.build().expand_by((64,))
    assert len(draw(d).reshape(64, -1).unique(dim=0)) > 1


@law("to_event", CASES)
def test_to_event_sums(case: Case) -> None:
    d = case.build()
    value = interior(d)
    grouped = d.to_event(1)
    assert grouped.shape() == d.shape()
    assert grouped.event_dim == d.event_dim + 1
    torch.testing.assert_close(grouped.log_prob(value), d.log_prob(value).sum(-1))
    assert_same(grouped.to_event(-1), d, value)


@law("mask", CASES)
def test_mask_drops_elements(case: Case) -> None:
    d = case.build()
    value = interior(d)
    masked = d.mask(torch.tensor([True, False]))
    assert masked.shape() == d.shape()
    torch.testing.assert_close(masked.log_prob(value), d.log_prob(value) * torch.tensor([1.0, 0.0]))
    assert (d.mask(False).log_prob(value) == 0).all()


@law("infer_shapes", [case for case in CASES if case.tensors and case.family is not dist.LKJCholesky])
def test_infer_shapes_equals_the_shapes(case: Case) -> None:
    d = case.build()
    inferred = case.family.infer_shapes(**{name: tuple(tensor.shape) for name, tensor in case.tensors.items()})
    assert inferred == (d.batch_shape, d.event_shape)


# ---- objects


@law("copies", CASES)
@pytest.mark.parametrize(
    "duplicate", [lambda d: pickle.loads(pickle.dumps(d)), copy.deepcopy], ids=["pickle", "deepcopy"]
)
def test_copies_are_the_same_distribution(case: Case, duplicate: Any) -> None:
    d = case.build()
    value = interior(d)
    assert_same(duplicate(d), d, value)
    assert_same(duplicate(d.expand_by((3,))), d.expand_by((3,)), value[:3])
    for wrapped in (d.to_event(1), d.mask(torch.tensor([True, False])), dist.ExpandedDistribution(d, (7, 2)),
                    dist.TransformedDistribution(d, [])):
        assert_same(duplicate(wrapped), wrapped, value)


@pytest.mark.parametrize(("case", "name"), [(c, name) for c in CASES for name in c.bad], ids=str)
def test_a_bad_parameter_is_named(case: Case, name: str) -> None:
    good = torch.as_tensor(case.params[name], dtype=torch.float64)
    bad = good.clone()
    bad.reshape(-1)[-1] = case.bad[name]
    message = rf"parameter {name} \(.* of distribution {case.family.__name__}.* to satisfy the constraint"
    with pytest.raises(ValueError, match=message):
        case.build(**{name: bad}, validate_args=True)
    case.build(validate_args=True)
    if "unchecked" not in case.without:
        case.build(**{name: bad}, validate_args=False)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_family_is_torchs_and_pyros(case: Case) -> None:
    assert issubclass(case.family, getattr(torch.distributions, case.family.__name__, torch.distributions.Distribution))
    assert issubclass(case.family, TorchDistributionMixin)
    assert case.family.__name__ in repr(case.build())


@pytest.mark.parametrize(
    "case", [c for c in CASES if isinstance(c.build(), torch.distributions.TransformedDistribution)
             and "base" not in c.without], ids=str)
def test_the_base_of_a_transformed_family_can_be_sampled_as_a_site(case: Case) -> None:
    d = case.build()
    torch.manual_seed(0)
    x = d.base_dist()
    for transform in d.transforms:
        x = transform(x)
    torch.manual_seed(0)
    assert torch.equal(x, d())


def other_of_the_family(d: Any) -> Any:
    return {
        dist.Beta: lambda: dist.Beta(_double(1.5, 2.0), _double(4.0, 1.2)),
        dist.Gamma: lambda: dist.Gamma(_double(1.5, 2.0), _double(4.0, 1.2)),
        dist.Dirichlet: lambda: dist.Dirichlet(_double([1.5, 2.0, 1.0], [4.0, 1.2, 2.0])),
    }[type(d)]()


def _double(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


CONJUGATE = [c for c in CASES if c.family in (dist.Beta, dist.Gamma, dist.Dirichlet) and c.label == "usual"]


@pytest.mark.parametrize("change", [lambda d: d, lambda d: d.to_event(1), lambda d: d.expand_by((3,))],
                         ids=["plain", "to_event", "expand"])
@pytest.mark.parametrize("case", CONJUGATE, ids=str)
def test_conjugate_update_factors_the_product(case: Case, change: Any) -> None:
    prior, likelihood = change(case.build()), change(other_of_the_family(case.build()))
    updated, log_normalizer = prior.conjugate_update(likelihood)
    assert type(updated) is type(prior)
    assert log_normalizer.shape == prior.batch_shape
    value = draw(prior)
    product = prior.log_prob(value) + likelihood.log_prob(value)
    torch.testing.assert_close(product, updated.log_prob(value) + log_normalizer)


@pytest.mark.parametrize("case", CONJUGATE, ids=str)
def test_conjugate_update_refuses_another_family(case: Case) -> None:
    with pytest.raises(TypeError, match=f"expected another {case.family.__name__}, got Normal"):
        case.build().conjugate_update(dist.Normal(0.0, 1.0))
