"""Base of univariate families whose parameters broadcast together and are given in a fixed order.

Contract: a subclass names its parameters in ``arg_constraints`` in the order of its ``__init__`` and hands them on in
that order; each becomes an attribute of the batch shape.
"""

from typing import Any

from torch import Tensor

from pyro.distributions.parametric import Parametric

__all__ = ["Elementwise"]


class Elementwise(Parametric):
    """Univariate family whose parameters all have the batch shape.

    Args:
        *parameters: numbers or tensors that broadcast together, in the order of ``arg_constraints``.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
    """

    def __init__(self, *parameters: Tensor | float, validate_args: bool | None = None) -> None:
        known: Any = self.arg_constraints  # a property, to mypy
        super().__init__(validate_args=validate_args, **dict(zip(known, parameters, strict=True)))
