"""The interface of everything that can stand behind a sample statement.

A distribution is callable and draws a value; it scores values with ``log_prob``. Whatever is built on torch tensors
derives from :class:`~pyro.distributions.torch_distribution.TorchDistribution` instead, which adds shapes.

Source: the contract that inference relies on; for :meth:`Distribution.score_parts` see J. Schulman et al. (2015),
"Gradient Estimation Using Stochastic Computation Graphs".
"""

import inspect
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from typing import Any, Self

from torch import Tensor

from pyro.distributions.score_parts import ScoreParts

__all__ = ["COERCIONS", "Distribution", "DistributionMeta"]

COERCIONS: list[Callable[[type, tuple[Any, ...], dict[str, Any]], Any]] = []
"""Asked in turn, as ``coerce(cls, args, kwargs)``, before a distribution is built; the first result other than
``None`` takes the distribution's place. This lets an interpretation build objects of its own from the same models."""


class _InitSignature:
    """What ``inspect.signature`` and ``help`` show of a class: the parameters of ``__init__``.

    Without it they would show those of the metaclass's ``__call__``, which tell nothing.
    """

    def __get__(self, cls: type | None, metaclass: type) -> inspect.Signature:
        if cls is None:
            raise AttributeError("__signature__")
        init = inspect.signature(cls.__init__)  # type: ignore[misc]
        return init.replace(parameters=list(init.parameters.values())[1:])


class DistributionMeta(ABCMeta):
    """Metaclass that offers each construction to :data:`COERCIONS` first."""

    __signature__ = _InitSignature()

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Builds an instance, or whatever a coercion builds in its place."""
        for coerce in COERCIONS:
            result = coerce(cls, args, kwargs)
            if result is not None:
                return result
        return super().__call__(*args, **kwargs)


class Distribution(metaclass=DistributionMeta):
    """Base class of all distributions.

    Attributes:
        has_rsample: whether draws are differentiable in the parameters (reparameterized).
        has_enumerate_support: whether the support is finite and can be listed.
    """

    has_rsample: bool = False
    has_enumerate_support: bool = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Draws a value; the same as :meth:`sample`."""
        return self.sample(*args, **kwargs)

    @abstractmethod
    def sample(self, *args: Any, **kwargs: Any) -> Any:
        """Draws a value."""
        raise NotImplementedError

    @abstractmethod
    def log_prob(self, *args: Any, **kwargs: Any) -> Any:
        """The log density of a value, the first argument, one number for each batch element."""
        raise NotImplementedError

    def score_parts(self, x: Any, *args: Any, **kwargs: Any) -> ScoreParts:
        """Splits the log density into the terms of a gradient estimator.

        The split is right for draws that are reparameterized completely or not at all; override it for draws that are
        reparameterized in part, such as those of a rejection sampler.

        Args:
            x: a value.
            *args: passed on to :meth:`log_prob`.
            **kwargs: passed on to :meth:`log_prob`.

        Returns:
            The log density with its score function and entropy term.
        """
        log_prob = self.log_prob(x, *args, **kwargs)
        if self.has_rsample:
            return ScoreParts(log_prob, score_function=0, entropy_term=log_prob)
        return ScoreParts(log_prob, score_function=log_prob, entropy_term=0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Lists the support along a new leftmost dimension.

        Args:
            expand: whether to expand the values over the batch shape; if not, its dimensions have size one.

        Returns:
            The values.

        Raises:
            NotImplementedError: if the support is not finite.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot enumerate its support. Expected a distribution with "
                                  "finite support, for which has_enumerate_support is true.")

    def conjugate_update(self, other: "Distribution") -> "tuple[Distribution, Tensor]":
        """Fuses the information of a conjugate likelihood into this distribution.

        With ``updated, log_normalizer = p.conjugate_update(q)``, for every ``x``::

            p.log_prob(x) + q.log_prob(x) == updated.log_prob(x) + log_normalizer

        Args:
            other: a distribution over the same space, of the same family, that carries a likelihood's information.

        Returns:
            The updated distribution and the log normalizer, of the batch shape.

        Raises:
            NotImplementedError: if this family has no such update.
        """
        raise NotImplementedError(f"{type(self).__name__} does not support .conjugate_update()")

    def has_rsample_(self, value: bool) -> Self:
        """Forces draws to count as reparameterized or not, for this instance and in place.

        Args:
            value: the new ``has_rsample``.

        Returns:
            This distribution.

        Raises:
            ValueError: if the value is not a boolean.
        """
        if value not in (False, True) or not isinstance(value, bool):
            raise ValueError(f"has_rsample_ of {type(self).__name__}: expected True or False, got {value!r}.")
        self.has_rsample = value
        return self
