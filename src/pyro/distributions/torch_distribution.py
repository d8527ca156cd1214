"""Distributions over torch tensors: the methods that Pyro adds, and wrappers of other distributions.

A draw has shape ``sample_shape + batch_shape + event_shape``: event dimensions are scored together, batch dimensions
hold independent distributions, sample dimensions hold independent draws of them all. ``log_prob`` sums over the event
only. Wrappers change where these parts meet (:class:`Independent`), how large the batch is
(:class:`ExpandedDistribution`) or which of its elements count (:class:`MaskedDistribution`).
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions import constraints

from pyro.distributions.batching import draw_expanded
from pyro.distributions.distribution import Distribution
from pyro.distributions.feasible import point_of_support
from pyro.distributions.score_parts import ScoreParts
from pyro.distributions.shaped import Shaped
from pyro.distributions.util import broadcast_shape, scale_and_mask, sum_rightmost
from pyro.distributions.validated import Validated, with_checks

__all__ = ["ExpandedDistribution", "Independent", "MaskedDistribution", "TorchDistribution",
           "TorchDistributionMixin"]


class TorchDistributionMixin(Shaped):
    """The methods that Pyro adds to a distribution with torch's interface.

    It stands after a subclass of :class:`torch.distributions.Distribution` among the bases of a class.

    Example:
        >>> class Normal(torch.distributions.Normal, TorchDistributionMixin):
        ...     pass
        >>> Normal(torch.zeros(2, 3), 1.0).to_event(1).batch_shape
        torch.Size([2])
    """

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Expands the batch, with independent draws for the new elements.

        Args:
            batch_shape: new batch shape, to which the present one broadcasts.

        Returns:
            The expanded distribution.
        """
        return ExpandedDistribution(self, batch_shape)

    def expand_by(self, sample_shape: Sequence[int]) -> Any:
        """Expands the batch by dimensions on the left.

        Args:
            sample_shape: the sizes of the new dimensions.

        Returns:
            A distribution with batch shape ``sample_shape + batch_shape``.
        """
        return self.expand(Size(sample_shape) + self.batch_shape)

    def reshape(self, sample_shape: Sequence[int] | None = None, extra_event_dims: int | None = None) -> Any:
        """Removed; use :meth:`expand_by` and :meth:`to_event`."""
        raise Exception(f"{type(self).__name__}.reshape(sample_shape=s, extra_event_dims=n) has been removed. Use "
                        ".expand_by(s).to_event(n).")

    def to_event(self, reinterpreted_batch_ndims: int | None = None) -> Any:
        """Makes the rightmost batch dimensions part of the event.

        Args:
            reinterpreted_batch_ndims: how many; ``None`` means all. A negative number gives dimensions back that an
                earlier call had made part of the event.

        Returns:
            The reinterpreted distribution.

        Raises:
            ValueError: if there are not as many dimensions.
        """
        if reinterpreted_batch_ndims is None:
            reinterpreted_batch_ndims = len(self.batch_shape)
        base: Any = self
        count = reinterpreted_batch_ndims
        if isinstance(self, torch.distributions.Independent):
            base, count = self.base_dist, count + self.reinterpreted_batch_ndims
        if count < 0:
            raise ValueError(f"Cannot remove event dimensions from {type(self).__name__}: to_event("
                             f"{reinterpreted_batch_ndims}) asks for more than earlier calls of to_event added.")
        if reinterpreted_batch_ndims == 0:
            return self
        if count > len(base.batch_shape):
            raise ValueError(f"Expected reinterpreted_batch_ndims <= {len(self.batch_shape)}, the number of batch "
                             f"dimensions of {type(self).__name__} with batch_shape {tuple(self.batch_shape)}, got "
                             f"{reinterpreted_batch_ndims}.")
        return Independent(base, count) if count else base

    def independent(self, reinterpreted_batch_ndims: int | None = None) -> Any:
        """Deprecated; use :meth:`to_event`."""
        warnings.warn("independent is deprecated; use to_event instead.", DeprecationWarning, stacklevel=2)
        return self.to_event(reinterpreted_batch_ndims)

    def mask(self, mask: Tensor | bool) -> "MaskedDistribution":
        """Lets only some batch elements count.

        Args:
            mask: boolean, broadcastable with the batch shape; where false, the log density is zero.

        Returns:
            The masked distribution.
        """
        return MaskedDistribution(self, mask)


