"""Autoregressive networks, at the address where Pyro has them."""

from pyro.ops.auto_reg_nn import (
    AutoRegressiveNN,
    ConditionalAutoRegressiveNN,
    MaskedLinear,
    create_mask,
    sample_mask_indices,
)

__all__ = ["AutoRegressiveNN", "ConditionalAutoRegressiveNN", "MaskedLinear", "create_mask", "sample_mask_indices"]
