"""Probability distributions over tensors, their supports, transforms and divergences.

A distribution is called to draw a value and scores values with ``log_prob``; see
:mod:`~pyro.distributions.torch_distribution` for the shapes of both.
"""

from pyro.distributions import constraints, kl, transforms
from pyro.distributions.conjugate import BetaBinomial, DirichletMultinomial, GammaPoisson
from pyro.distributions.delta import Delta
from pyro.distributions.distribution import Distribution
from pyro.distributions.improper_uniform import ImproperUniform
from pyro.distributions.lkj import LKJCorrCholesky
from pyro.distributions.logistic import Logistic
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
from pyro.distributions.unit import Unit
from pyro.ops.validation import enable_validation, is_validation_enabled, validation_enabled

__all__ = ["Bernoulli", "Beta", "BetaBinomial", "Binomial", "Categorical", "Cauchy", "Chi2",
           "ContinuousBernoulli", "Delta", "Dirichlet", "DirichletMultinomial", "Distribution",
           "ExpandedDistribution", "Exponential", "ExponentialFamily", "FisherSnedecor", "Gamma",
           "GammaPoisson", "GeneralizedPareto", "Geometric", "Gumbel", "HalfCauchy", "HalfNormal",
           "ImproperUniform", "Independent", "InverseGamma", "Kumaraswamy", "LKJCholesky", "LKJCorrCholesky",
           "Laplace", "LogNormal", "Logistic", "LogisticNormal", "LowRankMultivariateNormal",
           "MaskedDistribution", "MixtureSameFamily", "Multinomial", "MultivariateNormal", "NegativeBinomial",
           "Normal", "OneHotCategorical", "OneHotCategoricalStraightThrough", "Pareto", "Poisson",
           "RelaxedBernoulli", "RelaxedOneHotCategorical", "StudentT", "TorchDistribution",
           "TransformedDistribution", "Uniform", "Unit", "VonMises", "Weibull", "Wishart", "constraints",
           "enable_validation", "is_validation_enabled", "kl", "transforms", "validation_enabled"]
