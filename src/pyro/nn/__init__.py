"""Neural networks whose parameters a probabilistic program can learn or give priors to."""

from pyro.nn.auto_reg_nn import AutoRegressiveNN, ConditionalAutoRegressiveNN, MaskedLinear
from pyro.nn.dense_nn import ConditionalDenseNN, DenseNN

__all__ = ["AutoRegressiveNN", "ConditionalAutoRegressiveNN", "ConditionalDenseNN", "DenseNN", "MaskedLinear"]
