"""Checks of arguments and values: same verdicts as torch's, cheaper, and errors that say what is wrong."""

import math
import operator
import warnings
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.func import vmap

from pyro.distributions import constraints
from pyro.distributions.beta import Beta
from pyro.distributions.log_normal import LogNormal
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.distributions.normal import Normal
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.validated import _CHEAP_CHECKS, _surely_satisfies, _verdicts, with_checks
from pyro.ops.validation import collecting, validation_enabled

NAN, INF = math.nan, math.inf

CONSTRAINTS: dict[str, constraints.Constraint] = {
    "real": constraints.real,
    "positive": constraints.positive,
    "nonnegative": constraints.nonnegative,
    "less_than": constraints.less_than(1.0),
    "unit_interval": constraints.unit_interval,
    "half_open": constraints.half_open_interval(-1.0, 2.0),
    "boolean": constraints.boolean,
    "nonnegative_integer": constraints.nonnegative_integer,
    "integer_interval": constraints.integer_interval(-1, 2),
    "tensor_bound": constraints.greater_than(torch.tensor(-1.0)),
    "tensor_bounds": constraints.interval(torch.tensor([-1.0]), torch.tensor(2.0)),
    "wide_bounds": constraints.greater_than_eq(torch.tensor([[0.0], [1.0]])),
    "wide_interval": constraints.interval(torch.tensor([[0.0], [1.0]]), torch.tensor([[0.5], [2.0]])),
    "wide_integer_interval": constraints.integer_interval(0, torch.tensor([[1.0], [2.0]])),
    "independent": constraints.independent(constraints.positive, 1),
    "simplex": constraints.simplex,
    "lower_cholesky": constraints.corr_cholesky,
}

numbers = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, NAN, INF, -INF])
shapes = st.sampled_from([(), (1,), (1, 1), (3,), (2, 2), (0,), (1, 0)])


@pytest.mark.parametrize("name", CONSTRAINTS)
@given(data=st.data(), dtype=st.sampled_from([torch.float32, torch.float64, torch.long, torch.bool]))
def test_what_seems_to_satisfy_does(name: str, data: st.DataObject, dtype: torch.dtype) -> None:
    constraint = CONSTRAINTS[name]
    shape = data.draw(shapes)
    entries = data.draw(st.lists(numbers, min_size=math.prod(shape), max_size=math.prod(shape)))
    if not dtype.is_floating_point:
        entries = [entry if math.isfinite(entry) else 0.0 for entry in entries]
    value = torch.tensor(entries).reshape(shape).to(dtype)
    if _surely_satisfies(constraint, value):
        assert constraint.check(value).all()


GOOD: list[tuple[str, Any]] = [
    ("real", [0.0, INF]), ("positive", [0.1, INF]), ("nonnegative", [0.0, 1.0]), ("less_than", [0.0, -INF]),
    ("unit_interval", [0.0, 1.0]), ("half_open", [-1.0, 1.9]), ("boolean", [0.0, 1.0]),
    ("nonnegative_integer", [0.0, 5.0]), ("integer_interval", [-1.0, 2.0]), ("tensor_bound", [0.0, 1.0]),
    ("tensor_bounds", [0.0, 1.0]), ("wide_interval", [[0.0], [2.0]]), ("wide_integer_interval", [[0.0], [2.0]]),
    ("independent", [0.1, 1.0]), ("simplex", [0.25, 0.75]),
]


@pytest.mark.parametrize("name, entries", GOOD)
def test_common_constraints_are_decided_cheaply(name: str, entries: list[float]) -> None:
    assert _surely_satisfies(CONSTRAINTS[name], torch.tensor(entries))
    assert _surely_satisfies(CONSTRAINTS[name], torch.tensor(entries, requires_grad=True))
    if name not in ("independent", "simplex") and not name.startswith("wide"):
        assert all(_surely_satisfies(CONSTRAINTS[name], torch.tensor(entry)) for entry in entries)