class TorchDistribution(Validated, torch.distributions.Distribution, TorchDistributionMixin):
    """Base class of distributions over tensors, for Pyro's own families and for yours.

    A subclass defines ``arg_constraints``, ``support``, ``log_prob`` and ``sample`` or ``rsample`` (then with
    ``has_rsample = True``), stores its parameters and then calls this ``__init__``.

    Args:
        batch_shape: shape of independent distributions.
        event_shape: shape of a single draw.
        validate_args: whether to check parameters and values; ``None`` means the process-wide flag.

    Example:
        >>> class Coin(TorchDistribution):
        ...     arg_constraints = {"probs": constraints.unit_interval}
        ...     support = constraints.boolean
        ...     def __init__(self, probs, validate_args=None):
        ...         self.probs = probs
        ...         super().__init__(probs.shape, validate_args=validate_args)
        ...     def sample(self, sample_shape=()):
        ...         return torch.bernoulli(self.probs.expand(self.shape(sample_shape)))
        ...     def log_prob(self, value):
        ...         return torch.where(value.bool(), self.probs, 1 - self.probs).log()
        >>> Coin(torch.full((2,), 0.5)).expand([3, 2])
        ExpandedDistribution(Coin(probs: torch.Size([2])), batch_shape: (3, 2))
    """

    def __init__(self, batch_shape: Size = Size(), event_shape: Size = Size(), validate_args: bool | None = None):
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        """Expands the batch; overridden where the parameters can be expanded instead.

        Args:
            batch_shape: new batch shape.

        Returns:
            The expanded distribution.
        """
        return ExpandedDistribution(self, batch_shape)


class Independent(  # type: ignore[override]  # torch computes from the base what is a plain attribute elsewhere
    Validated, torch.distributions.Independent[Any], TorchDistributionMixin
):
    r"""A distribution with its rightmost batch dimensions made part of the event.

    .. math::
        \log p(x) = \sum_i \log p_i(x_i), \quad i \text{ over the reinterpreted dimensions}

    Args:
        base_distribution: any distribution with torch's interface.
        reinterpreted_batch_ndims: how many dimensions to reinterpret.
        validate_args: whether to check values; ``None`` leaves it to the base, a boolean is set for the base too.

    Shape:
        ``batch_shape`` loses its last ``reinterpreted_batch_ndims`` dimensions to the left of ``event_shape``.

    Example:
        >>> Independent(torch.distributions.Normal(torch.zeros(2, 3), 1.0), 1).log_prob(torch.zeros(2, 3))
        tensor([-2.7568, -2.7568])
    """

    def __init__(
        self,
        base_distribution: torch.distributions.Distribution,
        reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ):
        super().__init__(base_distribution, reinterpreted_batch_ndims, validate_args=validate_args)
        if validate_args is not None:
            self.base_dist = with_checks(self.base_dist, validate_args)

    def conjugate_update(self, other: Distribution) -> tuple[Distribution, Tensor]:
        """Updates the base by the other's base; see :meth:`Distribution.conjugate_update`."""
        count = self.reinterpreted_batch_ndims
        updated, log_normalizer = self.base_dist.conjugate_update(_as_torch(other).to_event(-count))
        return updated.to_event(count), sum_rightmost(log_normalizer, count)


def _as_torch(other: Distribution) -> TorchDistributionMixin:
    if not isinstance(other, TorchDistributionMixin):
        raise TypeError(f"conjugate_update: expected a distribution over tensors, got a {type(other).__name__}.")
    return other


