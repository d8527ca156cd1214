"""What reparametrisers share that put a whole model into the coordinates of a guide that was fitted to it."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Self

from torch import Tensor

from pyro.distributions.delta import Delta
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult
from pyro.poutine.handlers import reparam
from pyro.poutine.runtime import Message

__all__ = ["OfGuide"]


class OfGuide(Reparam):
    """Base class of those that draw a guide's variables jointly, at the first of the sites that it knows of.

    The sites become computed values that keep the density's terms. A subclass says what the values are.

    Args:
        guide: the guide, after it was fitted.
    """

    def __init__(self, guide: Any) -> None:
        self.guide = guide

    def _sites(self) -> dict[str, Any]:
        """What the guide saw of the model when it was set up."""
        trace = self.guide.prototype_trace
        if trace is None:
            raise RuntimeError(f"{type(self).__name__}: the guide has not run yet. Fit it to the model first.")
        nodes: dict[str, Any] = trace.nodes
        return nodes

    def _reparam_config(self, site: Message) -> Self | None:
        return self if site["name"] in self._sites() else None

    def reparam(self, fn: Callable[..., Any] | None = None) -> Any:
        """Puts a model into these coordinates.

        Args:
            fn: the model; by default a decorator is returned.

        Returns:
            The model inside the handler.
        """
        return reparam(fn, config=self._reparam_config)

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """At the first site adds the guide's own; see :meth:`Reparam.apply`."""
        name, fn, value, is_observed = msg["name"], msg["fn"], msg["value"], bool(msg["is_observed"])
        site = self._sites().get(name)
        if is_observed or site is None or site["is_observed"]:
            return {"fn": fn, "value": value, "is_observed": is_observed}
        value, log_density = self._computed(name, fn)
        return {"fn": Delta(value, log_density=log_density, event_dim=fn.event_dim), "value": value,
                "is_observed": True}

    @abstractmethod
    def _computed(self, name: str, fn: Any) -> tuple[Tensor, Tensor]:
        """The value of a site, and its term of the density, with the volume by which the guide stretches."""
