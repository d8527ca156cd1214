"""Probability distributions over tensors, their supports, transforms and divergences.

A distribution is called to draw a value and scores values with ``log_prob``; see
:mod:`~pyro.distributions.torch_distribution` for the shapes of both.
"""

from pyro.distributions import constraints, kl, transforms
from pyro.distributions.affine_beta import AffineBeta
from pyro.distributions.asymmetric_laplace_quantile import AsymmetricLaplaceQuantile
from pyro.distributions.asymmetriclaplace import AsymmetricLaplace, SoftAsymmetricLaplace
from pyro.distributions.avf_mvn import AVFMultivariateNormal
from pyro.distributions.beta_negative_binomial import BetaNegativeBinomial
from pyro.distributions.beta_proportion import BetaProportion
from pyro.distributions.car import CAR
from pyro.distributions.censored import (
    IntervalCensoredDistribution,
    LeftCensoredDistribution,
    RightCensoredDistribution,
)
from pyro.distributions.circulant_normal import CirculantNormal
from pyro.distributions.coalescent import CoalescentRateLikelihood, CoalescentTimes, CoalescentTimesWithRate
from pyro.distributions.conditional import (
    ConditionalDistribution,
    ConditionalTransform,
    ConditionalTransformedDistribution,
    ConditionalTransformModule,
)
from pyro.distributions.conjugate import BetaBinomial, DirichletMultinomial, GammaPoisson
from pyro.distributions.dagum import Dagum
from pyro.distributions.delta import Delta
from pyro.distributions.diag_normal_mixture import MixtureOfDiagNormals
from pyro.distributions.diag_normal_mixture_shared_cov import MixtureOfDiagNormalsSharedCovariance
from pyro.distributions.discrete_uniform import DiscreteUniform
from pyro.distributions.distribution import Distribution
from pyro.distributions.empirical import Empirical
from pyro.distributions.euler_maruyama import EulerMaruyama
from pyro.distributions.extended import ExtendedBetaBinomial, ExtendedBinomial
from pyro.distributions.folded import FoldedDistribution
from pyro.distributions.gaussian_copula import GaussianCopula, GaussianCopulaBeta
from pyro.distributions.gaussian_random_walk import GaussianRandomWalk
from pyro.distributions.gaussian_scale_mixture import GaussianScaleMixture
from pyro.distributions.gaussian_state_space import GaussianStateSpace
from pyro.distributions.gompertz import Gompertz
from pyro.distributions.grouped_normal_normal import GroupedNormalNormal
from pyro.distributions.hmm import (
    DiscreteHMM,
    GammaGaussianHMM,
    GaussianHMM,
    GaussianMRF,
    IndependentHMM,
    LinearHMM,
)
from pyro.distributions.hurdle import (
    HurdleDistribution,
    HurdleGamma,
    HurdleLogits,
    HurdleLogNormal,
    HurdleNegativeBinomial2,
    HurdlePoisson,
    HurdleProbs,
)
from pyro.distributions.improper_uniform import ImproperUniform
from pyro.distributions.inverse_wishart import InverseWishart
from pyro.distributions.inverse_wishart_cholesky import InverseWishartCholesky
from pyro.distributions.levy import Levy
from pyro.distributions.lkj import LKJ, LKJCorrCholesky
from pyro.distributions.log_normal_negative_binomial import LogNormalNegativeBinomial
from pyro.distributions.log_uniform import LogUniform
from pyro.distributions.logistic import Logistic, SkewLogistic
from pyro.distributions.matrix_normal import MatrixNormal
from pyro.distributions.mixture import MaskedMixture
from pyro.distributions.mixture_general import Mixture, MixtureGeneral
from pyro.distributions.multivariate_studentt import MultivariateStudentT
from pyro.distributions.nanmasked import NanMaskedMultivariateNormal, NanMaskedNormal
from pyro.distributions.negative_binomial2 import NegativeBinomial2
from pyro.distributions.omt_mvn import OMTMultivariateNormal
from pyro.distributions.one_one_matching import OneOneMatching
from pyro.distributions.one_two_matching import OneTwoMatching
from pyro.distributions.ordered_logistic import OrderedLogistic
from pyro.distributions.polya_gamma import TruncatedPolyaGamma
from pyro.distributions.power_law import DoublyTruncatedPowerLaw, LowerTruncatedPowerLaw
from pyro.distributions.probs_logits import (
    BernoulliLogits,
    BernoulliProbs,
    BinomialLogits,
    BinomialProbs,
    CategoricalLogits,
    CategoricalProbs,
    GeometricLogits,
    GeometricProbs,
    MultinomialLogits,
    MultinomialProbs,
    NegativeBinomialLogits,
    NegativeBinomialProbs,
    RelaxedBernoulliLogits,
)
from pyro.distributions.projected_normal import ProjectedNormal
from pyro.distributions.rejector import Rejector
from pyro.distributions.relaxed_straight_through import (
    RelaxedBernoulliStraightThrough,
    RelaxedOneHotCategoricalStraightThrough,
)
from pyro.distributions.sine_bivariate_von_mises import SineBivariateVonMises
from pyro.distributions.sine_skewed import SineSkewed
from pyro.distributions.softlaplace import SoftLaplace
from pyro.distributions.spanning_tree import SpanningTree
from pyro.distributions.stable import Stable, StableWithLogProb
from pyro.distributions.torch import (
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Cauchy,
    Chi2,
    ContinuousBernoulli,
    Dirichlet,
    Exponential,
    ExponentialFamily,
    FisherSnedecor,
    Gamma,
    GeneralizedPareto,
    Geometric,
    Gumbel,
    HalfCauchy,
    HalfNormal,
    Independent,
    InverseGamma,
    Kumaraswamy,
    Laplace,
    LKJCholesky,
    LogisticNormal,
    LogNormal,
    LowRankMultivariateNormal,
    MixtureSameFamily,
    Multinomial,
    MultivariateNormal,
    NegativeBinomial,
    Normal,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
    Pareto,
    Poisson,
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
    StudentT,
    TransformedDistribution,
    Uniform,
    VonMises,
    Weibull,
    Wishart,
)
from pyro.distributions.torch_distribution import ExpandedDistribution, MaskedDistribution, TorchDistribution
from pyro.distributions.torch_transform import ComposeTransformModule, TransformModule
from pyro.distributions.truncated import (
    LeftTruncatedDistribution,
    LeftTruncatedGamma,
    RightTruncatedDistribution,
    RightTruncatedGamma,
    TruncatedCauchy,
    TruncatedDistribution,
    TruncatedGamma,
    TruncatedNormal,
    TwoSidedTruncatedDistribution,
    TwoSidedTruncatedGamma,
)
from pyro.distributions.unit import Unit
from pyro.distributions.von_mises_3d import VonMises3D
from pyro.distributions.wishart_cholesky import WishartCholesky
from pyro.distributions.zero_inflated import ZeroInflatedDistribution, ZeroInflatedNegativeBinomial, ZeroInflatedPoisson
from pyro.distributions.zero_inflated_gates import ZeroInflatedLogits, ZeroInflatedNegativeBinomial2, ZeroInflatedProbs
from pyro.distributions.zero_sum_normal import ZeroSumNormal
from pyro.ops.validation import enable_validation, is_validation_enabled, validation_enabled