class _Wrapper(TorchDistribution):
    """What the wrappers of one base distribution share."""

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, base_dist: Any, batch_shape: Size):
        self.base_dist = base_dist
        self.has_rsample = base_dist.has_rsample
        self.has_enumerate_support = base_dist.has_enumerate_support
        super().__init__(batch_shape, base_dist.event_shape, validate_args=False)

    @constraints.dependent_property
    def support(self) -> Any:
        """The base's support."""
        return self.base_dist.support

    def _broadcast(self, value: Tensor) -> Size:
        """The shape of the log density of a value."""
        return Size(broadcast_shape(tuple(self.batch_shape), tuple(value.shape[: value.dim() - self.event_dim])))

    @property
    def mean(self) -> Tensor:
        """The base's mean."""
        mean: Tensor = self.base_dist.mean
        return mean.expand(self.shape())

    @property
    def variance(self) -> Tensor:
        """The base's variance."""
        variance: Tensor = self.base_dist.variance
        return variance.expand(self.shape())


class ExpandedDistribution(_Wrapper):
    """A distribution expanded to a larger batch, for bases whose parameters cannot be expanded.

    Draws of the new batch elements are independent.

    Args:
        base_dist: a distribution.
        batch_shape: new batch shape, to which that of ``base_dist`` broadcasts.

    Raises:
        ValueError: if it does not broadcast.
    """

    def __init__(self, base_dist: Any, batch_shape: Sequence[int] = Size()):
        batch_shape = Size(batch_shape)
        _check_expandable(base_dist, base_dist.batch_shape, batch_shape)
        super().__init__(base_dist, batch_shape)

    def __repr__(self) -> str:
        return f"ExpandedDistribution({self.base_dist}, batch_shape: {tuple(self.batch_shape)})"

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "ExpandedDistribution":
        """Expands further, without another wrapper."""
        _check_expandable(self.base_dist, self.batch_shape, Size(batch_shape))
        return ExpandedDistribution(self.base_dist, batch_shape)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a value without gradients."""
        return self._draw(self.base_dist.sample, sample_shape)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a value with gradients."""
        return self._draw(self.base_dist.rsample, sample_shape)

    def _draw(self, draw: Callable[[Size], Tensor], sample_shape: Sequence[int]) -> Tensor:
        return draw_expanded(draw, self.base_dist.batch_shape, Size(sample_shape), self.batch_shape, self.event_dim)

    def log_prob(self, value: Tensor) -> Tensor:
        """The base's log density, of the expanded shape."""
        log_prob: Tensor = self.base_dist.log_prob(value)
        return log_prob.expand(self._broadcast(value))

    def score_parts(self, x: Tensor, *args: Any, **kwargs: Any) -> ScoreParts:
        """The base's parts, of the expanded shape."""
        parts = self.base_dist.score_parts(x, *args, **kwargs)
        shape = self._broadcast(x)
        return ScoreParts(*(part.expand(shape) if isinstance(part, Tensor) else part for part in parts))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Lists the base's support over the expanded batch."""
        values: Tensor = self.base_dist.enumerate_support(expand=False)
        values = values.reshape(values.shape[:1] + (1,) * len(self.batch_shape) + self.event_shape)
        return values.expand(values.shape[:1] + self.shape()) if expand else values

    def conjugate_update(self, other: Distribution) -> tuple[Distribution, Tensor]:
        """Updates the base; see :meth:`Distribution.conjugate_update`."""
        updated, log_normalizer = self.base_dist.conjugate_update(other)
        batch_shape = broadcast_shape(tuple(self.batch_shape), tuple(updated.batch_shape))
        return updated.expand(batch_shape), log_normalizer.expand(batch_shape)

    def entropy(self) -> Tensor:
        """The base's entropy, expanded."""
        entropy: Tensor = self.base_dist.entropy()
        return entropy.expand(self.batch_shape)


def _check_expandable(base_dist: Any, old: Size, new: Size) -> None:
    sizes = zip(reversed(old), reversed(new), strict=False)
    if len(old) > len(new) or any(size not in (1, larger) for size, larger in sizes):
        raise ValueError(f"Cannot broadcast distribution of shape {tuple(old)} to shape {tuple(new)}: expand of a "
                         f"{type(base_dist).__name__} keeps every size but 1 and adds dimensions on the left only.")


