"""The transform that changes nothing."""

from torch.distributions.transforms import ComposeTransform

__all__ = ["IdentityTransform"]


class IdentityTransform(ComposeTransform):
    """Maps every value to itself.

    Args:
        cache_size: how many results to keep, 0 or 1.

    Example:
        >>> IdentityTransform()(2.5)
        2.5
    """

    def __init__(self, cache_size: int = 0) -> None:
        super().__init__([], cache_size=cache_size)
