"""The interface of reparametrisers: what stands behind ``poutine.reparam``.

A reparametriser takes a sample site and returns what remains of it, after it has made sites of its own. The site's
value keeps its distribution: what changes is which variables inference sees. The joint density stays a density of all
variables that are drawn; where a site was observed, it stays the density of the data.

Reference: M. I. Gorinova, D. Moore and M. D. Hoffman (2019), *Automatic reparameterisation of probabilistic programs*.
"""

import warnings
from collections.abc import Callable
from typing import Any, TypedDict, cast

from torch import Tensor

from pyro.distributions.torch_distribution import Independent, MaskedDistribution
from pyro.distributions.transformed_distribution import TransformedDistribution
from pyro.distributions.util import sum_rightmost
from pyro.primitives import sample

__all__ = ["Reparam", "ReparamMessage", "ReparamResult", "forced_sample", "summed_log_det", "transformed",
           "unwrapped"]


class ReparamMessage(TypedDict):
    """What a reparametriser sees of a site.

    Attributes:
        name: the site's name.
        fn: its distribution.
        value: data, or a value to begin with, or ``None``.
        is_observed: whether ``value`` is data.
    """

    name: str
    fn: Any
    value: Tensor | None
    is_observed: bool | None


class ReparamResult(TypedDict):
    """What remains of a site.

    Attributes:
        fn: its distribution; ``None`` for a computed value, without a density of its own.
        value: the value; ``None`` if it is still to be drawn.
        is_observed: whether nothing is to be drawn any more.
    """

    fn: Any
    value: Tensor | None
    is_observed: bool


class Reparam:
    """Base class of reparametrisers; a subclass defines :meth:`apply`.

    Attributes:
        args_kwargs: the model's arguments, while :meth:`apply` runs, as a pair; ``None`` where they are not known.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> class Shift(Reparam):
        ...     def apply(self, msg):
        ...         z = pyro.sample(msg["name"] + "_z", dist.Normal(0.0, msg["fn"].scale))
        ...         return {"fn": None, "value": msg["fn"].loc + z, "is_observed": True}
        >>> model = pyro.poutine.reparam(lambda: pyro.sample("x", dist.Normal(3.0, 1.0)), config={"x": Shift()})
        >>> pyro.poutine.trace(model).get_trace().stochastic_nodes
        ['x_z']
    """

    args_kwargs: tuple[tuple[Any, ...], dict[str, Any]] | None = None

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Makes auxiliary sites and says what remains of a site.

        Args:
            msg: the site; a value that is not observed is one to begin with: auxiliary sites get the values that lead
                to it.

        Returns:
            What remains.

        Raises:
            NotImplementedError: if the site is observed and the reparametriser is for latent sites only; also if
                there are no values of auxiliary sites that lead to a given value.
        """
        if type(self).__call__ is Reparam.__call__:
            raise NotImplementedError(f"{type(self).__name__} must define apply(msg).")
        warnings.warn(f"{type(self).__name__} defines Reparam.__call__(name, fn, obs), which is deprecated in favor of "
                      ".apply(msg): define that.", DeprecationWarning, stacklevel=2)
        fn, value = cast(tuple[Any, Any], self(msg["name"], msg["fn"], msg["value"]))
        return {"fn": fn, "value": value, "is_observed": bool(msg["is_observed"]) or fn is None}

    def __call__(self, name: str, fn: Any, obs: Tensor | None) -> tuple[Any, Tensor | None]:
        """Deprecated form of :meth:`apply`, as a function of a site's parts.

        Args:
            name: the site's name.
            fn: its distribution.
            obs: data, or ``None``.

        Returns:
            What remains: distribution and value.
        """
        warnings.warn(f"{type(self).__name__}: Reparam.__call__() is deprecated in favor of .apply().",
                      DeprecationWarning, stacklevel=2)
        result = self.apply({"name": name, "fn": fn, "value": obs, "is_observed": obs is not None})
        return result["fn"], result["value"]

    def _unwrap(self, fn: Any) -> tuple[Any, int]:
        """The distribution inside of ``to_event``, and how many event dims the whole has."""
        event_dim: int = fn.event_dim
        while isinstance(fn, Independent):
            fn = fn.base_dist
        return fn, event_dim

    def _wrap(self, fn: Any, event_dim: int) -> Any:
        """Makes rightmost batch dims part of the event, or gives them back, until there are so many."""
        return fn.to_event(event_dim - fn.event_dim)

    def _refuse_observed(self, msg: ReparamMessage, remedy: str) -> None:
        if msg["is_observed"]:
            name = type(self).__name__
            raise NotImplementedError(f"Site '{msg['name']}': {name} does not support observe statements. {remedy}")


def unwrapped(fn: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Takes ``to_event`` and ``mask`` off a distribution.

    Args:
        fn: a distribution.

    Returns:
        What is inside of them, and a function that puts them around another distribution of the same batch shape.
    """
    if isinstance(fn, Independent):
        base, rewrap = unwrapped(fn.base_dist)
        return base, lambda new: rewrap(new).to_event(fn.reinterpreted_batch_ndims)
    if isinstance(fn, MaskedDistribution):
        base, rewrap = unwrapped(fn.base_dist)
        return base, lambda new: rewrap(new).mask(fn._mask)
    return fn, lambda new: new


def transformed(fn: Any, transform: Any) -> Any:
    """The distribution of what a transform makes of draws; a mask covers the transform's density too.

    Args:
        fn: the distribution of draws.
        transform: the transform.
    """
    if isinstance(fn, MaskedDistribution):
        return TransformedDistribution(fn.base_dist, [transform]).mask(fn._mask)
    return TransformedDistribution(fn, [transform])


def summed_log_det(transform: Any, x: Tensor, y: Tensor, event_dim: int) -> Tensor:
    """The log of the volume by which a transform stretches, for each batch element.

    Args:
        transform: the transform.
        x: its argument.
        y: its value.
        event_dim: how many of the rightmost dims of ``y`` are the event's.
    """
    log_det: Tensor = transform.log_abs_det_jacobian(x, y)
    return sum_rightmost(log_det, event_dim - transform.codomain.event_dim)


def forced_sample(name: str, fn: Any, value: Tensor | None, is_observed: bool | None) -> Tensor:
    """An auxiliary site that is observed as the site is, or begins at a value, or is drawn.

    Args:
        name: the auxiliary site's name.
        fn: its distribution.
        value: its value, or ``None``.
        is_observed: whether that is data.
    """
    return cast(Tensor, sample(name, fn, obs=value, infer={"is_observed": bool(is_observed)}))