class MaskedDistribution(_Wrapper):
    """A distribution of which only some batch elements count; the log density of the others is zero.

    Where the mask is false, a point of the support takes the value's place *before* it is scored. So whatever the
    value is there, NaN included, its gradient is zero, and so are the parameters' gradients, provided that the
    parameters are valid there. Where no such point is known, the value is scored as it is and the result masked.

    Args:
        base_dist: a distribution.
        mask: boolean, or a boolean tensor that broadcasts with the batch shape.

    Raises:
        ValueError: if the mask does not broadcast.
    """

    def __init__(self, base_dist: Any, mask: Tensor | bool):
        self._mask = mask
        if isinstance(mask, Tensor):
            try:
                batch_shape = Size(broadcast_shape(tuple(mask.shape), tuple(base_dist.batch_shape)))
            except ValueError:
                raise ValueError(f"The mask has shape {tuple(mask.shape)}, expected one that broadcasts with "
                                 f"batch_shape {tuple(base_dist.batch_shape)} of {type(base_dist).__name__}. Reshape "
                                 "the mask or expand the distribution.") from None
            if base_dist.batch_shape != batch_shape:
                base_dist = base_dist.expand(batch_shape)
            self._mask = mask.bool().expand(batch_shape)
        elif not isinstance(mask, bool):
            raise TypeError(f"The mask of {type(base_dist).__name__} is a {type(mask).__name__}, expected a bool or a "
                            "boolean tensor.")
        super().__init__(base_dist, base_dist.batch_shape)

    def __repr__(self) -> str:
        mask = tuple(self._mask.shape) if isinstance(self._mask, Tensor) else self._mask
        return f"MaskedDistribution({self.base_dist}, mask: {mask})"

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "MaskedDistribution":
        """Expands the base and the mask."""
        batch_shape = Size(batch_shape)
        mask = self._mask.expand(batch_shape) if isinstance(self._mask, Tensor) else self._mask
        return MaskedDistribution(self.base_dist.expand(batch_shape), mask)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from the base without gradients, whatever the mask."""
        return self.base_dist.sample(sample_shape)  # type: ignore[no-any-return]

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from the base with gradients, whatever the mask."""
        return self.base_dist.rsample(sample_shape)  # type: ignore[no-any-return]

    def substitute(self, value: Tensor) -> Tensor:
        """Puts a point of the support in the place of values that do not count.

        Args:
            value: values, of a shape that broadcasts with batch_shape + event_shape.

        Returns:
            Values whose scores have finite gradients, wherever the mask is.
        """
        if not isinstance(self._mask, Tensor):
            return value
        point = point_of_support(self.base_dist, value)
        if point is None:
            return value
        return torch.where(self._mask.reshape(self._mask.shape + (1,) * self.event_dim), value, point)

    def log_prob(self, value: Tensor) -> Tensor:
        """The base's log density where the mask is true, zero elsewhere."""
        if self._mask is False:
            dtype = value.dtype if value.is_floating_point() else torch.get_default_dtype()
            return value.new_zeros(self._broadcast(value), dtype=dtype)
        log_prob: Tensor = self.base_dist.log_prob(self.substitute(value))
        return scale_and_mask(log_prob, mask=self._mask)

    def score_parts(self, x: Tensor, *args: Any, **kwargs: Any) -> ScoreParts:
        """The base's parts, with log density and entropy term zero where the mask is false.

        The score function is that of the value itself, everywhere: it multiplies costs, which are masked themselves.
        """
        if self._mask is False and self.has_rsample:
            return super().score_parts(x)
        parts: ScoreParts = self.base_dist.score_parts(self.substitute(x) if self.has_rsample else x, *args, **kwargs)
        return parts.scale_and_mask(mask=self._mask)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Lists the base's support."""
        return self.base_dist.enumerate_support(expand=expand)  # type: ignore[no-any-return]

    def conjugate_update(self, other: Distribution) -> tuple[Distribution, Tensor]:
        """Updates the base; the log normalizer is masked. See :meth:`Distribution.conjugate_update`."""
        updated, log_normalizer = self.base_dist.conjugate_update(other)
        return updated.mask(self._mask), scale_and_mask(log_normalizer, mask=self._mask)
