"""Automatic guides: approximations of a model's posterior that are built from the model itself."""

from pyro.infer.autoguide.batched import AutoBatchedLowRankMultivariateNormal, AutoBatchedMultivariateNormal
from pyro.infer.autoguide.bnaf_normal import AutoBNAFNormal
from pyro.infer.autoguide.callable import AutoCallable
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.dais import AutoDAIS, AutoSurrogateLikelihoodDAIS
from pyro.infer.autoguide.delta import AutoDelta
from pyro.infer.autoguide.diagonal_normal import AutoDiagonalNormal
from pyro.infer.autoguide.discrete_parallel import AutoDiscreteParallel
from pyro.infer.autoguide.effect import (
    AutoHierarchicalNormalMessenger,
    AutoMessenger,
    AutoNormalMessenger,
    AutoRegressiveMessenger,
)
from pyro.infer.autoguide.gaussian import AutoGaussian
from pyro.infer.autoguide.guide import AutoGuide
from pyro.infer.autoguide.guide_list import AutoGuideList
from pyro.infer.autoguide.iaf_normal import AutoIAFNormal
from pyro.infer.autoguide.initialization import (
    InitMessenger,
    init_to_feasible,
    init_to_generated,
    init_to_mean,
    init_to_median,
    init_to_sample,
    init_to_uniform,
    init_to_value,
)
from pyro.infer.autoguide.laplace import AutoLaplaceApproximation
from pyro.infer.autoguide.low_rank_multivariate_normal import AutoLowRankMultivariateNormal
from pyro.infer.autoguide.multivariate_normal import AutoMultivariateNormal
from pyro.infer.autoguide.normal import AutoNormal
from pyro.infer.autoguide.normalizing_flow import AutoNormalizingFlow
from pyro.infer.autoguide.pathfinder import init_to_pathfinder
from pyro.infer.autoguide.semi_dais import AutoSemiDAIS
from pyro.infer.autoguide.structured import AutoStructured
from pyro.infer.autoguide.utils import mean_field_entropy

__all__ = ["AutoBNAFNormal", "AutoBatchedLowRankMultivariateNormal", "AutoBatchedMultivariateNormal", "AutoCallable",
           "AutoContinuous", "AutoDAIS", "AutoDelta", "AutoDiagonalNormal", "AutoDiscreteParallel", "AutoGaussian",
           "AutoGuide", "AutoGuideList", "AutoHierarchicalNormalMessenger", "AutoIAFNormal", "AutoLaplaceApproximation",
           "AutoLowRankMultivariateNormal", "AutoMessenger", "AutoMultivariateNormal", "AutoNormal",
           "AutoNormalMessenger", "AutoNormalizingFlow", "AutoRegressiveMessenger", "AutoSemiDAIS", "AutoStructured",
           "AutoSurrogateLikelihoodDAIS", "InitMessenger", "init_to_feasible", "init_to_generated", "init_to_mean",
           "init_to_median",
           "init_to_pathfinder", "init_to_sample", "init_to_uniform", "init_to_value", "mean_field_entropy"]
