r"""Distributions over matchings: what those of one and of two sources a destination share.

A matching sends each of S sources to one of D destinations so that every destination gets the same number of sources,
its capacity. Its probability is proportional to the exponential of the sum of its pairs' logits.

The partition function is a sum over all matchings. It is computed exactly, one by one while they are few, else source
by source over the numbers of sources that each destination got so far, in :math:`O(S D (c + 1)^D)` for capacity c; or
approximately, by belief propagation: the Bethe approximation, a lower bound that is within a factor :math:`2^{S/2}` for
capacity one.

Source: P. Vontobel (2013), The Bethe permanent of a nonnegative matrix, IEEE Transactions on Information Theory 59(3);
M. Chertkov, L. Kroc, M. Vergassola (2008), Belief propagation and beyond for particle tracking, arXiv:0806.1199.
"""

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Size, Tensor
from torch.nn.functional import softplus

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric

__all__ = ["Matching", "MatchingConstraint", "best_matching", "enumerate_matchings"]


_FEW = 720
"""Up to this many matchings, listing them is faster than the sum source by source."""


class MatchingConstraint(constraints.Constraint):
    """Vectors of destinations, one for each source, in which every destination occurs equally often.

    Args:
        num_destins: number of destinations.
        capacity: how often each occurs.
    """

    is_discrete = True
    event_dim = 1

    def __init__(self, num_destins: int, capacity: int) -> None:
        self.num_destins = num_destins
        self.capacity = capacity

    def check(self, value: Tensor) -> Tensor:
        """Whether vectors are matchings."""
        if value.shape[-1] != self.num_destins * self.capacity:
            return torch.zeros(value.shape[:-1], dtype=torch.bool, device=value.device)
        expected = torch.arange(self.num_destins, device=value.device).repeat_interleave(self.capacity)
        return (value.sort(-1).values == expected).all(-1)


class Matching(Parametric):
    """Distribution over matchings of sources to destinations of one capacity.

    Args:
        logits: logits of pairs, of shape batch_shape + (sources, destinations).
        capacity: number of sources of each destination, 1 or 2.
        bp_iters: number of iterations of belief propagation; ``None`` means to be exact.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Raises:
        ValueError: if the numbers of sources and destinations do not fit, or ``bp_iters`` is not positive.
    """

    has_enumerate_support = True
    arg_constraints = {"logits": constraints.independent(constraints.real, 2)}
    logits: Tensor

    def __init__(
        self, logits: Tensor, capacity: int, bp_iters: int | None = None, validate_args: bool | None = None
    ) -> None:
        name = type(self).__name__
        if logits.dim() < 2 or logits.shape[-2] != capacity * logits.shape[-1]:
            raise ValueError(f"{name}: expected logits with {capacity} times as many rows (sources) as columns "
                             f"(destinations), got shape {tuple(logits.shape)}.")
        if bp_iters is not None and bp_iters < 1:
            raise ValueError(f"{name}: expected bp_iters to be None or a positive integer, got {bp_iters}.")
        self.capacity = capacity
        self.bp_iters = bp_iters
        self._num_sources, self._num_destins = logits.shape[-2:]
        super().__init__((self._num_sources,), logits=logits, validate_args=validate_args)

    @staticmethod
    def infer_shapes(logits: tuple[int, ...]) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            logits: shape of ``logits``.

        Returns:
            batch_shape and event_shape.
        """
        return Size(logits[:-2]), Size(logits[-2:-1])

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        """The matchings."""
        return MatchingConstraint(self._num_destins, self.capacity)

    @property
    def log_partition_function(self) -> Tensor:
        """The log of the sum over all matchings, of the batch shape."""
        if self.bp_iters is not None:
            return _bethe(self.logits, self.capacity, self.bp_iters)
        if self._are_few:
            return self._totals(self._matchings()).logsumexp(-1)
        _, totals = _forward(self.logits, self.capacity)
        return totals[-1].squeeze(-1)

    @property
    def _are_few(self) -> bool:
        count = math.factorial(self._num_sources) // math.factorial(self.capacity) ** self._num_destins
        return bool(count <= _FEW)

    def _matchings(self) -> Tensor:
        """All matchings, of which there are few."""
        return torch.tensor(_listed(self._num_destins, self.capacity), device=self.logits.device)

    def _totals(self, matchings: Tensor) -> Tensor:
        """The sum of the logits of the pairs of each of some matchings, along a new last dimension."""
        sources = torch.arange(self._num_sources, device=self.logits.device)
        return self.logits[..., sources, matchings].sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log probability of matchings.

        Args:
            value: the destination of each source, broadcastable with batch_shape + event_shape.

        Returns:
            Their log probabilities.
        """
        if self._validate_args:
            self._validate_sample(value)
        index, logits = torch.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        total: Tensor = logits.gather(-1, index[..., :1]).squeeze(-1).sum(-1)
        return total - self.log_partition_function

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws matchings, exactly: from the list, or backwards through the sums of the partition function.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Destinations of shape sample_shape + batch_shape + event_shape.
        """
        with torch.no_grad():
            shape = Size(sample_shape) + self.batch_shape
            if not self._are_few:
                return self._sample_backwards(shape)
            matchings = self._matchings()
            totals = self._totals(matchings)
            noise = torch.empty(shape + totals.shape[-1:], dtype=totals.dtype, device=totals.device).exponential_()
            return matchings[(totals - noise.log()).argmax(-1)]

    def _sample_backwards(self, shape: Size) -> Tensor:
        """Draws the destination of the last source, then of the one before, and so on."""
        states, totals = _forward(self.logits, self.capacity)
        weights = (self.capacity + 1) ** torch.arange(self._num_destins, device=self.logits.device)
        counts = torch.full(shape + (self._num_destins,), self.capacity, device=self.logits.device)
        destins = []
        for source in reversed(range(self._num_sources)):
            # the state before this source went to each destination; where that cannot be, the first one, unused
            before = (counts * weights).sum(-1, keepdim=True) - weights
            position = (states[source] == before.unsqueeze(-1)).long().argmax(-1)
            total = totals[source].expand(shape + totals[source].shape[-1:])
            logits = (self.logits[..., source, :] + total.gather(-1, position)).masked_fill(counts == 0, -torch.inf)
            noise = torch.empty_like(logits).exponential_().log()
            destin = (logits - noise).argmax(-1)
            counts = counts - (destin.unsqueeze(-1) == torch.arange(self._num_destins, device=destin.device)).long()
            destins.append(destin)
        return torch.stack(destins[::-1], -1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Lists the matchings along a new leftmost dimension.

        Args:
            expand: whether to expand them over the batch shape.

        Returns:
            The matchings.
        """
        matchings = enumerate_matchings(self._num_destins, self.capacity).to(self.logits.device)
        shape = matchings.shape[:1] + (1,) * len(self.batch_shape) + self.event_shape
        matchings = matchings.reshape(shape)
        return matchings.expand(shape[:1] + self.shape()) if expand else matchings

    def mode(self) -> Tensor:  # type: ignore[override]  # a property there, a method in the API that is followed here
        """The most probable matching.

        Returns:
            The destination of each source.
        """
        return best_matching(self.logits, self.capacity)


