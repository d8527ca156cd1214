"""Old address of the automatic guides, one a file in this package."""

from pyro.infer.autoguide.callable import AutoCallable
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.delta import AutoDelta
from pyro.infer.autoguide.diagonal_normal import AutoDiagonalNormal
from pyro.infer.autoguide.discrete_parallel import AutoDiscreteParallel
from pyro.infer.autoguide.guide import AutoGuide, prototype_hide_fn
from pyro.infer.autoguide.guide_list import AutoGuideList
from pyro.infer.autoguide.iaf_normal import AutoIAFNormal
from pyro.infer.autoguide.laplace import AutoLaplaceApproximation
from pyro.infer.autoguide.low_rank_multivariate_normal import AutoLowRankMultivariateNormal
from pyro.infer.autoguide.multivariate_normal import AutoMultivariateNormal
from pyro.infer.autoguide.normal import AutoNormal
from pyro.infer.autoguide.normalizing_flow import AutoNormalizingFlow
from pyro.infer.autoguide.utils import deep_getattr, deep_setattr

__all__ = ["AutoCallable", "AutoContinuous", "AutoDelta", "AutoDiagonalNormal", "AutoDiscreteParallel", "AutoGuide",
           "AutoGuideList", "AutoIAFNormal", "AutoLaplaceApproximation", "AutoLowRankMultivariateNormal",
           "AutoMultivariateNormal", "AutoNormal", "AutoNormalizingFlow", "deep_getattr", "deep_setattr",
           "prototype_hide_fn"]
