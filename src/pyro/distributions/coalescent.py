r"""Kingman's coalescent: the times at which the lineages of sampled individuals merge, back to their common ancestor.

Times run forward, from the root to the leaves. Going backward, each leaf adds a lineage and each coalescence joins two.
While there are k lineages, they coalesce at rate :math:`\binom{k}{2} \lambda(t)`, where :math:`\lambda` is constant or
piecewise constant on cells of length one: cell d is [d, d + 1), the first one reaches back to minus infinity and the
last one forward to infinity. So the log density of coalescences, given leaves, is linear in the rates and their logs:

.. math::
    \log p = \sum_d \left(- l_d \lambda_d + n_d \log \lambda_d + c_d\right)

with :math:`n_d` coalescences in cell d, :math:`c_d` the sum of their :math:`\log \binom{k}{2}`, and :math:`l_d` the
integral of :math:`\binom{k}{2}` over the cell.

Source: J. F. C. Kingman (1982), On the genealogy of large populations, Journal of Applied Probability 19A; A. Popinga
et al. (2015), Inferring epidemiological dynamics with Bayesian coalescent inference, Genetics 199(2).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.distributions.util import broadcast_shape
from pyro.ops.coalescence import coalescence
from pyro.ops.validation import is_validation_enabled, require, surely_all

__all__ = ["CoalescentRateLikelihood", "CoalescentTimes", "CoalescentTimesConstraint", "CoalescentTimesWithRate",
           "bio_phylo_to_times"]


class CoalescentTimesConstraint(constraints.Constraint):
    """Times of coalescences at each of which there are lineages to join.

    Args:
        leaf_times: times of the leaves, of shape (..., N).
        ordered: whether the times must be in rising order.
    """

    event_dim = 1

    def __init__(self, leaf_times: Tensor, *, ordered: bool = True) -> None:
        self.leaf_times = leaf_times
        self.ordered = ordered

    def check(self, value: Tensor) -> Tensor:
        """Whether vectors of times are possible."""
        ok = _lineages(self.leaf_times, value).can_join()
        return ok & _is_rising(value) if self.ordered else ok


def _is_rising(times: Tensor) -> Tensor:
    return (times[..., 1:] >= times[..., :-1]).all(-1)


class _Lineages(NamedTuple):
    """Numbers of lineages at the merged times of leaves and coalescences, in rising order.

    Attributes:
        times: the merged times.
        is_coalescence: whether a time is that of a coalescence.
        later: number of lineages just after each time.
    """

    times: Tensor
    is_coalescence: Tensor
    later: Tensor

    def can_join(self) -> Tensor:
        """Whether there are two lineages to join at each coalescence; not if a time is NaN."""
        return (((self.later > 1) | ~self.is_coalescence) & (self.times == self.times)).all(-1)


def _lineages(leaf_times: Tensor, coal_times: Tensor) -> _Lineages:
    if leaf_times.shape[:-1] != coal_times.shape[:-1]:
        batch_shape = broadcast_shape(tuple(leaf_times.shape[:-1]), tuple(coal_times.shape[:-1]))
        coal_times, leaf_times = coal_times.expand(batch_shape + (-1,)), leaf_times.expand(batch_shape + (-1,))
    # Sorting is stable: at equal times, leaves are the later ones, and there to be joined.
    times, order = torch.cat([coal_times, leaf_times.to(coal_times.dtype)], -1).sort(dim=-1, stable=True)
    is_coalescence = order < coal_times.shape[-1]
    # Before the first time there is one; a coalescence adds one and a leaf takes one away.
    descent = torch.arange(0, -times.shape[-1], -1, dtype=times.dtype, device=times.device)
    return _Lineages(times, is_coalescence, descent.add(is_coalescence.cumsum(-1, dtype=times.dtype), alpha=2))


class _Coefficients(NamedTuple):
    """What multiplies the rates and their logs in the log density, and what is added, by cell."""

    linear: Tensor
    log: Tensor
    const: Tensor


def _coefficients(lineages: _Lineages, duration: int) -> _Coefficients:
    times, is_coalescence, later = lineages
    pairs = later * (later - 1) / 2
    log_pairs = torch.where(is_coalescence, pairs, 1).log()  # of no pair, minus infinity
    if duration == 1:
        linear = -(pairs[..., :-1] * (times[..., 1:] - times[..., :-1])).sum(-1, keepdim=True)
        const = log_pairs.sum(-1, keepdim=True)
        return _Coefficients(linear, const.new_full((1,), times.shape[-1] // 2), const)
    # The integral of a piecewise constant function changes by the height of each step, times the way from it.
    step = torch.where(is_coalescence, 1 - later, later)
    cell = times.detach().floor().clamp(0, duration - 1)
    zeros = step.new_zeros(step.shape[:-1] + (duration,))
    index = cell.long().clamp(min=0)  # of NaN, some number
    within = zeros.scatter_add(-1, index, step * (times - cell))
    steps = zeros.scatter_add(-1, index, step)
    beyond = steps.flip(-1).cumsum(-1).flip(-1) - steps
    return _Coefficients(
        linear=-(within + beyond),
        log=zeros.scatter_add(-1, index, is_coalescence.to(zeros.dtype)),
        const=zeros.scatter_add(-1, index, log_pairs),
    )


class _Coalescent(Parametric):
    """What the distributions over times of coalescences share."""

    leaf_times: Tensor

    @constraints.dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> Any:
        """Rising times at each of which there are lineages to join."""
        return CoalescentTimesConstraint(self.leaf_times)

    @classmethod
    def infer_shapes(cls, *args: tuple[int, ...], **arg_shapes: tuple[int, ...]) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            *args: shapes of parameters, in the order of ``arg_constraints``.
            **arg_shapes: shapes of parameters by name.

        Returns:
            batch_shape and event_shape.
        """
        known: Any = cls.arg_constraints  # a property, to mypy
        shapes = dict(zip(known, args, strict=False)) | arg_shapes
        batch_shapes = [shape[: len(shape) - cls._parameter_dim(name)] for name, shape in shapes.items()]
        return Size(broadcast_shape(*batch_shapes)), Size([shapes["leaf_times"][-1] - 1])

    def _checked_coefficients(self, value: Tensor, duration: int) -> _Coefficients:
        """The coefficients of checked times. The times are sorted once, for both."""
        if self._validate_args:
            self._validate_value_shape(value.shape)
        coefficients = _coefficients(_lineages(self.leaf_times, value), duration)
        if self._validate_args:
            # a coalescence without a pair to join adds minus infinity, and NaN stays NaN
            total = (coefficients.linear.detach() + coefficients.const).sum(-1)
            if not surely_all((total > -torch.inf) & _is_rising(value)):
                self._validate_sample(value)
        return coefficients


