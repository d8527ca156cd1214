"""Families whose parameters are the weights of an inner categorical distribution."""

import torch
from torch import Size, Tensor

from pyro.distributions.categorical import Categorical
from pyro.distributions.validated import Validated

__all__ = ["Weighted"]


class Weighted(Validated):
    """Construction, checks and shapes of such a family; stands before ``Validated`` among its bases.

    Torch's constructors build the categorical with checks of its own, which speak of another family than the user's,
    and check both parametrizations, for which they compute the one that was not given.

    Args:
        probs: nonnegative weights over the last dimension; give this or ``logits``, not both.
        logits: unnormalised log weights over the last dimension.
    """

    _categorical: torch.distributions.Categorical

    def _construct(self, probs: Tensor | None, logits: Tensor | None) -> None:
        self._categorical = Categorical(probs, logits, validate_args=False)
        torch.distributions.Distribution.__init__(
            self, self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args=False
        )

    def _validate_parameters(self) -> None:
        for name in self.arg_constraints.keys() & self._categorical.__dict__.keys():
            self._check_parameter(name, self.arg_constraints[name], getattr(self._categorical, name))

    @staticmethod
    def infer_shapes(
        probs: tuple[int, ...] | None = None, logits: tuple[int, ...] | None = None
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            probs: shape of ``probs``.
            logits: shape of ``logits``.

        Returns:
            batch_shape and event_shape.
        """
        weights = probs or logits or ()
        return Size(weights[:-1]), Size(weights[-1:])
