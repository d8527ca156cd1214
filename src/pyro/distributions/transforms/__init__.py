"""Transforms: differentiable maps between spaces, most of them invertible.

All of torch's, and further ones. A constraint that a transform maps onto is registered here: with ``biject_to`` where
the map is one to one on the constrained set, with ``transform_to`` wherever it covers the set.
"""

from collections.abc import Callable
from typing import Any

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
from pyro.distributions.torch_transform import ComposeTransformModule
from pyro.distributions.transforms.affine_autoregressive import (
    AffineAutoregressive,
    ConditionalAffineAutoregressive,
    affine_autoregressive,
    conditional_affine_autoregressive,
)
from pyro.distributions.transforms.affine_coupling import (
    AffineCoupling,
    ConditionalAffineCoupling,
    affine_coupling,
    conditional_affine_coupling,
)
from pyro.distributions.transforms.basic import ELUTransform, LeakyReLUTransform, elu, leaky_relu
from pyro.distributions.transforms.batchnorm import BatchNorm, batchnorm
from pyro.distributions.transforms.block_autoregressive import BlockAutoregressive, block_autoregressive
from pyro.distributions.transforms.cholesky import (
    CholeskyTransform,
    CorrLCholeskyTransform,
    CorrMatrixCholeskyTransform,
)
from pyro.distributions.transforms.circulant import CirculantTransform
from pyro.distributions.transforms.complex import ComplexTransform
from pyro.distributions.transforms.corr_cholesky import CorrCholesky
from pyro.distributions.transforms.discrete_cosine import DiscreteCosineTransform
from pyro.distributions.transforms.fourier import PackRealFastFourierCoefficientsTransform, RealFastFourierTransform
from pyro.distributions.transforms.generalized_channel_permute import (
    ConditionalGeneralizedChannelPermute,
    GeneralizedChannelPermute,
    conditional_generalized_channel_permute,
    generalized_channel_permute,
)
from pyro.distributions.transforms.haar import HaarTransform
from pyro.distributions.transforms.householder import (
    ConditionalHouseholder,
    Householder,
    conditional_householder,
    householder,
)
from pyro.distributions.transforms.identity import IdentityTransform
from pyro.distributions.transforms.iterated import iterated
from pyro.distributions.transforms.l1_ball import L1BallTransform
from pyro.distributions.transforms.lower_cholesky_affine import LowerCholeskyAffine
from pyro.distributions.transforms.matrix_exponential import (
    ConditionalMatrixExponential,
    MatrixExponential,
    conditional_matrix_exponential,
    matrix_exponential,
)
from pyro.distributions.transforms.neural_autoregressive import (
    ConditionalNeuralAutoregressive,
    NeuralAutoregressive,
    conditional_neural_autoregressive,
    neural_autoregressive,
)
from pyro.distributions.transforms.normalize import Normalize
from pyro.distributions.transforms.ordered import OrderedTransform
from pyro.distributions.transforms.permute import Permute, permute
from pyro.distributions.transforms.planar import ConditionalPlanar, Planar, conditional_planar, planar
from pyro.distributions.transforms.polynomial import Polynomial, polynomial
from pyro.distributions.transforms.power import PositivePowerTransform
from pyro.distributions.transforms.radial import ConditionalRadial, Radial, conditional_radial, radial
from pyro.distributions.transforms.recursive_linear import RecursiveLinearTransform
from pyro.distributions.transforms.scaled_unit_cholesky import ScaledUnitLowerCholeskyTransform
from pyro.distributions.transforms.simplex_to_ordered import SimplexToOrderedTransform
from pyro.distributions.transforms.softplus import SoftplusLowerCholeskyTransform, SoftplusTransform
from pyro.distributions.transforms.spline import ConditionalSpline, Spline, conditional_spline, spline
from pyro.distributions.transforms.spline_autoregressive import (
    ConditionalSplineAutoregressive,
    SplineAutoregressive,
    conditional_spline_autoregressive,
    spline_autoregressive,
)
from pyro.distributions.transforms.spline_coupling import SplineCoupling, spline_coupling
from pyro.distributions.transforms.sylvester import Sylvester, sylvester
from pyro.distributions.transforms.unit_cholesky import UnitLowerCholeskyTransform
from pyro.distributions.transforms.unpack import UnpackTransform
from pyro.distributions.transforms.zero_sum import ZeroSumTransform

