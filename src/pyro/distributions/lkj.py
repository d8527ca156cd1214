"""The LKJ distribution over Cholesky factors at its old name."""

import warnings
from collections.abc import Sequence

from torch import Tensor

from pyro.distributions.lkj_cholesky import LKJCholesky

__all__ = ["LKJCorrCholesky"]


class LKJCorrCholesky(LKJCholesky):
    """Deprecated name of :class:`~pyro.distributions.lkj_cholesky.LKJCholesky`.

    Args:
        d: its ``dim``.
        eta: its ``concentration``.
        validate_args: as there.

    Example:
        >>> with warnings.catch_warnings(action="ignore"):
        ...     LKJCorrCholesky(3, 1.0).event_shape
        torch.Size([3, 3])
    """

    def __init__(self, d: int, eta: Tensor | float, validate_args: bool | None = None) -> None:
        warnings.warn("LKJCorrCholesky(d, eta) is deprecated. Use LKJCholesky(dim, concentration).", FutureWarning,
                      stacklevel=3)
        super().__init__(d, eta, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: LKJCholesky | None = None) -> LKJCholesky:
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        expanded: LKJCholesky = super().expand(batch_shape, _instance or self.__new__(type(self)))  # type: ignore[no-untyped-call]
        return expanded