class CoalescentTimes(_Coalescent):
    r"""Distribution of the times of coalescences of N leaves, at a constant rate for each pair of lineages.

    .. math::
        p(x) = \prod_i \binom{k_i}{2} \lambda \; e^{-\lambda \int \binom{k(t)}{2} dt}

    Args:
        leaf_times: times of the leaves, of shape (..., N), in any order.
        rate: rate :math:`\lambda > 0` at which a pair coalesces: one over the effective population size.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (N - 1,), batch_shape is what the parameters' remaining dimensions broadcast to.

    Support:
        rising times at each of which there are lineages to join.

    References:
        J. F. C. Kingman (1982), On the genealogy of large populations, Journal of Applied Probability 19A.

    Example:
        >>> CoalescentTimes(torch.tensor([0.0, 0.0])).log_prob(torch.tensor([-1.0]))
        tensor(-1.)
    """

    arg_constraints = {"leaf_times": constraints.real_vector, "rate": constraints.positive}
    rate: Tensor

    def __init__(self, leaf_times: Tensor, rate: Tensor | float = 1.0, *, validate_args: bool | None = None) -> None:
        event_shape = (leaf_times.shape[-1] - 1,)
        super().__init__(event_shape, leaf_times=leaf_times, rate=rate, validate_args=validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of times of coalescences.

        Args:
            value: rising times, broadcastable with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        linear, log, const = (part.squeeze(-1) for part in self._checked_coefficients(value, 1))
        return linear * self.rate + log * self.rate.log() + const

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws times of coalescences, backward event by event.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Rising times of shape sample_shape + batch_shape + event_shape.
        """
        with torch.no_grad():
            surprise = self.leaf_times.new_empty(self.shape(sample_shape)).exponential_()
            drawn: Tensor = coalescence(self.leaf_times, surprise, self.rate)
            return drawn


class CoalescentTimesWithRate(_Coalescent):
    r"""Distribution of the times of coalescences of N leaves, at a piecewise constant rate for each pair of lineages.

    .. math::
        p(x) = \prod_i \binom{k_i}{2} \lambda(x_i) \; e^{-\int \binom{k(t)}{2} \lambda(t) dt}

    It can be scored but not sampled. For fixed times, :class:`CoalescentRateLikelihood` scores many rates faster.

    Args:
        leaf_times: times of the leaves, of shape (..., N), in any order.
        rate_grid: rates :math:`\lambda > 0` of the cells [0, 1), ..., [T - 1, T), of shape (..., T). The first one
            holds for all earlier times and the last one for all later ones.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (N - 1,), batch_shape is what the parameters' remaining dimensions broadcast to.

    Support:
        rising times at each of which there are lineages to join.

    References:
        A. Popinga et al. (2015), Inferring epidemiological dynamics with Bayesian coalescent inference, Genetics
        199(2).

    Example:
        >>> d = CoalescentTimesWithRate(torch.tensor([2.0, 2.0]), torch.tensor([0.5, 1.0]))
        >>> d.log_prob(torch.tensor([0.0]))
        tensor(-2.1931)
    """

    arg_constraints = {
        "leaf_times": constraints.real_vector, "rate_grid": constraints.independent(constraints.positive, 1)
    }
    rate_grid: Tensor

    def __init__(self, leaf_times: Tensor, rate_grid: Tensor, *, validate_args: bool | None = None) -> None:
        event_shape = (leaf_times.shape[-1] - 1,)
        super().__init__(event_shape, leaf_times=leaf_times, rate_grid=rate_grid, validate_args=validate_args)

    @property
    def duration(self) -> int:
        """The number of cells."""
        return self.rate_grid.shape[-1]

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Not possible."""
        raise NotImplementedError("CoalescentTimesWithRate does not support sampling. Draw from CoalescentTimes, or "
                                  "condition on the times.")

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of times of coalescences.

        Args:
            value: rising times, broadcastable with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        linear, log, const = self._checked_coefficients(value, self.duration)
        return (linear * self.rate_grid + log * self.rate_grid.log() + const).sum(-1)


class CoalescentRateLikelihood:
    """The likelihood of rates, given times of leaves and of coalescences.

    It agrees with :class:`CoalescentTimesWithRate`, by cell, and costs little for each vector of rates, because it
    prepares what depends on the times only. A call may take a part of the cells.

    Args:
        leaf_times: times of the leaves, of shape (..., N).
        coal_times: times of the coalescences, of shape (..., N - 1).
        duration: the number of cells.
        validate_args: whether to check the times; ``None`` follows the global flag.

    Raises:
        ValueError: if there are no lineages to join at some coalescence.

    References:
        A. Popinga et al. (2015), Inferring epidemiological dynamics with Bayesian coalescent inference, Genetics
        199(2).

    Example:
        >>> likelihood = CoalescentRateLikelihood(torch.tensor([2.0, 2.0]), torch.tensor([0.0]), 2)
        >>> likelihood(torch.tensor([0.5, 1.0]))
        tensor([-1.1931, -1.0000])
    """

    def __init__(
        self, leaf_times: Tensor, coal_times: Tensor, duration: int, *, validate_args: bool | None = None
    ) -> None:
        if leaf_times.shape[-1] != coal_times.shape[-1] + 1:
            raise ValueError("CoalescentRateLikelihood: expected one coalescence less than leaves, got leaf_times of "
                             f"shape {tuple(leaf_times.shape)} and coal_times of shape {tuple(coal_times.shape)}.")
        if is_validation_enabled() if validate_args is None else validate_args:
            require(CoalescentTimesConstraint(leaf_times, ordered=False).check(coal_times), lambda: ValueError(
                "CoalescentRateLikelihood: expected leaf_times and coal_times that leave lineages to join at each "
                "coalescence. Times run forward: leaves are later than coalescences."))
        self._coefficients = _coefficients(_lineages(leaf_times, coal_times), duration)

    def __call__(self, rate_grid: Tensor, t: int | slice = slice(None)) -> Tensor:
        """The log likelihood of rates, by cell.

        Args:
            rate_grid: rates of the cells ``t``, of shape (..., number of them), or without the last dimension if ``t``
                is a number.
            t: which cells; all of them by default.

        Returns:
            The log likelihood; its sum over all cells is the log density of the times.
        """
        linear, log, const = (coefficient[..., t] for coefficient in self._coefficients)
        return linear * rate_grid + log * rate_grid.log() + const


def bio_phylo_to_times(tree: Any, *, get_time: Callable[[Any], float] | None = None) -> tuple[Tensor, Tensor]:
    """Takes the times of leaves and of coalescences from a phylogeny of Bio.Phylo.

    A node with more than two children stands for several coalescences at once.

    Args:
        tree: a tree whose ``find_clades()`` yields parents before children, and whose clades hold their children.
        get_time: the time of a clade. By default it adds up ``branch_length`` from the root; a length that is not given
            is one.

    Returns:
        The times of the leaves and those of the coalescences.
    """
    times: dict[Any, float] = {}
    leaves: list[float] = []
    coalescences: list[float] = []
    for clade in tree.find_clades():
        if get_time is None:
            length = 1.0 if clade.branch_length is None else clade.branch_length
            time = times.get(clade, 0.0) + length
            times.update(dict.fromkeys(clade, time))  # where its children begin
        else:
            time = get_time(clade)
        if len(clade) == 0:
            leaves.append(float(time))
        coalescences.extend([float(time)] * (len(clade) - 1))
    return torch.tensor(leaves), torch.tensor(coalescences)