__all__ = ["AbsTransform", "AffineAutoregressive", "AffineCoupling", "AffineTransform", "BatchNorm",
           "BlockAutoregressive", "CatTransform", "CholeskyTransform", "CirculantTransform", "ComplexTransform",
           "ComposeTransform", "ComposeTransformModule", "ConditionalAffineAutoregressive",
           "ConditionalAffineCoupling", "ConditionalGeneralizedChannelPermute", "ConditionalHouseholder",
           "ConditionalMatrixExponential", "ConditionalNeuralAutoregressive", "ConditionalPlanar",
           "ConditionalRadial", "ConditionalSpline", "ConditionalSplineAutoregressive", "CorrCholesky",
           "CorrCholeskyTransform", "CorrLCholeskyTransform", "CorrMatrixCholeskyTransform",
           "CumulativeDistributionTransform", "DiscreteCosineTransform", "ELUTransform", "ExpTransform",
           "GeneralizedChannelPermute", "HaarTransform", "Householder", "IdentityTransform", "IndependentTransform",
           "L1BallTransform", "LeakyReLUTransform", "LowerCholeskyAffine", "LowerCholeskyTransform",
           "MatrixExponential", "NeuralAutoregressive", "Normalize", "OrderedTransform",
           "PackRealFastFourierCoefficientsTransform", "Permute", "Planar", "Polynomial",
           "PositiveDefiniteTransform", "PositivePowerTransform", "PowerTransform", "Radial",
           "RealFastFourierTransform", "RecursiveLinearTransform", "ReshapeTransform",
           "ScaledUnitLowerCholeskyTransform", "SigmoidTransform", "SimplexToOrderedTransform", "SoftmaxTransform",
           "SoftplusLowerCholeskyTransform", "SoftplusTransform", "Spline", "SplineAutoregressive", "SplineCoupling",
           "StackTransform", "StickBreakingTransform", "Sylvester", "TanhTransform", "Transform",
           "UnitLowerCholeskyTransform", "UnpackTransform", "ZeroSumTransform", "affine_autoregressive",
           "affine_coupling", "batchnorm", "block_autoregressive", "conditional_affine_autoregressive",
           "conditional_affine_coupling", "conditional_generalized_channel_permute", "conditional_householder",
           "conditional_matrix_exponential", "conditional_neural_autoregressive", "conditional_planar",
           "conditional_radial", "conditional_spline", "conditional_spline_autoregressive", "elu",
           "generalized_channel_permute", "householder", "identity_transform", "iterated", "leaky_relu",
           "matrix_exponential", "neural_autoregressive", "permute", "planar", "polynomial", "radial", "spline",
           "spline_autoregressive", "spline_coupling", "sylvester"]

PermuteTransform = Permute  # NumPyro's name


def _closure(constraint: Any) -> constraints.Constraint:
    return constraints.interval(constraint.lower_bound, constraint.upper_bound)


# each is registered for the whole class of the constraint
_ONE_TO_ONE: dict[constraints.Constraint, Callable[[Any], Transform]] = {
    constraints.ordered_vector: lambda _: OrderedTransform(),
    constraints.positive_ordered_vector: lambda _: ComposeTransform([OrderedTransform(), ExpTransform()]),
    constraints.softplus_positive: lambda _: SoftplusTransform(),
    constraints.corr_cholesky: lambda _: CorrCholesky(),
    constraints.circular: lambda constraint: biject_to(_closure(constraint)),
    constraints.complex: lambda _: ComplexTransform(),
    constraints.l1_ball: lambda _: L1BallTransform(),
    constraints.less_than_eq(0.0): lambda constraint: biject_to(constraints.less_than(constraint.upper_bound)),
    constraints.open_interval(0.0, 1.0): lambda constraint: biject_to(_closure(constraint)),
    constraints.scaled_unit_lower_cholesky: lambda _: ScaledUnitLowerCholeskyTransform(),
    constraints.zero_sum(1): lambda constraint: ZeroSumTransform(constraint.event_dim),
    constraints.corr_matrix: lambda _: ComposeTransform([CorrCholesky(), CorrMatrixCholeskyTransform().inv]),
}
_ONTO: dict[constraints.Constraint, Callable[[Any], Transform]] = {
    constraints.softplus_lower_cholesky: lambda _: SoftplusLowerCholeskyTransform(),
    constraints.unit_lower_cholesky: lambda _: UnitLowerCholeskyTransform(),
    constraints.sphere: lambda _: Normalize(),
    constraints.positive_definite_circulant_vector: lambda _: CirculantTransform(),
}

for _constraint, _factory in _ONE_TO_ONE.items():
    biject_to.register(_constraint, _factory)
for _constraint, _factory in (_ONE_TO_ONE | _ONTO).items():
    transform_to.register(_constraint, _factory)
