r"""Tests of goodness of fit: how likely draws as odd as the given ones are under a stated distribution.

Each test returns a p-value, uniform if the draws have the distribution and near zero if they do not. Draws with known
densities are reduced to numbers that are exponential under the hypothesis: in one dimension the gaps between
neighbours, in more the volumes of the balls up to the nearest neighbour, times the density and the number of draws.

Source: K. Pearson (1900), On the criterion that a given system of deviations ..., Philosophical Magazine 50(302);
P. J. Bickel, L. Breiman (1983), Sums of functions of nearest neighbor distances, Annals of Probability 11(1).
"""

import math

import torch
from torch import Tensor

from pyro.distributions.testing.special import chi2sf

__all__ = ["HISTOGRAM_WIDTH", "InvalidTest", "auto_goodness_of_fit", "density_goodness_of_fit", "exp_goodness_of_fit",
           "get_nearest_neighbor_distances", "multinomial_goodness_of_fit", "print_histogram",
           "unif01_goodness_of_fit", "vector_density_goodness_of_fit", "volume_of_sphere"]

HISTOGRAM_WIDTH = 60
_BINS = 10
_SAMPLES_PER_BIN = 50


class InvalidTest(ValueError):
    """Raised where there are too few draws for a verdict."""


def print_histogram(probs: list[float] | Tensor, counts: list[int] | Tensor) -> None:
    """Prints counts as bars.

    Args:
        probs: what each outcome is expected with.
        counts: how often each occurred.

    Example:
        >>> print_histogram([0.2, 0.8], [1, 3])  # doctest: +SKIP
    """
    largest = max(int(count) for count in counts)
    lines = [f"{float(prob):8.3f} {int(count):8d} " + "-" * round(HISTOGRAM_WIDTH * int(count) / max(1, largest))
             for prob, count in sorted(zip(probs, counts, strict=True), key=lambda pair: -float(pair[0]))]
    print("\n".join(["    Prob    Count", *lines]))


def multinomial_goodness_of_fit(
    probs: Tensor, counts: Tensor, *, total_count: int | None = None, plot: bool = False
) -> float:
    """Pearson's test of counts of outcomes.

    Args:
        probs: the probabilities of the outcomes.
        counts: how often each occurred.
        total_count: the number of draws, if there are other outcomes than these.
        plot: whether to print the counts.

    Returns:
        The p-value.
    """
    if probs.shape != counts.shape or probs.dim() != 1:
        raise AssertionError("multinomial_goodness_of_fit: expected two vectors of one length, got shapes "
                             f"{tuple(probs.shape)} and {tuple(counts.shape)}.")
    is_complete = total_count is None
    total = int(counts.sum()) if total_count is None else total_count
    if plot:
        print_histogram(probs, counts)
    expected = probs.double() * total
    excess = (counts - expected).square() / (expected * (1 - probs.double()).clamp(min=1e-12))
    return chi2sf(float(excess[expected > 0].sum()), len(probs) - int(is_complete))


def unif01_goodness_of_fit(samples: Tensor, *, plot: bool = False) -> float:
    """Tests that numbers are uniform on the unit interval, by the counts in equal bins.

    Args:
        samples: a vector of numbers in the unit interval.
        plot: whether to print the counts.

    Returns:
        The p-value.

    Raises:
        InvalidTest: if there are too few.
    """
    if samples.min() < 0 or samples.max() > 1:
        raise AssertionError("unif01_goodness_of_fit: expected numbers from 0 to 1, got some from "
                             f"{float(samples.min()):.3g} to {float(samples.max()):.3g}.")
    if len(samples) < _BINS * _SAMPLES_PER_BIN:
        raise InvalidTest(f"Expected at least {_BINS * _SAMPLES_PER_BIN} samples for a precise test, got "
                          f"{len(samples)}. Use more samples.")
    bins = (samples * _BINS).long().clamp(min=0, max=_BINS - 1)
    counts = torch.bincount(bins, minlength=_BINS)
    return multinomial_goodness_of_fit(torch.full((_BINS,), 1 / _BINS), counts, plot=plot)


