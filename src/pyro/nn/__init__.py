"""Neural networks whose parameters a probabilistic program can learn or give priors to."""

from pyro.nn.auto_reg_nn import AutoRegressiveNN, ConditionalAutoRegressiveNN, MaskedLinear
from pyro.nn.dense_nn import ConditionalDenseNN, DenseNN
from pyro.nn.module import PyroModule, PyroModuleList, PyroParam, PyroSample, pyro_method

__all__ = ["AutoRegressiveNN", "ConditionalAutoRegressiveNN", "ConditionalDenseNN", "DenseNN", "MaskedLinear",
           "PyroModule", "PyroModuleList", "PyroParam", "PyroSample", "pyro_method"]