def _forward(logits: Tensor, capacity: int) -> tuple[list[Tensor], list[Tensor]]:
    """Log sums over the ways to send the first sources, by how many each destination got.

    A state, the numbers of sources that the destinations got, is written as a number in base ``capacity + 1``.

    Returns:
        For each number of sources sent, its states in rising order, and the log sum for each of them.
    """
    num_sources, num_destins = logits.shape[-2:]
    base = capacity + 1
    layers: list[list[int]] = [[] for _ in range(num_sources + 1)]
    for digits in itertools.product(range(base), repeat=num_destins):  # the leftmost digit is the highest
        layers[sum(digits)].append(sum(d * base**i for i, d in enumerate(reversed(digits))))
    totals = [logits.new_zeros(logits.shape[:-2] + (1,))]
    for source, (before, after) in enumerate(itertools.pairwise(layers)):
        position = {state: i for i, state in enumerate(before)}
        sources = [[position.get(state - base**i, -1) if state // base**i % base else -1 for i in range(num_destins)]
                   for state in after]
        index = torch.tensor(sources, device=logits.device)
        terms = totals[-1][..., index.clamp(min=0)] + logits[..., source, None, :]
        totals.append(terms.masked_fill(index < 0, -torch.inf).logsumexp(-1))
    return [torch.tensor(layer, device=logits.device) for layer in layers], totals


def _bethe(logits: Tensor, capacity: int, iterations: int) -> Tensor:
    r"""The Bethe approximation of the log partition function.

    Whether a source goes to a destination is a binary variable between two factors: the source has one destination, the
    destination ``capacity`` sources. A message is a log-odds. With u those from variables to sources and v those to
    destinations, :math:`\log Z = \sum_s \log Z_s(u) + \sum_d \log Z_d(v) - \sum_{sd} \log(1 + e^{\text{belief}})`.
    """
    if logits.shape[-1] < 2:
        return logits.sum((-2, -1))  # there is one matching, and nothing to choose
    to_source, to_destin = logits, logits
    for _ in range(iterations):
        from_source = -_log_sum_of_others(to_source)
        to_destin = logits + from_source
        from_destin = -_log_sum_of_others(to_destin.mT).mT if capacity == 1 else _from_pair(to_destin.mT).mT
        to_source = logits + from_destin
    beliefs = to_source + to_destin - logits
    destins = to_destin.logsumexp(-2) if capacity == 1 else _log_sum_of_pairs(to_destin.mT)
    sources = to_source.logsumexp(-1)
    return sources.sum(-1) + destins.sum(-1) - softplus(beliefs).sum((-2, -1))


def _others(x: Tensor) -> Tensor:
    """For each element along the last dimension, the remaining ones along a new last dimension."""
    size = x.shape[-1]
    index = [[j for j in range(size) if j != i] for i in range(size)]
    return x[..., torch.tensor(index, dtype=torch.long, device=x.device).reshape(size, -1)]


def _log_sum_of_others(x: Tensor) -> Tensor:
    return _others(x).logsumexp(-1)


def _log_sum_of_pairs(x: Tensor) -> Tensor:
    """The log of the sum over pairs along the last dimension of the exponential of the pair's sum."""
    first, second = torch.triu_indices(x.shape[-1], x.shape[-1], 1, device=x.device)
    return (x[..., first] + x[..., second]).logsumexp(-1)


def _from_pair(x: Tensor) -> Tensor:
    """Messages from a factor that wants exactly two: log-odds of one further among the others against two."""
    others = _others(x)
    return others.logsumexp(-1) - _log_sum_of_pairs(others)


def enumerate_matchings(num_destins: int, capacity: int) -> Tensor:
    """All matchings: permutations in rising order; else by the sources of the last destination, and so on.

    Args:
        num_destins: number of destinations.
        capacity: number of sources of each destination.

    Returns:
        Integers of shape (number of matchings, num_destins * capacity).
    """
    if capacity == 1 or num_destins == 0:
        return torch.tensor(list(itertools.permutations(range(num_destins))), dtype=torch.long)
    matchings = [[-1] * (num_destins * capacity)]
    for destin in reversed(range(num_destins)):
        matchings = [
            [destin if source in chosen else old for source, old in enumerate(matching)]
            for matching in matchings
            for chosen in _subsets([source for source, old in enumerate(matching) if old < 0], capacity)
        ]
    return torch.tensor(matchings)


@lru_cache(maxsize=32)
def _listed(num_destins: int, capacity: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """The same, kept; not as a tensor, which would belong to the graph that is traced when it is made."""
    return enumerate_matchings(num_destins, capacity).numpy()


def _subsets(elements: list[int], size: int) -> list[tuple[int, ...]]:
    """The subsets of a size, in colexicographic order."""
    return sorted(itertools.combinations(elements, size), key=lambda subset: subset[::-1])


def best_matching(logits: Tensor, capacity: int) -> Tensor:
    """The matching of the largest sum of logits, by shortest augmenting paths.

    Args:
        logits: logits of pairs, of shape batch_shape + (sources, destinations).
        capacity: number of sources of each destination.

    Returns:
        The destination of each source, of shape batch_shape + (sources,).

    References:
        R. Jonker, A. Volgenant (1987), A shortest augmenting path algorithm for dense and sparse linear assignment
        problems, Computing 38.
    """
    costs = -logits.detach().cpu().double().repeat_interleave(capacity, -1)
    slots = [_assign(matrix.tolist()) for matrix in costs.reshape(-1, *costs.shape[-2:])]
    best = torch.tensor(slots, dtype=torch.long, device=logits.device).reshape(logits.shape[:-1])
    return best // capacity


def _assign(costs: list[list[float]]) -> list[int]:
    """The column of each row in an assignment of least cost. Prices keep reduced costs nonnegative."""
    size = len(costs)
    row_price, column_price = [0.0] * size, [0.0] * (size + 1)
    row_of = [-1] * (size + 1)  # of each column; the last one stands for the row that looks for a column
    for row in range(size):
        row_of[size] = row
        column, previous = _free_column(costs, row_of, row_price, column_price)
        while column != size:
            row_of[column], column = row_of[previous[column]], previous[column]
    return sorted(range(size), key=row_of.__getitem__)


def _free_column(
    costs: list[list[float]], row_of: list[int], row_price: list[float], column_price: list[float]
) -> tuple[int, list[int]]:
    """The nearest column that has no row, with the column before each one on the way there; updates the prices."""
    size = len(costs)
    distance, previous, is_done = [math.inf] * size, [size] * size, [False] * (size + 1)
    column = size
    while row_of[column] >= 0:
        is_done[column] = True
        row, ahead = row_of[column], [j for j in range(size) if not is_done[j]]
        for j in ahead:
            reduced = costs[row][j] - row_price[row] - column_price[j]
            if reduced < distance[j]:
                distance[j], previous[j] = reduced, column
        column = min(ahead, key=distance.__getitem__)
        step = distance[column]
        for j in range(size + 1):
            if is_done[j]:
                row_price[row_of[j]] += step
                column_price[j] -= step
        for j in ahead:
            distance[j] -= step
    return column, previous