def exp_goodness_of_fit(samples: Tensor, plot: bool = False) -> float:
    """Tests that numbers have the exponential distribution of rate one.

    Args:
        samples: a vector of nonnegative numbers.
        plot: whether to print the counts.

    Returns:
        The p-value.
    """
    return unif01_goodness_of_fit((-samples).exp(), plot=plot)


def density_goodness_of_fit(samples: Tensor, probs: Tensor, plot: bool = False) -> float:
    """Tests that numbers have the density that is stated at each.

    Args:
        samples: a vector of numbers.
        probs: their densities.
        plot: whether to print the counts.

    Returns:
        The p-value.
    """
    if samples.dim() != 1 or probs.shape != samples.shape:
        raise AssertionError("density_goodness_of_fit: expected two vectors of one length, got shapes "
                             f"{tuple(samples.shape)} and {tuple(probs.shape)}.")
    samples, index = samples.sort()
    probs = probs[index]
    gaps = samples.diff() * (probs[1:] + probs[:-1]) / 2 * len(samples)
    return exp_goodness_of_fit(gaps, plot=plot)


def volume_of_sphere(dim: int, radius: Tensor | float) -> Tensor | float:
    """The volume of a ball.

    Args:
        dim: dimension of the space.
        radius: radius of the ball.

    Example:
        >>> round(volume_of_sphere(2, 1.0), 4)
        3.1416
    """
    unit = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1)
    volume: Tensor | float = unit * radius**dim
    return volume


def get_nearest_neighbor_distances(samples: Tensor) -> Tensor:
    """The distance from each point to the nearest other one.

    Args:
        samples: points, one a row.

    Example:
        >>> get_nearest_neighbor_distances(torch.tensor([[0.0], [1.0], [3.0]]))
        tensor([1., 1., 2.])
    """
    nearest = [torch.cdist(rows, samples).topk(2, largest=False).values[:, 1] for rows in samples.split(1000)]
    return torch.cat(nearest)


def vector_density_goodness_of_fit(
    samples: Tensor, probs: Tensor, *, dim: int | None = None, plot: bool = False
) -> float:
    """Tests that points have the density that is stated at each.

    Args:
        samples: points, one a row.
        probs: their densities.
        dim: dimension of the surface that they lie on, with respect to which the densities are; that of the space
            unless given.
        plot: whether to print the counts.

    Returns:
        The p-value.

    Raises:
        InvalidTest: if there are too few.
    """
    dim = samples.shape[1] if dim is None else dim
    if len(samples) <= 1000 * dim:
        raise InvalidTest(f"Expected more than {1000 * dim} samples for a precise test in {dim} dimensions, got "
                          f"{len(samples)}. Use more samples.")
    volumes = volume_of_sphere(dim, get_nearest_neighbor_distances(samples))
    return exp_goodness_of_fit(len(samples) * probs * volumes, plot=plot)


def auto_goodness_of_fit(samples: Tensor, probs: Tensor, *, dim: int | None = None, plot: bool = False) -> float:
    """Tests that draws have the density that is stated at each, whatever their shape.

    Args:
        samples: draws along the first dimension.
        probs: their densities, a vector.
        dim: dimension of the surface that they lie on, if they do.
        plot: whether to print the counts.

    Returns:
        The p-value.

    Raises:
        InvalidTest: if there are too few.
    """
    if samples.shape[:1] != probs.shape:
        raise AssertionError("auto_goodness_of_fit: expected a density for each draw, got shapes "
                             f"{tuple(samples.shape)} and {tuple(probs.shape)}.")
    samples = samples.reshape(len(samples), -1)
    if samples.shape[1] == 1:
        return density_goodness_of_fit(samples[:, 0], probs, plot=plot)
    return vector_density_goodness_of_fit(samples, probs, dim=dim, plot=plot)
