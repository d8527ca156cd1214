"""Constraints: sets of values that parameters and draws are declared to lie in.

All of torch's, and further ones. A constraint's ``check`` gives one verdict for each batch element; NaN never satisfies
it. Those that a transform maps onto from unconstrained space are registered with ``biject_to`` (one to one) and
``transform_to`` in :mod:`pyro.distributions.transforms`.
"""

import math

import torch
from torch import Tensor
from torch.distributions.constraints import (
    Constraint,
    MixtureSameFamilyConstraint,
    boolean,
    cat,
    corr_cholesky,
    dependent,
    dependent_property,
    greater_than,
    greater_than_eq,
    half_open_interval,
    independent,
    integer_interval,
    interval,
    is_dependent,
    less_than,
    lower_cholesky,
    lower_triangular,
    multinomial,
    nonnegative,
    nonnegative_integer,
    one_hot,
    positive,
    positive_definite,
    positive_integer,
    positive_semidefinite,
    real,
    real_vector,
    simplex,
    square,
    stack,
    symmetric,
    unit_interval,
)

from pyro.ops import constraint_tags
from pyro.ops.hartley import circulant_eigenvalues

__all__ = [
    "Constraint",
    "MixtureSameFamilyConstraint",
    "boolean",
    "cat",
    "circular",
    "complex",
    "corr_cholesky",
    "corr_cholesky_constraint",
    "corr_matrix",
    "dependent",
    "dependent_property",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer",
    "integer_greater_than",
    "integer_interval",
    "interval",
    "is_dependent",
    "l1_ball",
    "less_than",
    "less_than_eq",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "open_interval",
    "ordered_vector",
    "positive",
    "positive_definite",
    "positive_definite_circulant_vector",
    "positive_integer",
    "positive_ordered_vector",
    "positive_semidefinite",
    "real",
    "real_matrix",
    "real_vector",
    "scaled_unit_lower_cholesky",
    "simplex",
    "softplus_lower_cholesky",
    "softplus_positive",
    "sphere",
    "square",
    "stack",
    "symmetric",
    "unit_interval",
    "unit_lower_cholesky",
    "zero_sum",
]

_TOLERANCE = 1e-6


class _Integer(Constraint):
    """Whole numbers."""

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return value % 1 == 0


class _Sphere(Constraint):
    """Vectors of Euclidean length one, up to rounding."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        # The rounding error of a sum of squares grows with the number of its terms.
        tolerance = 10 * torch.finfo(value.dtype).eps * math.sqrt(value.shape[-1])
        length: Tensor = torch.linalg.vector_norm(value, dim=-1)
        return (length - 1).abs() < tolerance


class _OrderedVector(Constraint):
    """Vectors whose elements increase strictly."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value[..., 1:] > value[..., :-1]).all(-1) & (value == value).all(-1)


class _PositiveOrderedVector(_OrderedVector):
    """Vectors of positive elements that increase strictly."""

    def check(self, value: Tensor) -> Tensor:
        return super().check(value) & (value > 0).all(-1)


class _SoftplusPositive(greater_than):
    """Positive numbers, reached through the softplus function instead of the exponential one."""

    def __init__(self) -> None:
        super().__init__(lower_bound=0.0)  # type: ignore[no-untyped-call]


class _SoftplusLowerCholesky(type(lower_cholesky)):  # type: ignore[misc]
    """Lower triangular matrices with a positive diagonal, which is reached through the softplus function."""


class _UnitLowerCholesky(Constraint):
    """Lower triangular matrices whose diagonal is one."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        is_unit = (value.diagonal(dim1=-2, dim2=-1) == 1).all(-1)
        return is_unit & (value.tril() == value).flatten(-2).all(-1)


class _CorrMatrix(Constraint):
    """Correlation matrices: symmetric and positive definite with a diagonal of one, up to rounding."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        is_unit = ((value.diagonal(dim1=-2, dim2=-1) - 1).abs() < _TOLERANCE).all(-1)
        is_symmetric = ((value - value.mT).abs() < 10 * _TOLERANCE).flatten(-2).all(-1)
        info: Tensor = torch.linalg.cholesky_ex(value).info
        return is_unit & is_symmetric & (info == 0)


class _Circular(interval):
    """Angles from -pi to pi."""

    def __init__(self) -> None:
        super().__init__(-math.pi, math.pi)  # type: ignore[no-untyped-call]


class _LessThanEq(Constraint):
    """Numbers that are at most a bound.

    Args:
        upper_bound: the bound, which belongs to the set.
    """

    def __init__(self, upper_bound: Tensor | float) -> None:
        self.upper_bound = upper_bound
        super().__init__()

    def check(self, value: Tensor) -> Tensor:
        return value <= self.upper_bound

    def __repr__(self) -> str:
        return f"{type(self).__name__[1:]}(upper_bound={self.upper_bound})"


