"""Fully connected networks, at the address where Pyro has them."""

from pyro.ops.dense_nn import ConditionalDenseNN, DenseNN

__all__ = ["ConditionalDenseNN", "DenseNN"]
