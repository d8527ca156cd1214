"""The methods that Pyro adds to torch's distributions, and the wrappers: shapes, values, gradients, copies."""

import copy
import math
import pickle
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.bernoulli import Bernoulli
from pyro.distributions.beta import Beta
from pyro.distributions.categorical import Categorical
from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.gamma import Gamma
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.distributions.normal import Normal
from pyro.distributions.poisson import Poisson
from pyro.distributions.torch_distribution import (
    ExpandedDistribution,
    Independent,
    MaskedDistribution,
    TorchDistribution,
    TorchDistributionMixin,
)
from pyro.distributions.uniform import Uniform


class Client(torch.distributions.Normal, TorchDistributionMixin):
    """A client's class, which torch checks."""


class Coin(TorchDistribution):
    """A client's family, with no expand of its own."""

    arg_constraints = {"probs": constraints.unit_interval}
    support = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs: Tensor, validate_args: bool | None = None) -> None:
        self.probs = probs
        super().__init__(probs.shape, validate_args=validate_args)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        return torch.bernoulli(self.probs.expand(self.shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return torch.where(value.bool(), self.probs, 1 - self.probs).log()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = torch.arange(2.0).reshape((2,) + (1,) * len(self.batch_shape))
        return values.expand((2, *self.batch_shape)) if expand else values


def normal() -> Normal:
    return Normal(torch.arange(6.0).reshape(2, 3), torch.arange(1.0, 7.0).reshape(2, 3))


MASK = torch.tensor([True, False, True])

DISTRIBUTIONS: dict[str, Any] = {
    "family": normal(),
    "client": Client(torch.zeros(2, 3), 1.0),
    "own": Coin(torch.full((2, 3), 0.3)),
    "independent": normal().to_event(1),
    "expanded": ExpandedDistribution(Normal(torch.zeros(3), 1.0), (2, 3)),
    "expanded event": ExpandedDistribution(Dirichlet(torch.ones(1, 4)), (2, 3)),
    "masked": normal().mask(MASK),
    "masked event": Dirichlet(torch.ones(2, 3, 4)).mask(MASK),
    "masked independent": normal().mask(MASK).to_event(1),
    "masked wholly": normal().mask(False),
}


@pytest.fixture(params=DISTRIBUTIONS)
def distribution(request: pytest.FixtureRequest) -> Any:
    return copy.deepcopy(DISTRIBUTIONS[request.param])


@pytest.mark.parametrize("sample_shape", [(), (4,), (5, 4)])
def test_draws_have_the_shape_and_are_scored(distribution: Any, sample_shape: tuple[int, ...]) -> None:
    value = distribution(sample_shape)
    assert value.shape == distribution.shape(sample_shape) == sample_shape + distribution.shape()
    assert distribution.log_prob(value).shape == sample_shape + distribution.batch_shape
    assert distribution.support.check(value).all()
    parts = distribution.score_parts(value)
    assert torch.equal(parts.log_prob, distribution.log_prob(value))


def test_expand_keeps_what_is_scored(distribution: Any) -> None:
    value = distribution()
    larger = Size([5]) + distribution.batch_shape
    for expanded in (distribution.expand(larger), distribution.expand_by([5])):
        assert expanded.batch_shape == larger
        assert expanded.event_shape == distribution.event_shape
        assert torch.equal(expanded.log_prob(value), distribution.log_prob(value).expand(larger))
        draws = expanded()
        assert draws.shape == larger + distribution.event_shape
        assert (draws[0] != draws[1]).any()


def test_expand_is_not_allowed_to_shrink(distribution: Any) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        distribution.expand([1])


def test_to_event_sums_the_log_density(distribution: Any) -> None:
    value = distribution()
    count = len(distribution.batch_shape)
    for ndims in range(count + 1):
        reinterpreted = distribution.to_event(ndims)
        assert reinterpreted.event_dim == distribution.event_dim + ndims
        assert reinterpreted.shape() == distribution.shape()
        expected = distribution.log_prob(value)
        expected = expected.sum(tuple(range(-ndims, 0))) if ndims else expected
        torch.testing.assert_close(reinterpreted.log_prob(value), expected)
        assert reinterpreted.to_event(-ndims).batch_shape == distribution.batch_shape
    assert distribution.to_event().batch_shape == ()
    assert distribution.to_event(None).event_dim == distribution.event_dim + count


def test_mask_zeroes_the_log_density(distribution: Any) -> None:
    value = distribution()
    full = distribution.log_prob(value)
    mask = torch.arange(full.numel()).reshape(full.shape) % 2 == 0
    assert torch.equal(distribution.mask(mask).log_prob(value), torch.where(mask, full, torch.zeros(())))
    assert torch.equal(distribution.mask(True).log_prob(value), full)
    assert torch.equal(distribution.mask(False).log_prob(value), torch.zeros_like(full))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_are_alike(distribution: Any, duplicate: Any) -> None:
    other = duplicate(distribution)
    assert type(other) is type(distribution)
    torch.manual_seed(0)
    value = distribution()
    torch.manual_seed(0)
    assert torch.equal(other(), value)
    assert torch.equal(other.log_prob(value), distribution.log_prob(value))


def test_repr_says_what_is_inside(distribution: Any) -> None:
    text = repr(distribution)
    assert text.startswith(type(distribution).__name__ + "(")
    if hasattr(distribution, "base_dist"):
        assert repr(distribution.base_dist) in text


def test_moments_have_the_shape_of_draws(distribution: Any) -> None:
    if not isinstance(distribution, Coin):
        assert distribution.mean.shape == distribution.variance.shape == distribution.shape()


# --- to_event


def test_to_event_merges_and_undoes() -> None:
    base = normal()
    assert base.to_event(0) is base
    assert base.to_event(2).to_event(-2) is base
    twice = base.to_event(1).to_event(1)
    assert (twice.base_dist, twice.reinterpreted_batch_ndims) == (base, 2)
    assert base.to_event(2).to_event(-1).event_dim == 1


@pytest.mark.parametrize("ndims", [3, -1])
def test_to_event_checks_its_argument(ndims: int) -> None:
    with pytest.raises(ValueError, match="to_event|reinterpreted_batch_ndims"):
        normal().to_event(ndims)
    with pytest.raises(ValueError, match="to_event|reinterpreted_batch_ndims"):
        normal().to_event(1).to_event(2 if ndims > 0 else -2)


def test_removed_and_deprecated_names() -> None:
    with pytest.raises(Exception, match="expand_by"):
        normal().reshape([4], 1)
    with pytest.warns(DeprecationWarning, match="to_event"):
        assert normal().independent(1).event_dim == 1


def test_independent_conjugate_update() -> None:
    p, q = Beta(torch.ones(2, 3), 2.0).to_event(1), Beta(torch.full((2, 3), 3.0), 1.5).to_event(1)
    updated, log_normalizer = p.conjugate_update(q)
    assert log_normalizer.shape == (2,)
    x = p()
    torch.testing.assert_close(p.log_prob(x) + q.log_prob(x), updated.log_prob(x) + log_normalizer)
    no_tensors: Any = object()
    with pytest.raises(TypeError, match="over tensors"):
        p.conjugate_update(no_tensors)


# --- ExpandedDistribution


def test_own_families_expand_by_wrapping() -> None:
    expanded = Coin(torch.tensor([0.1, 0.9])).expand([3, 2]).expand([4, 3, 2])
    assert isinstance(expanded, ExpandedDistribution)
    assert isinstance(expanded.base_dist, Coin)


@pytest.mark.parametrize("batch_shape", [(3,), (4, 2, 4), (), (4, 1, 3)])
def test_expanded_checks_its_shape(batch_shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="Cannot broadcast"):
        ExpandedDistribution(normal(), batch_shape)
    with pytest.raises(ValueError, match="Cannot broadcast"):
        ExpandedDistribution(normal(), (2, 3)).expand(batch_shape)


@pytest.mark.parametrize("expand", [False, True])
def test_expanded_enumerates(expand: bool) -> None:
    expanded = ExpandedDistribution(Coin(torch.full((3, 1), 0.25)), (4, 3, 2))
    values = expanded.enumerate_support(expand)
    assert values.shape == ((2, 4, 3, 2) if expand else (2, 1, 1, 1))
    torch.testing.assert_close(expanded.log_prob(values).exp().sum(0), torch.ones(4, 3, 2))


def test_expanded_scores_smaller_values_over_the_whole_batch() -> None:
    expanded = ExpandedDistribution(Bernoulli(torch.full((3, 1), 0.25)), (3, 2))
    parts = expanded.score_parts(torch.ones(()))
    assert parts.log_prob.shape == (3, 2)
    assert isinstance(parts.score_function, Tensor) and parts.score_function.shape == (3, 2)
    assert parts.entropy_term == 0


def test_expanded_entropy_and_conjugate_update() -> None:
    base = Beta(torch.ones(3, 1), 2.0)
    expanded = ExpandedDistribution(base, (4, 3, 2))
    assert torch.equal(expanded.entropy(), base.entropy().expand(4, 3, 2))
    updated, log_normalizer = expanded.conjugate_update(Beta(3.0, 1.5))
    assert isinstance(updated, TorchDistributionMixin)
    assert updated.batch_shape == log_normalizer.shape == (4, 3, 2)


def test_expanded_gradients_pass() -> None:
    loc = torch.zeros(3, 1, requires_grad=True)
    ExpandedDistribution(Normal(loc, 1.0), (3, 4))().sum().backward()
    assert loc.grad is not None and loc.grad.tolist() == [[4.0]] * 3


# --- MaskedDistribution


@pytest.mark.parametrize("mask", [torch.tensor([1, 0, 1], dtype=torch.uint8), torch.tensor([1.0, 0.0, 1.0]), MASK])
def test_masks_become_boolean(mask: Tensor) -> None:
    assert torch.equal(normal().mask(mask).log_prob(torch.zeros(3)), normal().mask(MASK).log_prob(torch.zeros(3)))


def test_mask_may_enlarge_the_batch() -> None:
    masked = normal().mask(torch.ones(5, 1, 1, dtype=torch.bool))
    assert masked.batch_shape == (5, 2, 3)
    assert masked().shape == (5, 2, 3)


def test_mask_must_broadcast_and_be_a_mask() -> None:
    with pytest.raises(ValueError, match="mask has shape"):
        normal().mask(torch.ones(4, dtype=torch.bool))
    wrong: Any = None
    with pytest.raises(TypeError, match="expected a bool"):
        normal().mask(wrong)


BAD_VALUES = [
    (lambda p: Normal(p, p.exp()), [0.5, math.nan, 0.5]),
    (lambda p: Normal(p, p.exp()), [0.5, math.inf, 0.5]),
    (lambda p: Gamma(p.exp(), p.exp()), [0.5, -1.0, 0.5]),
    (lambda p: Gamma(p.exp(), p.exp()), [0.5, 0.0, 0.5]),
    (lambda p: Beta(p.exp(), p.exp()), [0.5, 1.0, 0.5]),
    (lambda p: Uniform(p - 1, p + 2), [0.5, 99.0, 0.5]),
    (lambda p: Bernoulli(logits=p), [1.0, 0.5, 0.0]),
    (lambda p: Poisson(p.exp()), [3.0, -4.0, 0.0]),
    (lambda p: Categorical(logits=p.unsqueeze(-1) * torch.arange(3.0)), [2.0, -1.0, 0.0]),
]


@pytest.mark.parametrize("build, value", BAD_VALUES)
def test_masked_values_leave_no_trace(build: Any, value: list[float]) -> None:
    """NaN, infinite and impossible values under the mask give what leaving them out gives: values and gradients."""

    def run(select: Any, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        p = torch.tensor([0.1, 0.2, 0.3], requires_grad=True)
        x = torch.tensor(value, requires_grad=True)
        log_prob = build(select(p)).mask(mask).log_prob(select(x))
        grad_p, grad_x = torch.autograd.grad(log_prob.sum(), (p, x), allow_unused=True, materialize_grads=True)
        return log_prob, grad_p, grad_x

    log_prob, grad_p, grad_x = run(lambda t: t, MASK)
    expected, expected_p, expected_x = run(lambda t: t[[0, 2]], torch.ones(2, dtype=torch.bool))
    torch.testing.assert_close(log_prob[[0, 2]], expected)
    torch.testing.assert_close(grad_p, expected_p)
    torch.testing.assert_close(grad_x, expected_x)
    assert (log_prob[1], grad_p[1], grad_x[1]) == (0, 0, 0)


def test_masked_events_leave_no_trace() -> None:
    value = torch.tensor([[0.0, 1.0], [math.nan, 1.0]], requires_grad=True)
    factor = torch.eye(2).requires_grad_()
    masked = MultivariateNormal(torch.zeros(2, 2), scale_tril=factor).mask(torch.tensor([True, False]))
    masked.log_prob(value).sum().backward()
    assert value.grad is not None and value.grad.tolist() == [[0.0, -1.0], [0.0, 0.0]]
    assert factor.grad is not None and factor.grad.isfinite().all()


def test_masked_integers_stay_integers() -> None:
    categorical = Categorical(torch.tensor([0.2, 0.8])).expand([2]).mask(torch.tensor([True, False]))
    assert categorical.log_prob(torch.tensor([1, 7])).tolist() == pytest.approx([math.log(0.8), 0.0])


def test_a_base_without_support_is_masked_afterwards() -> None:
    class Flat(torch.distributions.Distribution, TorchDistributionMixin):
        arg_constraints = {}

        def log_prob(self, value: Tensor) -> Tensor:
            return value * 2

    flat = Flat(torch.Size([2]), validate_args=False).mask(torch.tensor([True, False]))
    assert flat.log_prob(torch.tensor([1.0, math.nan])).tolist() == [2.0, 0.0]


@pytest.mark.parametrize("mask", [True, False, MASK])
def test_masked_score_function_is_that_of_the_value(mask: Any) -> None:
    coin = Bernoulli(torch.full((3,), 0.25))
    parts = coin.mask(mask).score_parts(torch.ones(3))
    assert parts.entropy_term == 0
    assert torch.as_tensor(parts.score_function).tolist() == pytest.approx([math.log(0.25)] * 3)
    parts = normal().mask(mask).score_parts(torch.zeros(2, 3))
    assert parts.score_function == 0
    assert torch.equal(torch.as_tensor(parts.entropy_term), parts.log_prob)


def test_masked_passes_on_enumeration_and_conjugacy() -> None:
    masked = Coin(torch.full((3,), 0.25)).mask(MASK)
    assert masked.has_enumerate_support
    assert masked.enumerate_support().shape == (2, 3)
    p, q = Beta(torch.ones(3), 2.0).mask(MASK), Beta(torch.full((3,), 3.0), 1.5)
    updated, log_normalizer = p.conjugate_update(q)
    x = torch.tensor([0.3, 0.4, 0.5])
    assert isinstance(updated, MaskedDistribution)
    torch.testing.assert_close((p.log_prob(x) + q.log_prob(x))[MASK], (updated.log_prob(x) + log_normalizer)[MASK])
    assert log_normalizer[1] == 0


def test_wholly_masked_values_may_have_any_dtype() -> None:
    log_prob = Categorical(torch.ones(2)).mask(False).log_prob(torch.tensor([0, 1, 1]))
    assert log_prob.dtype == torch.get_default_dtype()
    assert log_prob.tolist() == [0.0] * 3


def test_wrappers_take_over_has_rsample() -> None:
    frozen = normal().has_rsample_(False)
    assert not frozen.mask(True).has_rsample
    assert not ExpandedDistribution(frozen, (2, 3)).has_rsample
    assert not frozen.to_event(1).has_rsample
    assert not Independent(frozen, 1)().requires_grad


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("base_checks", [True, False])
@pytest.mark.parametrize("checks", [None, True, False])
def test_independent_switches_the_checks_of_its_base(checks: bool | None, base_checks: bool, depth: int) -> None:
    base = Normal(torch.zeros(2, 3), 1.0, validate_args=base_checks)
    inner = base if depth == 1 else Independent(base, 1)
    d = Independent(inner, 1, validate_args=checks)
    bad = torch.full((2, 3), float("nan"))
    if base_checks if checks is None else checks:
        with pytest.raises(ValueError, match="support"):
            d.log_prob(bad)
    else:
        assert d.log_prob(bad).isnan().all()
    assert base._validate_args == base_checks  # it may serve others
