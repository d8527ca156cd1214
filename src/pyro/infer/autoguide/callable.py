"""Functions as parts of a guide."""

from collections.abc import Callable
from typing import Any

from pyro.infer.autoguide.guide import AutoGuide, Values

__all__ = ["AutoCallable"]


def _nothing(*args: Any, **kwargs: Any) -> Values:
    return {}


class AutoCallable(AutoGuide):
    """A guide from a function, mostly as one part of an :class:`AutoGuideList`, which makes one where it is given none.

    Args:
        model: the model, or the part of it that the function is a guide for.
        guide: the function; takes the model's arguments, and returns values by site name or ``None``.
        median: a function of the model's arguments that returns the medians by site name.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def guide():
        ...     return {"x": pyro.sample("x", dist.Delta(torch.tensor(2.0)))}
        >>> AutoCallable(lambda: pyro.sample("x", dist.Normal(0.0, 1.0)), guide)()
        {'x': tensor(2.)}
    """

    def __init__(self, model: Any, guide: Any, median: Callable[..., Values] = _nothing) -> None:
        super().__init__(model)
        self._guide = guide
        self._median = median

    def _set_up_for_state(self) -> bool:
        # whatever state there is, is the function's own
        return True

    def forward(self, *args: Any, **kwargs: Any) -> Values:
        """Calls the function.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            What it returns, or nothing.
        """
        values = self._guide(*args, **kwargs)
        return {} if values is None else values

    def median(self, *args: Any, **kwargs: Any) -> Values:
        """Calls the function for medians.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            What it returns.
        """
        return self._median(*args, **kwargs)
