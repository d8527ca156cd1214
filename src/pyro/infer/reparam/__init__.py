"""Reparametrisers, for :func:`pyro.poutine.reparam`: other variables for the same distributions."""

from pyro.infer.reparam.circular import CircularReparam
from pyro.infer.reparam.conjugate import ConjugateReparam
from pyro.infer.reparam.discrete_cosine import DiscreteCosineReparam
from pyro.infer.reparam.explicit import ExplicitReparam
from pyro.infer.reparam.haar import HaarReparam
from pyro.infer.reparam.hmm import LinearHMMReparam
from pyro.infer.reparam.loc_scale import LocScaleReparam
from pyro.infer.reparam.neutra import NeuTraReparam
from pyro.infer.reparam.projected_normal import ProjectedNormalReparam
from pyro.infer.reparam.softmax import GumbelSoftmaxReparam
from pyro.infer.reparam.split import SplitReparam
from pyro.infer.reparam.stable import LatentStableReparam, StableReparam, SymmetricStableReparam
from pyro.infer.reparam.strategies import AutoReparam, MinimalReparam
from pyro.infer.reparam.structured import StructuredReparam
from pyro.infer.reparam.studentt import StudentTReparam
from pyro.infer.reparam.transform import TransformReparam
from pyro.infer.reparam.unit_jacobian import UnitJacobianReparam

__all__ = ["AutoReparam", "CircularReparam", "ConjugateReparam", "DiscreteCosineReparam", "ExplicitReparam",
           "GumbelSoftmaxReparam", "HaarReparam", "LatentStableReparam", "LinearHMMReparam", "LocScaleReparam",
           "MinimalReparam", "NeuTraReparam", "ProjectedNormalReparam", "SplitReparam", "StableReparam",
           "StructuredReparam", "StudentTReparam", "SymmetricStableReparam", "TransformReparam", "UnitJacobianReparam"]
