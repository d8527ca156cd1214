"""Distributions that torch provides, at the address where Pyro has them; each is defined in a file of its own."""

from pyro.distributions.bernoulli import Bernoulli
from pyro.distributions.beta import Beta
from pyro.distributions.binomial import Binomial
from pyro.distributions.categorical import Categorical
from pyro.distributions.cauchy import Cauchy
from pyro.distributions.chi2 import Chi2
from pyro.distributions.continuous_bernoulli import ContinuousBernoulli
from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.exponential import Exponential
from pyro.distributions.exponential_family import ExponentialFamily
from pyro.distributions.fisher_snedecor import FisherSnedecor
from pyro.distributions.gamma import Gamma
from pyro.distributions.generalized_pareto import GeneralizedPareto
from pyro.distributions.geometric import Geometric
from pyro.distributions.gumbel import Gumbel
from pyro.distributions.half_cauchy import HalfCauchy
from pyro.distributions.half_normal import HalfNormal
from pyro.distributions.inverse_gamma import InverseGamma
from pyro.distributions.kumaraswamy import Kumaraswamy
from pyro.distributions.laplace import Laplace
from pyro.distributions.lkj_cholesky import LKJCholesky
from pyro.distributions.log_normal import LogNormal
from pyro.distributions.logistic_normal import LogisticNormal
from pyro.distributions.low_rank_multivariate_normal import LowRankMultivariateNormal
from pyro.distributions.mixture_same_family import MixtureSameFamily
from pyro.distributions.multinomial import Multinomial
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.distributions.negative_binomial import NegativeBinomial
from pyro.distributions.normal import Normal
from pyro.distributions.one_hot_categorical import OneHotCategorical, OneHotCategoricalStraightThrough
from pyro.distributions.pareto import Pareto
from pyro.distributions.poisson import Poisson
from pyro.distributions.relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from pyro.distributions.student_t import StudentT
from pyro.distributions.torch_distribution import Independent
from pyro.distributions.transformed_distribution import TransformedDistribution
from pyro.distributions.uniform import Uniform
from pyro.distributions.von_mises import VonMises
from pyro.distributions.weibull import Weibull
from pyro.distributions.wishart import Wishart

__all__ = ["Bernoulli", "Beta", "Binomial", "Categorical", "Cauchy", "Chi2", "ContinuousBernoulli",
           "Dirichlet", "Exponential", "ExponentialFamily", "FisherSnedecor", "Gamma", "GeneralizedPareto",
           "Geometric", "Gumbel", "HalfCauchy", "HalfNormal", "Independent", "InverseGamma", "Kumaraswamy",
           "LKJCholesky", "Laplace", "LogNormal", "LogisticNormal", "LowRankMultivariateNormal",
           "MixtureSameFamily", "Multinomial", "MultivariateNormal", "NegativeBinomial", "Normal",
           "OneHotCategorical", "OneHotCategoricalStraightThrough", "Pareto", "Poisson", "RelaxedBernoulli",
           "RelaxedOneHotCategorical", "StudentT", "TransformedDistribution", "Uniform", "VonMises",
           "Weibull", "Wishart"]