@pytest.mark.parametrize("name", ["lower_cholesky", "symmetric", "positive_definite"])
def test_verdicts_on_matrices_are_those_of_torch(name: str) -> None:
    good = torch.tensor([[2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [-3.0, 0.5, 4.0]])
    matrices = [good, good @ good.mT, good.mT, -good]
    for row, column, value in ((2, 1, NAN), (0, 2, NAN), (1, 1, 0.0), (2, 2, -1.0), (0, 1, 1e-3)):
        for matrix in matrices[:2]:
            changed = matrix.clone()
            changed[row, column] = value
            matrices.append(changed)
    constraint = getattr(constraints, name)
    expected = [bool(constraint.check(matrix)) for matrix in matrices]
    assert _verdicts(constraint, torch.stack(matrices)).tolist() == expected
    assert set(expected) == {True, False}
    if type(constraint) in _CHEAP_CHECKS:
        assert [_surely_satisfies(constraint, matrix) for matrix in matrices] == expected
        assert _surely_satisfies(constraint, torch.stack([good, good]))
        assert not _surely_satisfies(constraint, torch.stack([good, -good]))
        assert not _surely_satisfies(constraint, good[:2])


def test_checks_of_matrices_leave_nothing_behind_that_others_meet() -> None:
    with torch.inference_mode():
        MultivariateNormal(torch.zeros(1), scale_tril=torch.eye(1))
    scale_tril = torch.eye(1, requires_grad=True)
    with torch.device("meta"):
        d = MultivariateNormal(torch.zeros(1, device="cpu"), scale_tril=scale_tril)
    d.log_prob(torch.zeros(1)).backward()
    assert scale_tril.grad is not None


def test_table_covers_exact_types_only() -> None:
    class Odd(constraints.greater_than):
        def check(self, value: Tensor) -> Tensor:
            return value % 2 == 1

    assert constraints.greater_than in _CHEAP_CHECKS
    assert not _surely_satisfies(Odd(0.0), torch.tensor(2.0))


@pytest.mark.parametrize("scale", [-1.0, 0.0, NAN, [1.0, -1.0], [1.0, NAN], [-1.0] * 5])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_bad_parameters_are_named(scale: Any, requires_grad: bool) -> None:
    bad = torch.tensor(scale, requires_grad=requires_grad)
    with pytest.raises(ValueError) as caught:
        Normal(torch.zeros(()), bad)
    message = str(caught.value)
    for part in ("parameter scale", "Normal", "GreaterThan(lower_bound=0.0)", "invalid values: "):
        assert part in message
    assert ("NaN comes from" in message) is bool(bad.isnan().any())
    assert ("(5 in all)" in message) is (bad.numel() == 5)


@pytest.mark.parametrize(
    "build, name",
    [
        (lambda: Beta(torch.tensor(-1.0), 1.0), "concentration1"),
        (lambda: Beta(1.0, torch.tensor([1.0, -1.0])), "concentration0"),
        (lambda: LogNormal(NAN, 1.0), "loc"),
        (lambda: MultivariateNormal(torch.zeros(2), covariance_matrix=-torch.eye(2)), "covariance_matrix"),
        (lambda: MultivariateNormal(torch.zeros(2), precision_matrix=-torch.eye(2)), "precision_matrix"),
        (lambda: MultivariateNormal(torch.tensor([0.0, NAN]), torch.eye(2)), "loc"),
    ],
)
def test_parameters_that_are_properties_or_break_the_construction_are_named(build: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"parameter {name} "):
        build()


def test_other_failures_of_a_construction_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="size"):
        Normal(torch.zeros(2), torch.ones(3))


@pytest.mark.parametrize("value", [NAN, [0.0, NAN], [[0.0, 1.0], [NAN, 0.0]]])
def test_bad_values_are_shown_with_the_support(value: Any) -> None:
    with pytest.raises(ValueError, match=r"within the support \(Real\(\)\) of the distribution Normal.*nan"):
        Normal(torch.zeros(2), 1.0).log_prob(torch.tensor(value))


@pytest.mark.parametrize(
    "shape, message",
    [((2, 3), "right-most size"), ((), "right-most size"), ((3, 4), "not broadcastable"), ((3, 1, 4), None),
     ((5, 2, 4), None), ((1, 4), None), ((4,), None)],
)
def test_shapes_of_values(shape: tuple[int, ...], message: str | None) -> None:
    distribution = Normal(torch.zeros(2, 4), 1.0).to_event(1)
    theirs = torch.distributions.Independent(torch.distributions.Normal(torch.zeros(2, 4), 1.0), 1)
    if message is None:
        distribution._validate_sample(torch.zeros(shape))
        theirs._validate_sample(torch.zeros(shape))
    else:
        with pytest.raises(ValueError, match=message):
            distribution._validate_sample(torch.zeros(shape))
        with pytest.raises(ValueError):
            theirs._validate_sample(torch.zeros(shape))


def test_values_must_be_tensors() -> None:
    number: Any = 0.5
    with pytest.raises(ValueError, match="to be a Tensor, got a float"):
        Normal(0.0, 1.0).log_prob(number)


