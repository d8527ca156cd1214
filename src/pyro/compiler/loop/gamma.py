"""Samplers of the Gamma distribution, by rejection, and of what is made of Gamma variates.

All is done in double precision. A shape below 1 is raised by 1 and the variate multiplied by a power of a uniform
number; where that power underflows, its logarithm still tells variates apart.

References:
    G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM Transactions on Mathematical
    Software 26, 2000.
"""

import math

from pyro.compiler.loop.blocks import branch, repeat
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.philox import Stream, normal
from pyro.compiler.loop.scalar import I64
from pyro.compiler.loop.vector_math import exp, log

__all__ = ["log_standard_gamma", "standard_gamma"]

_BOOST_BLOCK = 0xFFFFFFFF  # far from the blocks of the rejection loop, which counts from zero


def standard_gamma(alpha: Value, stream: Stream) -> Value:
    """A variate of shape ``alpha`` and scale 1; NaN for a negative shape."""
    base, power = _variate(alpha, stream)
    return branch(power.equals(0.0), lambda: (base,), lambda: (base * exp(power),))[0]


def log_standard_gamma(alpha: Value, stream: Stream) -> Value:
    """The logarithm of the same variate."""
    base, power = _variate(alpha, stream)
    return log(base) + power


def _variate(alpha: Value, stream: Stream) -> tuple[Value, Value]:
    """A number and the logarithm of another one, whose product is the variate."""
    small = alpha < 1.0
    shape = small.where(alpha + 1.0, alpha)
    d = shape - 1.0 / 3.0
    c = 1.0 / (9.0 * d).call("sqrt")

    def attempt(block: Value, _: Value) -> tuple[Value, tuple[Value, ...]]:
        first, second = stream.uniforms(block)
        x = normal(first)
        root = x.fma(c, 1.0)
        v = root * root * root
        square = x * x
        rejected = branch(
            second < 1.0 - 0.0331 * square * square,
            lambda: (v <= 0.0,),
            lambda: ((v <= 0.0) | (log(second) >= 0.5 * square + d * (1.0 - v + log(v))),),
        )[0]
        return rejected, (block + 1, v)  # a NaN is never rejected: the loop ends whatever the shape

    _, v = repeat((alpha.code.constant(I64, 0), d), attempt)
    boost = branch(
        small,
        lambda: (log(stream.uniforms(alpha.code.constant(I64, _BOOST_BLOCK))[0]) / alpha,),
        lambda: (alpha.like(0.0),),
    )[0]
    valid = (alpha < 0.0).where(alpha.like(math.nan), d)
    return valid * v, boost
