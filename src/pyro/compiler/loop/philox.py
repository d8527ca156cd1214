"""Random numbers as a function of where they are used: the counter-based generator Philox 4x32-10.

A block of 128 random bits depends on a step's key, the number of the draw in the step, the element of the result, and
how many blocks the element has used before. So every lowering, in any order of evaluation, draws the same numbers.

References:
    J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
    M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37, 1988.
"""

from dataclasses import dataclass

from pyro.compiler.loop.blocks import branch
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.scalar import bit_pattern
from pyro.compiler.loop.vector_math import log, polynomial

__all__ = ["Stream", "normal", "philox"]

_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)  # fractions of the golden ratio and of sqrt(3)
_ROUNDS = 10

Words = tuple[Value, Value, Value, Value]


def philox(counter: Words, key: tuple[Value, Value]) -> Words:
    """Four random words.

    Args:
        counter: four words of 32 bits, each in an i64.
        key: two words.
    """
    a, b, c, d = counter
    low, high = key
    for round_number in range(_ROUNDS):
        if round_number:
            low, high = (low + _WEYL[0]) & _WORD, (high + _WEYL[1]) & _WORD
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (_upper(second) ^ b ^ low, second & _WORD, _upper(first) ^ d ^ high, first & _WORD)
    return a, b, c, d


def _upper(word: Value) -> Value:
    """The upper 32 bits."""
    return word.code.binary("shr", word, 32) & _WORD


@dataclass(frozen=True)
class Stream:
    """The random numbers of one element of one draw.

    Attributes:
        key: of the step, an i64.
        draw: the number of the draw in the step, an i64.
        element: the element's position in the result, an i64.
    """

    key: Value
    draw: Value
    element: Value

    def uniforms(self, block: Value) -> tuple[Value, Value]:
        """Two numbers between 0 and 1, neither of which they reach.

        Args:
            block: the number of the block, an i64; its lower 32 bits count.
        """
        counter = (block & _WORD, self.draw & _WORD, self.element & _WORD, _upper(self.element))
        a, b, c, d = philox(counter, (self.key & _WORD, _upper(self.key)))
        return _uniform(a, b), _uniform(c, d)


def _uniform(high: Value, low: Value) -> Value:
    """The middle of one of 2^52 equal parts of the unit interval."""
    part = high.code.binary("shl", high, 20) | high.code.binary("shr", low, 12)
    return (part | bit_pattern(1.0)).as_float() - (1.0 - 2.0**-53)  # exact, and in vectors cheaper than a conversion


_CENTRE = (
    [3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3],
    [1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3],
)  # fmt: skip
_TAIL = (
    [1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4],
    [1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9],
)  # fmt: skip
_FAR_TAIL = (
    [6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7],
    [1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15],
)  # fmt: skip


def _ratio(x: Value, coefficients: tuple[list[float], list[float]]) -> Value:
    return polynomial(x, coefficients[0]) / polynomial(x, coefficients[1])


def normal(uniform: Value) -> Value:
    """A standard normal number: the quantile of a uniform one, to 1e-15 relative."""
    q = uniform - 0.5

    def centre() -> tuple[Value]:
        return (q * _ratio((q * -1.0).fma(q, 0.180625), _CENTRE),)

    def tail() -> tuple[Value]:
        distance = (-log((q < 0.0).where(uniform, 1.0 - uniform))).call("sqrt")
        (size,) = branch(
            distance > 5.0,
            lambda: (_ratio(distance - 5.0, _FAR_TAIL),),
            lambda: (_ratio(distance - 1.6, _TAIL),),
        )
        return (size.call("copysign", q),)

    return branch(q.call("fabs") <= 0.425, centre, tail)[0]
