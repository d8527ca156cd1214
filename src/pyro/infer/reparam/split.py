"""A vector in pieces, each a site of its own."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import constraints
from torch.distributions.constraints import Constraint

from pyro.distributions.delta import Delta
from pyro.distributions.improper_uniform import ImproperUniform
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult, forced_sample

__all__ = ["SplitReparam", "default_support", "real_support", "same_support"]


def same_support(fn: Any, *args: Any) -> Constraint:
    """The support of a piece: that of the whole.

    Args:
        fn: the whole's distribution.
        *args: not used.
    """
    support: Constraint = fn.support
    return support


def real_support(fn: Any, *args: Any) -> Constraint:
    """The support of a piece: all real numbers.

    Args:
        fn: the whole's distribution.
        *args: not used.
    """
    return constraints.independent(constraints.real, fn.event_dim)


def default_support(fn: Any, slice: slice, dim: int) -> Constraint:
    """The support of a piece: that of the whole, with bounds of its own where each element has its own.

    Args:
        fn: the whole's distribution.
        slice: the piece's elements.
        dim: along which dim.

    Raises:
        ValueError: if the whole's elements constrain each other, so that its pieces have no support.
    """
    support = fn.support
    elementwise = support
    while isinstance(elementwise, constraints.independent):
        elementwise = elementwise.base_constraint
    if elementwise.event_dim:
        raise ValueError(f"SplitReparam: the support {support} of {type(fn).__name__} constrains elements together; "
                         "pieces of it have no support of their own. Pass support_fn=.")
    bounds = {key: bound for key, bound in vars(elementwise).items()
              if isinstance(bound, Tensor) and bound.dim() >= -dim and bound.size(dim) > 1}
    if not bounds:
        return same_support(fn)
    cut = copy.copy(elementwise)
    index = (..., slice) + (_ALL,) * (-1 - dim)
    for key, bound in bounds.items():
        setattr(cut, key, bound[index])
    return constraints.independent(cut, fn.event_dim)


_ALL = slice(None)


class SplitReparam(Reparam):
    """Splits a vector into sites ``<name>_split_0``, ``<name>_split_1``, ... without densities of their own.

    The site's own density stays with the whole. Guides, and other handlers, can then treat the pieces differently.

    Args:
        sections: how large the pieces are.
        dim: along which of the event's dims to split, counted from the right.
        support_fn: says the support of a piece, as a function of the whole's distribution, the piece's ``slice`` and
            ``dim``.

    Raises:
        AssertionError: if the arguments have other types, or the dim is not negative.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.Normal(torch.zeros(5), 1.0).to_event(1))
        >>> config = {"x": SplitReparam([2, 3], dim=-1)}
        >>> pyro.poutine.trace(pyro.poutine.reparam(model, config=config)).get_trace().stochastic_nodes
        ['x_split_0', 'x_split_1']
    """

    def __init__(
        self, sections: Sequence[int], dim: int, support_fn: Callable[..., Constraint] = default_support
    ) -> None:
        if not isinstance(dim, int) or dim >= 0:
            raise AssertionError(f"SplitReparam: expected a negative integer as dim, got {dim!r}.")
        if not isinstance(sections, Sequence) or not all(isinstance(size, int) for size in sections):
            raise AssertionError(f"SplitReparam: expected sections to be a list of sizes, got {sections!r}.")
        self.event_dim = -dim
        self.sections = sections
        self.support_fn = support_fn

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds a site for each piece; see :meth:`Reparam.apply`.

        Raises:
            AssertionError: if the event has fewer dims, or another size than the sections together.
        """
        name, fn, value, is_observed = msg["name"], msg["fn"], msg["value"], bool(msg["is_observed"])
        dim, total = -self.event_dim, sum(self.sections)
        if fn.event_dim < self.event_dim or fn.event_shape[dim] != total:
            raise AssertionError(f"Site '{name}': SplitReparam with dim={dim} and sections {list(self.sections)} "
                                 f"expects size {total} at that dim of the event, got event_shape "
                                 f"{tuple(fn.event_shape)}. Use to_event().")
        if value is None:
            # the pieces have no density to be drawn from: a draw of the whole is where they begin
            value = fn.rsample() if fn.has_rsample else fn.sample()
        pieces, start = [], 0
        for i, part in enumerate(value.split(list(self.sections), dim)):
            support = self.support_fn(fn, slice(start, start + part.size(dim)), dim)
            start += part.size(dim)
            prior = ImproperUniform(support, fn.batch_shape, part.shape[part.dim() - fn.event_dim:])
            pieces.append(forced_sample(f"{name}_split_{i}", prior, part, is_observed))
        value = torch.cat(pieces, dim)
        return {"fn": Delta(value, log_density=fn.log_prob(value), event_dim=fn.event_dim), "value": value,
                "is_observed": True}