class _OpenInterval(interval):
    """Numbers between two bounds, which do not belong to the set.

    Args:
        lower_bound: the lower bound.
        upper_bound: the upper bound.
    """

    def __init__(self, lower_bound: Tensor | float, upper_bound: Tensor | float) -> None:
        super().__init__(lower_bound, upper_bound)  # type: ignore[no-untyped-call]

    def check(self, value: Tensor) -> Tensor:
        is_inside: Tensor = (self.lower_bound < value) & (value < self.upper_bound)
        return is_inside


class _Complex(Constraint):
    """Complex numbers, the real ones among them."""

    def check(self, value: Tensor) -> Tensor:
        return value == value  # NaN is not equal to itself


class _L1Ball(Constraint):
    """Vectors whose absolute values sum to at most one, up to rounding."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        tolerance = 10 * torch.finfo(value.dtype).eps * math.sqrt(value.shape[-1])
        return value.abs().sum(-1) <= 1 + tolerance


class _ZeroSum(Constraint):
    """Arrays that sum to zero along each of their dimensions, up to rounding.

    Args:
        event_dim: how many dimensions, counted from the right, an array has.
    """

    def __init__(self, event_dim: int = 1) -> None:
        self._event_dim = event_dim
        super().__init__()

    @property
    def event_dim(self) -> int:  # type: ignore[override]  # torch declares a plain attribute, which its classes replace
        """Number of dimensions of an array."""
        return self._event_dim

    def check(self, value: Tensor) -> Tensor:
        dims = tuple(range(-self._event_dim, 0))
        tolerance = 10 * torch.finfo(value.dtype).eps * value.abs().sum(dims)
        sums = [value.sum(dim, keepdim=True).abs().amax(dims) for dim in dims]
        return torch.stack([total <= tolerance for total in sums]).all(0)

    def __repr__(self) -> str:
        return f"{type(self).__name__[1:]}(event_dim={self._event_dim})"


class _ScaledUnitLowerCholesky(type(lower_cholesky)):  # type: ignore[misc]
    """Lower triangular matrices with a positive diagonal: unit ones whose rows were scaled by it."""


class _PositiveDefiniteCirculantVector(Constraint):
    """First rows of positive definite circulant matrices: symmetric vectors with positive Fourier coefficients."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        tolerance = 10 * torch.finfo(value.dtype).eps * value.abs().sum(-1, keepdim=True)
        reflected = value.flip(-1).roll(1, -1)
        is_symmetric = ((value - reflected).abs() <= tolerance).all(-1)
        is_positive = (circulant_eigenvalues(value) > 0).all(-1)
        return is_symmetric & is_positive


circular = _Circular()
complex = _Complex()
corr_cholesky_constraint = corr_cholesky
corr_matrix = _CorrMatrix()
integer = _Integer()
integer_greater_than = type(nonnegative_integer)
l1_ball = _L1Ball()
less_than_eq = _LessThanEq
open_interval = _OpenInterval
ordered_vector = _OrderedVector()
positive_definite_circulant_vector = _PositiveDefiniteCirculantVector()
positive_ordered_vector = _PositiveOrderedVector()
real_matrix = independent(real, 2)
scaled_unit_lower_cholesky = _ScaledUnitLowerCholesky()
softplus_lower_cholesky = _SoftplusLowerCholesky()
softplus_positive = _SoftplusPositive()
sphere = _Sphere()
unit_lower_cholesky = _UnitLowerCholesky()
zero_sum = _ZeroSum

# in files, a constraint goes by its name here
for _name, _constraint in (
    ("circular", circular),
    ("complex", complex),
    ("corr_matrix", corr_matrix),
    ("integer", integer),
    ("l1_ball", l1_ball),
    ("ordered_vector", ordered_vector),
    ("positive_definite_circulant_vector", positive_definite_circulant_vector),
    ("positive_ordered_vector", positive_ordered_vector),
    ("scaled_unit_lower_cholesky", scaled_unit_lower_cholesky),
    ("softplus_lower_cholesky", softplus_lower_cholesky),
    ("softplus_positive", softplus_positive),
    ("sphere", sphere),
    ("unit_lower_cholesky", unit_lower_cholesky),
):
    constraint_tags.register(_name, type(_constraint))
constraint_tags.register("less_than_eq", less_than_eq, ("upper_bound",))
constraint_tags.register("open_interval", open_interval, ("lower_bound", "upper_bound"))
constraint_tags.register("zero_sum", zero_sum, ("event_dim",))