__all__ = ["AVFMultivariateNormal", "AffineBeta", "AsymmetricLaplace", "AsymmetricLaplaceQuantile", "Bernoulli",
           "BernoulliLogits", "BernoulliProbs", "Beta", "BetaBinomial", "BetaNegativeBinomial", "BetaProportion",
           "Binomial", "BinomialLogits", "BinomialProbs", "CAR", "Categorical", "CategoricalLogits",
           "CategoricalProbs", "Cauchy", "Chi2", "CirculantNormal", "CoalescentRateLikelihood", "CoalescentTimes",
           "CoalescentTimesWithRate", "ComposeTransformModule", "ConditionalDistribution", "ConditionalTransform",
           "ConditionalTransformModule", "ConditionalTransformedDistribution", "ContinuousBernoulli", "Dagum", "Delta",
           "Dirichlet", "DirichletMultinomial", "DiscreteHMM", "DiscreteUniform", "Distribution",
           "DoublyTruncatedPowerLaw", "Empirical", "EulerMaruyama", "ExpandedDistribution", "Exponential",
           "ExponentialFamily", "ExtendedBetaBinomial", "ExtendedBinomial", "FisherSnedecor", "FoldedDistribution",
           "Gamma", "GammaGaussianHMM", "GammaPoisson", "GaussianCopula", "GaussianCopulaBeta", "GaussianHMM",
           "GaussianMRF", "GaussianRandomWalk", "GaussianScaleMixture", "GaussianStateSpace", "GeneralizedPareto",
           "Geometric", "GeometricLogits", "GeometricProbs", "Gompertz", "GroupedNormalNormal", "Gumbel", "HalfCauchy",
           "HalfNormal", "HurdleDistribution", "HurdleGamma", "HurdleLogNormal", "HurdleLogits",
           "HurdleNegativeBinomial2", "HurdlePoisson", "HurdleProbs", "ImproperUniform", "Independent",
           "IndependentHMM", "IntervalCensoredDistribution", "InverseGamma", "InverseWishart",
           "InverseWishartCholesky", "Kumaraswamy", "LKJ", "LKJCholesky", "LKJCorrCholesky", "Laplace",
           "LeftCensoredDistribution", "LeftTruncatedDistribution", "LeftTruncatedGamma", "Levy", "LinearHMM",
           "LogNormal", "LogNormalNegativeBinomial", "LogUniform", "Logistic", "LogisticNormal",
           "LowRankMultivariateNormal", "LowerTruncatedPowerLaw", "MaskedDistribution", "MaskedMixture",
           "MatrixNormal", "Mixture", "MixtureGeneral", "MixtureOfDiagNormals", "MixtureOfDiagNormalsSharedCovariance",
           "MixtureSameFamily", "Multinomial", "MultinomialLogits", "MultinomialProbs", "MultivariateNormal",
           "MultivariateStudentT", "NanMaskedMultivariateNormal", "NanMaskedNormal", "NegativeBinomial",
           "NegativeBinomial2", "NegativeBinomialLogits", "NegativeBinomialProbs", "Normal", "OMTMultivariateNormal",
           "OneHotCategorical", "OneHotCategoricalStraightThrough", "OneOneMatching", "OneTwoMatching",
           "OrderedLogistic", "Pareto", "Poisson", "ProjectedNormal", "Rejector", "RelaxedBernoulli",
           "RelaxedBernoulliLogits", "RelaxedBernoulliStraightThrough", "RelaxedOneHotCategorical",
           "RelaxedOneHotCategoricalStraightThrough", "RightCensoredDistribution", "RightTruncatedDistribution",
           "RightTruncatedGamma", "SineBivariateVonMises", "SineSkewed", "SkewLogistic", "SoftAsymmetricLaplace",
           "SoftLaplace", "SpanningTree", "Stable", "StableWithLogProb", "StudentT", "TorchDistribution",
           "TransformModule", "TransformedDistribution", "TruncatedCauchy", "TruncatedDistribution", "TruncatedGamma",
           "TruncatedNormal", "TruncatedPolyaGamma", "TwoSidedTruncatedDistribution", "TwoSidedTruncatedGamma",
           "Uniform", "Unit", "VonMises", "VonMises3D", "Weibull", "Wishart", "WishartCholesky",
           "ZeroInflatedDistribution", "ZeroInflatedLogits", "ZeroInflatedNegativeBinomial",
           "ZeroInflatedNegativeBinomial2", "ZeroInflatedPoisson", "ZeroInflatedProbs", "ZeroSumNormal", "constraints",
           "enable_validation", "is_validation_enabled", "kl", "transforms", "validation_enabled"]
