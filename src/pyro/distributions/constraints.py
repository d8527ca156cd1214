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

__all__ = [
    "Constraint",
    "MixtureSameFamilyConstraint",
    "boolean",
    "cat",
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
    "integer_interval",
    "interval",
    "is_dependent",
    "less_than",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "ordered_vector",
    "positive",
    "positive_definite",
    "positive_integer",
    "positive_ordered_vector",
    "positive_semidefinite",
    "real",
    "real_vector",
    "simplex",
    "softplus_lower_cholesky",
    "softplus_positive",
    "sphere",
    "square",
    "stack",
    "symmetric",
    "unit_interval",
    "unit_lower_cholesky",
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
        is_symmetric = torch.isclose(value, value.mT, atol=_TOLERANCE).flatten(-2).all(-1)
        info: Tensor = torch.linalg.cholesky_ex(value).info
        return is_unit & is_symmetric & (info == 0)


corr_cholesky_constraint = corr_cholesky
corr_matrix = _CorrMatrix()
integer = _Integer()
ordered_vector = _OrderedVector()
positive_ordered_vector = _PositiveOrderedVector()
softplus_lower_cholesky = _SoftplusLowerCholesky()
softplus_positive = _SoftplusPositive()
sphere = _Sphere()
unit_lower_cholesky = _UnitLowerCholesky()

# in files, a constraint goes by its name here
for _name, _constraint in (
    ("corr_matrix", corr_matrix),
    ("integer", integer),
    ("ordered_vector", ordered_vector),
    ("positive_ordered_vector", positive_ordered_vector),
    ("softplus_lower_cholesky", softplus_lower_cholesky),
    ("softplus_positive", softplus_positive),
    ("sphere", sphere),
    ("unit_lower_cholesky", unit_lower_cholesky),
):
    constraint_tags.register(_name, type(_constraint))
