"""A sampler of the von Mises distribution on the circle, by rejection from a wrapped Cauchy distribution.

References:
    D. J. Best, N. I. Fisher, "Efficient simulation of the von Mises distribution", Applied Statistics 28, 1979.
"""

import math

from pyro.compiler.loop.blocks import repeat
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.philox import Stream
from pyro.compiler.loop.scalar import I64
from pyro.compiler.loop.trigonometry import acos, cos
from pyro.compiler.loop.vector_math import log

__all__ = ["von_mises"]

_FLAT = 1e-5  # concentration from which down the exact formula cancels


def von_mises(loc: Value, concentration: Value, stream: Stream) -> Value:
    """An angle in [-pi, pi); NaN for a negative concentration."""
    tau = 1.0 + (1.0 + 4.0 * concentration * concentration).call("sqrt")
    rho = (tau - (2.0 * tau).call("sqrt")) / (2.0 * concentration)
    exact = (1.0 + rho * rho) / (2.0 * rho)
    r = (concentration < _FLAT).where(1.0 / concentration + concentration, exact)

    def attempt(block: Value, _: Value, __: Value) -> tuple[Value, tuple[Value, ...]]:
        first, second = stream.uniforms(block)
        side = 2.0 * first - 1.0
        z = cos(side * math.pi)
        f = (1.0 + r * z) / (r + z)
        c = concentration * (r - f)
        refused = (c * (2.0 - c) <= second) & (log(c / second) + 1.0 < c)
        return refused, (block + 1, f, side)

    start = (loc.code.constant(I64, 0), loc.like(0.0).spread(loc.lanes), loc.like(0.0))
    _, f, side = repeat(start, attempt)
    angle = f.call("maxnum", -1.0).call("minnum", 1.0)
    turned = acos(angle).call("copysign", side) + loc + math.pi
    wrapped = turned - (turned * (0.5 / math.pi)).call("floor") * (2.0 * math.pi)
    return (concentration >= 0.0).where(wrapped - math.pi, loc.like(math.nan))
