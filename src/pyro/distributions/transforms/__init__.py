"""Transforms: differentiable maps between spaces, most of them invertible.

All of torch's, and further ones. A constraint that a transform maps onto is registered here: with ``biject_to`` where
the map is one to one on the constrained set, with ``transform_to`` wherever it covers the set.
"""

from collections.abc import Callable

from torch.distributions import biject_to, transform_to
from torch.distributions.transforms import (
    AbsTransform,
    AffineTransform,
    CatTransform,
    ComposeTransform,
    CorrCholeskyTransform,
    CumulativeDistributionTransform,
    ExpTransform,
    IndependentTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    PowerTransform,
    ReshapeTransform,
    SigmoidTransform,
    SoftmaxTransform,
    StackTransform,
    StickBreakingTransform,
    TanhTransform,
    Transform,
    identity_transform,
)

from pyro.distributions import constraints
from pyro.distributions.transforms.cholesky import (
    CholeskyTransform,
    CorrLCholeskyTransform,
    CorrMatrixCholeskyTransform,
)
from pyro.distributions.transforms.normalize import Normalize
from pyro.distributions.transforms.ordered import OrderedTransform
from pyro.distributions.transforms.power import PositivePowerTransform
from pyro.distributions.transforms.softplus import SoftplusLowerCholeskyTransform, SoftplusTransform
from pyro.distributions.transforms.unit_cholesky import UnitLowerCholeskyTransform

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "CatTransform",
    "CholeskyTransform",
    "ComposeTransform",
    "CorrCholeskyTransform",
    "CorrLCholeskyTransform",
    "CorrMatrixCholeskyTransform",
    "CumulativeDistributionTransform",
    "ExpTransform",
    "IndependentTransform",
    "LowerCholeskyTransform",
    "Normalize",
    "OrderedTransform",
    "PositiveDefiniteTransform",
    "PositivePowerTransform",
    "PowerTransform",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusLowerCholeskyTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "TanhTransform",
    "Transform",
    "UnitLowerCholeskyTransform",
    "identity_transform",
]


_ONE_TO_ONE: dict[constraints.Constraint, Callable[[constraints.Constraint], Transform]] = {
    constraints.ordered_vector: lambda _: OrderedTransform(),
    constraints.positive_ordered_vector: lambda _: ComposeTransform([OrderedTransform(), ExpTransform()]),
    constraints.softplus_positive: lambda _: SoftplusTransform(),
    constraints.corr_matrix: lambda _: ComposeTransform([CorrCholeskyTransform(), CorrMatrixCholeskyTransform().inv]),
}
_ONTO: dict[constraints.Constraint, Callable[[constraints.Constraint], Transform]] = {
    constraints.softplus_lower_cholesky: lambda _: SoftplusLowerCholeskyTransform(),
    constraints.unit_lower_cholesky: lambda _: UnitLowerCholeskyTransform(),
    constraints.sphere: lambda _: Normalize(),
}

for _constraint, _factory in _ONE_TO_ONE.items():
    biject_to.register(_constraint, _factory)
for _constraint, _factory in (_ONE_TO_ONE | _ONTO).items():
    transform_to.register(_constraint, _factory)