@pytest.mark.parametrize("switch_off", ["argument", "ours", "torch"])
def test_validation_can_be_switched_off(switch_off: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = torch.tensor(-1.0)
    if switch_off == "argument":
        Normal(0.0, bad, validate_args=False).log_prob(torch.tensor(NAN))
    elif switch_off == "ours":
        with validation_enabled(False):
            Normal(0.0, bad).log_prob(torch.tensor(NAN))
    else:
        monkeypatch.setattr(torch.distributions.Distribution, "_validate_args", False)
        Normal(0.0, bad).log_prob(torch.tensor(NAN))
    with pytest.raises(ValueError):
        Normal(0.0, bad, validate_args=True)


def test_verdicts_are_kept_where_nothing_may_be_read() -> None:
    with collecting(everything=True) as verdicts:
        distribution = Normal(torch.zeros(3), torch.tensor([1.0, -1.0, 1.0]))
        distribution.log_prob(torch.tensor([0.0, NAN, 0.0]))
    assert len(verdicts.pending) == 3
    with pytest.raises(ValueError, match="scale"):
        verdicts.raise_first()


def test_expanded_instances_stay_checked() -> None:
    with pytest.raises(ValueError, match="support"):
        Normal(0.0, 1.0).expand([2]).log_prob(torch.tensor(NAN))
    Normal(0.0, 1.0, validate_args=False).expand([2]).log_prob(torch.tensor(NAN))


def test_families_add_checks_that_relate_parameters() -> None:
    class Segment(TorchDistribution):
        arg_constraints = {"low": constraints.dependent, "high": constraints.dependent}

        def __init__(self, low: float, high: float) -> None:
            self.low, self.high = torch.tensor(low), torch.tensor(high)
            super().__init__()

        def _validate_parameters(self) -> None:
            super()._validate_parameters()
            if not self.low < self.high:
                raise ValueError("low < high")

    Segment(0.0, 1.0)
    with pytest.raises(ValueError, match="low < high"):
        Segment(1.0, 0.0)


def test_a_subclass_with_its_own_init_must_define_expand() -> None:
    class Named(Normal):
        def __init__(self, loc: float, name: str) -> None:
            super().__init__(loc, 1.0)
            self.name = name

    with pytest.raises(NotImplementedError, match="expand"):
        Named(0.0, "a").expand([2])

    class Plain(Normal):
        pass

    assert type(Plain(0.0, 1.0).expand([2])) is Plain


def test_a_family_without_support_warns_instead_of_checking() -> None:
    class Nameless(TorchDistribution):
        arg_constraints: dict[str, constraints.Constraint] = {}

        def log_prob(self, value: Tensor) -> Tensor:
            self._validate_sample(value)
            return value

    with pytest.warns(UserWarning, match="Nameless does not define its `support`"):
        Nameless().log_prob(torch.tensor(0.0))


def test_repr_shows_parameters_that_are_properties() -> None:
    assert repr(Beta(torch.ones(2), 1.0)) == "Beta(concentration1: torch.Size([2]), concentration0: torch.Size([2]))"
    assert repr(Normal(torch.zeros(2), 1.0)) == "Normal(loc: torch.Size([2]), scale: torch.Size([2]))"


def test_checks_of_parameters_that_require_gradients_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for shape in ((), (3,)):
            loc = torch.zeros(shape, requires_grad=True)
            assert operator.is_(Normal(loc, loc.exp()).log_prob(loc).requires_grad, True)


def test_checks_can_be_switched_for_a_copy() -> None:
    base = Normal(torch.zeros(2), 1.0)
    assert with_checks(base, True) is base
    unchecked = with_checks(base.to_event(1), False)
    assert type(unchecked) is type(base.to_event(1)) and type(unchecked.base_dist) is Normal
    assert unchecked.log_prob(torch.full((2,), NAN)).isnan()
    with pytest.raises(ValueError, match="support"):
        base.log_prob(torch.tensor(NAN))


def test_an_error_under_vmap_shows_the_values_of_all_elements() -> None:
    scale = torch.tensor([[1.0, 2.0], [3.0, -4.0]])
    with pytest.raises(ValueError, match=r"invalid values: -4\.0\."):
        vmap(lambda s: Normal(0.0, s).mean, in_dims=1)(scale)
    with pytest.raises(ValueError, match=r"support .* of the distribution Normal.* invalid values: nan\."):
        vmap(lambda s, x: Normal(0.0, s).log_prob(x))(torch.ones(2), torch.tensor([0.0, NAN]))
