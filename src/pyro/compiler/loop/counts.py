"""Samplers of counts, exact: Poisson, binomial, and one of several categories.

Small means by adding up probabilities until they reach a uniform number, large ones by transformed rejection.

References:
    W. Hoermann, "The transformed rejection method for generating Poisson random variables", Insurance: Mathematics and
    Economics 12, 1993; "The generation of binomial random variates", Journal of Statistical Computation and Simulation
    46, 1993.
"""

import math
from collections.abc import Callable

from pyro.compiler.loop.blocks import branch, repeat
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.log_gamma import lgamma
from pyro.compiler.loop.philox import Stream
from pyro.compiler.loop.scalar import BOOL, I64
from pyro.compiler.loop.vector_math import exp, log, log1p

__all__ = ["binomial", "poisson"]

_LARGE = 10.0  # mean from which rejection pays


def _inverted(uniform: Value, first: Value, ratio: Callable[[Value], Value]) -> Value:
    """The number of probabilities that fit below a uniform number.

    Args:
        uniform: the number.
        first: the probability of zero.
        ratio: for ``k``, the probability of ``k`` as a multiple of that of ``k - 1``.
    """

    def body(k: Value, rest: Value, probability: Value) -> tuple[Value, tuple[Value, ...]]:
        left = rest - probability
        following = k + 1.0
        then = probability * ratio(following)
        return (left > 0.0) & (then > 0.0), (following, left, then)

    def search() -> tuple[Value]:
        k, rest, _ = repeat((uniform.like(0.0), uniform, first), body)
        return ((rest > 0.0).where(k, k - 1.0),)

    return branch(uniform > first, search, lambda: (uniform.like(0.0),))[0]


def _rejected(stream: Stream, a: Value, b: Value, centre: Value, squeeze: Value, top: Value,
              too_rare: Callable[[Value, Value], Value]) -> Value:  # fmt: skip
    """Transformed rejection: a count below a table mountain with the given sizes.

    Args:
        stream: where random numbers come from.
        a: how slowly its sides fall.
        b: its width.
        centre: where it stands.
        squeeze: below this height its middle lies under the probabilities.
        top: the greatest count.
        too_rare: for a count and a height, whether its probability lies below.
    """

    def attempt(block: Value, _: Value) -> tuple[Value, tuple[Value, ...]]:
        first, v = stream.uniforms(block)
        u = first - 0.5
        us = 0.5 - u.call("fabs")
        k = ((2.0 * a / us + b) * u + centre).call("floor")
        again = branch(
            (us >= 0.07) & (v <= squeeze),
            lambda: (v.code.constant(BOOL, False),),
            lambda: branch(
                (k < 0.0) | (k > top) | ((us < 0.013) & (v > us)),
                lambda: (v.code.constant(BOOL, True),),
                lambda: (too_rare(k, v / (a / (us * us) + b)),),
            ),
        )[0]
        return again, (block + 1, k)

    return repeat((centre.code.constant(I64, 0), centre), attempt)[1]


def poisson(rate: Value, stream: Stream) -> Value:
    """A Poisson variate; NaN for a negative or infinite rate."""
    valid = (rate >= 0.0) & (rate < math.inf)
    is_small = valid & (rate < _LARGE)
    is_large = valid & (rate >= _LARGE)

    def small() -> tuple[Value]:
        mean = is_small.where(rate, rate.like(0.0))
        uniform = stream.uniforms(mean.code.constant(I64, 0))[0]
        return (_inverted(uniform, exp(-mean), lambda k: mean / k),)

    def large() -> tuple[Value]:
        mean = is_large.where(rate, rate.like(_LARGE))
        b = mean.call("sqrt").fma(2.53, 0.931)
        a = b.fma(0.02483, -0.059)
        height = 1.1239 + 1.1328 / (b - 3.4)
        log_mean = log(mean)

        def too_rare(k: Value, level: Value) -> Value:
            return log(level * height) > k * log_mean - mean - lgamma(k + 1.0)

        squeeze = 0.9277 - 3.6224 / (b - 2.0)
        return (_rejected(stream, a, b, mean + 0.43, squeeze, mean.like(math.inf), too_rare),)

    return valid.where(branch(is_large, large, small)[0], rate.like(math.nan))


def binomial(count: Value, probability: Value, stream: Stream) -> Value:
    """A binomial variate; NaN where the probability is none or the count is negative or infinite."""
    valid = (probability >= 0.0) & (probability <= 1.0) & (count >= 0.0) & (count < math.inf)
    n = valid.where(count, count.like(0.0))
    p = valid.where(probability, probability.like(0.0))
    flipped = p > 0.5
    p = flipped.where(1.0 - p, p)
    is_large = n * p >= _LARGE

    def small() -> tuple[Value]:
        some, odds = is_large.where(n.like(0.0), n), p / (1.0 - p)
        uniform = stream.uniforms(n.code.constant(I64, 0))[0]
        return (_inverted(uniform, exp(some * log1p(-p)), lambda k: odds * (some + 1.0 - k) / k),)

    def large() -> tuple[Value]:
        return (_large_binomial(is_large.where(n, n.like(4 * _LARGE)), is_large.where(p, p.like(0.5)), stream),)

    k = branch(is_large, large, small)[0]
    return valid.where(flipped.where(n - k, k), n.like(math.nan))


def _large_binomial(n: Value, p: Value, stream: Stream) -> Value:
    """A variate with a mean from 10 on, for a probability up to 1/2."""
    odds, deviation = p / (1.0 - p), (n * p * (1.0 - p)).call("sqrt")
    b = deviation.fma(2.53, 1.15)
    a = b.fma(0.0248, -0.0873) + 0.01 * p
    height = (2.83 + 5.1 / b) * deviation
    mode = ((n + 1.0) * p).call("floor")
    log_odds, log_peak = log(odds), lgamma(mode + 1.0) + lgamma(n - mode + 1.0)

    def too_rare(k: Value, level: Value) -> Value:
        ratio = log_peak - lgamma(k + 1.0) - lgamma(n - k + 1.0) + (k - mode) * log_odds
        return log(level * height) > ratio

    return _rejected(stream, a, b, n * p + 0.5, 0.92 - 4.2 / b, n, too_rare)
