"""Elementwise operators: a formula each, with the element type that it is computed in and its cost."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pyro.compiler.graph import TensorMeta
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.error_function import erf, erfc
from pyro.compiler.loop.expression import Expression
from pyro.compiler.loop.log_gamma import lgamma
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.power import power as float_power
from pyro.compiler.loop.scalar import F32, F64, ScalarType, scalar_type
from pyro.compiler.loop.trigonometry import acos, cos, sin
from pyro.compiler.loop.vector_math import digamma, exp, expm1, log, log1p, tanh

__all__ = ["choose", "of_kinds", "power", "promoted"]

Formula = Callable[..., Value]


def promoted(*args: Any) -> ScalarType:
    """The element type that ATen computes in: tensors with dims outweigh those without, and those Python's numbers."""
    stand_ins = [
        torch.empty([1] * len(a.shape), dtype=a.kind.dtype, device="meta") if isinstance(a, Expression) else a
        for a in args
        if a is not None
    ]
    result = stand_ins[0]
    for other in stand_ins[1:]:
        joint = torch.result_type(result, other)
        rank = max((len(t.shape) for t in (result, other) if isinstance(t, TensorMeta | Tensor)), default=0)
        result = torch.empty([1] * rank, dtype=joint, device="meta")
    return scalar_type(result.dtype if isinstance(result, TensorMeta | Tensor) else torch.result_type(result, result))


def _in_result(names: str, formula: Formula, cost: int = 1) -> None:
    """Operators that compute in the element type of their result."""

    @row(*names.split())
    def lower(builder: Builder, val: Tensor, *args: Any, **kwargs: Any) -> Expression:
        operands = [*args, *kwargs.values()]
        return builder.pointwise(formula, operands, builder.kind(val), val.shape, cost)


def _in_operands(names: str, formula: Formula, cost: int = 1) -> None:
    """Operators that compute in the element type that their operands promote to; comparisons above all."""

    @row(*names.split())
    def lower(builder: Builder, val: Tensor, *args: Any) -> Expression:
        return builder.pointwise(formula, args, builder.kind(val), val.shape, cost, promoted(*args))


def _library(name: str) -> Formula:
    return lambda *values: values[0].code.lanewise(name, *values)


def floor_divided(a: Value, b: Value) -> Value:
    """The quotient rounded down; whole numbers divided by zero give zero."""
    if a.kind.is_float:
        remainder = floor_remainder(a, b)
        quotient = (a - remainder) / b
        nearest = (quotient + 0.5).call("floor")
        return b.equals(0.0).where(a / b, nearest)
    quotient, remainder = _whole_division(a, b)
    if not a.kind.signed:
        return quotient
    off = remainder.differs(0) & ((remainder ^ b) < 0)
    return off.where(quotient - 1, quotient)


def truncated(a: Value, b: Value) -> Value:
    """The quotient rounded towards zero."""
    return (a / b).call("trunc") if a.kind.is_float else _whole_division(a, b)[0]


def fmod(a: Value, b: Value) -> Value:
    """The remainder with the sign of the dividend."""
    return a.code.lanewise("fmod", a, b) if a.kind.is_float else _whole_division(a, b)[1]


def floor_remainder(a: Value, b: Value) -> Value:
    """The remainder with the sign of the divisor."""
    remainder = fmod(a, b)
    if a.kind.is_float:
        off = remainder.differs(0.0) & ((remainder < 0.0) ^ (b < 0.0))
    elif a.kind.signed:
        off = remainder.differs(0) & ((remainder ^ b) < 0)
    else:
        return remainder
    return off.where(remainder + b, remainder)


def _whole_division(a: Value, b: Value) -> tuple[Value, Value]:
    """Quotient and remainder of integers; a zero divisor, or an overflow, must not stop the process."""
    bad = b.equals(0)
    if a.kind.signed:
        bad = bad | b.equals(-1)
    safe = bad.where(b.like(1), b)
    quotient, remainder = a.code.binary("div", a, safe), a.code.binary("rem", a, safe)
    if a.kind.signed:
        quotient = b.equals(-1).where(-a, quotient)
    zero = b.equals(0)
    return zero.where(a.like(0), quotient), remainder


def sign(x: Value) -> Value:
    """-1, 0 or 1; 0 for NaN."""
    if x.kind.kind == "bool":
        return x
    one, zero = x.like(1), x.like(0)
    return (x > 0).where(one, (x < 0).where(-one, zero) if x.kind.signed else zero)


def greater(a: Value, b: Value) -> Value:
    """The greater one; NaN if either is."""
    if a.kind.is_float:
        return a.call("maximum", b)
    return (a > b).where(a, b)


def lesser(a: Value, b: Value) -> Value:
    """The lesser one; NaN if either is."""
    if a.kind.is_float:
        return a.call("minimum", b)
    return (a < b).where(a, b)


def clamp(x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    """Moved to the nearest of two bounds."""
    if low is not None:
        x = greater(x, low)
    return x if high is None else lesser(x, high)


def absolute(x: Value) -> Value:
    """Without its sign."""
    if x.kind.is_float:
        return x.call("fabs")
    return (x < 0).where(-x, x) if x.kind.kind == "int" and x.kind.signed else x


def sigmoid(x: Value) -> Value:
    """``1 / (1 + exp(-x))``."""
    return 1.0 / (exp(-x) + 1.0)


def power(base: Value, exponent: Value) -> Value:
    """``base ** exponent``; small whole exponents are products."""
    number = exponent.number
    if number is not None and number == int(number) and abs(number) <= 8:
        return _whole_power(base, int(number))
    if base.kind.is_float:
        if number == 0.5:
            return base.call("sqrt")
        return float_power(base, exponent)
    return _repeated_square(base, exponent)


def _whole_power(base: Value, exponent: int) -> Value:
    if exponent < 0:
        return base.like(1) / _whole_power(base, -exponent)
    if exponent == 0:
        return base.like(1)
    result = base
    for bit in bin(exponent)[3:]:
        result = result * result
        if bit == "1":
            result = result * base
    return result


def _repeated_square(base: Value, exponent: Value) -> Value:
    result, square = base.like(1), base
    for bit in range(6):  # 2 ** 63 is the greatest exponent that does not overflow
        odd = (exponent & (1 << bit)).differs(0) if bit < 8 * base.kind.size else exponent.equals(0)
        result = odd.where(result * square, result)
        square = square * square
    return result


def softplus(x: Value, beta: Value | None = None, threshold: Value | None = None) -> Value:
    """``log(1 + exp(beta x)) / beta``; ``x`` itself beyond the threshold."""
    beta = x.like(1.0) if beta is None else beta
    threshold = x.like(20.0) if threshold is None else threshold
    scaled = x * beta
    return (scaled > threshold).where(x, log1p(exp(scaled)) / beta)


def rounded(x: Value) -> Value:
    """To the nearest whole number, halves to the even one."""
    return x.call("roundeven") if x.kind.is_float else x


def _whole(intrinsic: str) -> Formula:
    return lambda x: x.call(intrinsic) if x.kind.is_float else x


def erfinv(x: Value) -> Value:
    """The inverse of the error function: S. Winitzki's approximation, then three of Halley's steps."""
    size = absolute(x)
    w = -log1p(-(size * size))
    half = 2.0 / (math.pi * 0.147) - 0.5 * w
    y = clamp((half * half + w * (1.0 / 0.147)).call("sqrt") - half, x.like(0.0)).call("sqrt")
    for _ in range(3):
        gap = (size > 0.5).where((1.0 - size) - erfc(y), erf(y) - size)
        error = gap * (0.5 * math.sqrt(math.pi)) * exp(y * y)
        y = y - error / (1.0 + y * error)
    y = y.call("copysign", x)
    return size.equals(1.0).where(x * math.inf, size.equals(0.0).where(x, y))


def gelu(x: Value) -> Value:
    """``x`` times the normal distribution function."""
    return 0.5 * x * (1.0 + erf(x * math.sqrt(0.5)))


def _scaled(formula: Formula) -> Formula:
    """Lets the second operand come with a factor ``alpha``."""
    return lambda a, b, alpha=None: formula(a, b if alpha is None else b * alpha)


_add = _scaled(lambda a, b: a + b)
_sub = _scaled(lambda a, b: a - b)

_in_result("add.Tensor add.Scalar", _add)
_in_result("sub.Tensor sub.Scalar", _sub)
_in_result("rsub.Tensor rsub.Scalar", _scaled(lambda a, b: b - a))
_in_result("mul.Tensor mul.Scalar", lambda a, b: a * b)
_in_result("reciprocal.default", lambda x: 1.0 / x, 5)
_in_result("neg.default", lambda x: -x)
_in_result("abs.default", absolute)
_in_result("sign.default sgn.default", sign)
_in_result("fmod.Tensor fmod.Scalar", fmod, 20)
_in_result("remainder.Tensor remainder.Scalar", floor_remainder, 20)
_in_result("floor_divide.default floor_divide.Scalar", floor_divided, 20)
_in_result("maximum.default fmax.default", greater)
_in_result("minimum.default fmin.default", lesser)
_in_result("clamp.default clamp.Tensor", clamp, 2)
_in_result("clamp_min.default clamp_min.Tensor", greater)
_in_result("clamp_max.default clamp_max.Tensor", lesser)
_in_result("relu.default", lambda x: greater(x, x.like(0)))
_in_result("exp.default", exp, 15)
_in_result("exp2.default", lambda x: exp(x * math.log(2.0)), 16)
_in_result("expm1.default", expm1, 18)
_in_result("log.default", log, 20)
_in_result("log2.default", lambda x: log(x) * (1 / math.log(2.0)), 21)
_in_result("log10.default", lambda x: log(x) * (1 / math.log(10.0)), 21)
_in_result("log1p.default", log1p, 24)
_in_result("sqrt.default", lambda x: x.call("sqrt"), 6)
_in_result("rsqrt.default", lambda x: 1.0 / x.call("sqrt"), 10)
_in_result("sigmoid.default", sigmoid, 20)
_in_result("tanh.default", tanh, 25)
_in_result("digamma.default special_digamma.default", digamma, 100)
_in_result("erfinv.default special_erfinv.default", erfinv, 200)
_in_result("softplus.default", softplus, 40)
_in_result("gelu.default", gelu, 60)
_in_result("floor.default", _whole("floor"))
_in_result("ceil.default", _whole("ceil"))
_in_result("trunc.default", _whole("trunc"))
_in_result("round.default", rounded)
_in_result("frac.default", lambda x: x - x.call("trunc"))
_in_result("sin.default", sin, 40)
_in_result("cos.default", cos, 40)
_in_result("acos.default", acos, 40)
_in_result("erf.default special_erf.default", erf, 60)
_in_result("erfc.default special_erfc.default", erfc, 60)
_in_result("lgamma.default special_gammaln.default", lgamma, 100)
for _name in ("tan", "asin", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"):
    _in_result(f"{_name}.default", _library(_name), 60)
for _name in ("atan2", "hypot", "nextafter"):
    _in_result(f"{_name}.default", _library(_name), 60)
_in_result("sigmoid_backward.default", lambda gradient, y: gradient * (1.0 - y) * y, 3)
_in_result("tanh_backward.default", lambda gradient, y: gradient * (1.0 - y * y), 3)
_in_result("bitwise_and.Tensor bitwise_and.Scalar", lambda a, b: a & b)
_in_result("bitwise_or.Tensor bitwise_or.Scalar", lambda a, b: a | b)
_in_result("bitwise_xor.Tensor bitwise_xor.Scalar", lambda a, b: a ^ b)
_in_result("bitwise_not.default", lambda a: ~a)

_in_operands("eq.Tensor eq.Scalar", lambda a, b: a.equals(b))
_in_operands("ne.Tensor ne.Scalar", lambda a, b: a.differs(b))
_in_operands("lt.Tensor lt.Scalar", lambda a, b: a < b)
_in_operands("le.Tensor le.Scalar", lambda a, b: a <= b)
_in_operands("gt.Tensor gt.Scalar", lambda a, b: a > b)
_in_operands("ge.Tensor ge.Scalar", lambda a, b: a >= b)
_in_operands("logical_and.default", lambda a, b: _truth(a) & _truth(b))
_in_operands("logical_or.default", lambda a, b: _truth(a) | _truth(b))
_in_operands("logical_xor.default", lambda a, b: _truth(a) ^ _truth(b))
_in_operands("logical_not.default", lambda a: ~_truth(a))
_in_operands("isnan.default", lambda a: a.is_nan() if a.kind.is_float else a.differs(a))
_in_operands("isinf.default", lambda a: absolute(a).equals(math.inf) if a.kind.is_float else a.differs(a))
_in_operands("signbit.default", lambda a: (a.bits() if a.kind.is_float else a) < 0)


def _truth(value: Value) -> Value:
    return value if value.kind.kind == "bool" else value.differs(0)


@row("div.Tensor", "div.Scalar")
def _quotient(builder: Builder, val: Tensor, a: Any, b: Any) -> Expression:
    kind = builder.kind(val)
    if builder.flags and kind == F32 and isinstance(b, Expression) and b.kind == F64 and not b.shape:
        # an optimiser's corrections: processors divide slowly; zero's inverse is the infinity that quotients would be
        inverse = builder.store(builder.pointwise(lambda x: 1.0 / x, [b], F64, (), 5))
        return builder.pointwise(lambda a, b: a * b, [a, inverse], kind, val.shape)
    return builder.pointwise(lambda a, b: a / b, [a, b], kind, val.shape, 5)


@row("div.Tensor_mode", "div.Scalar_mode")
def _divide(builder: Builder, val: Tensor, a: Any, b: Any, *, rounding_mode: str | None) -> Expression:
    formulas: dict[str | None, Formula] = {None: lambda a, b: a / b, "floor": floor_divided, "trunc": truncated}
    return builder.pointwise(formulas[rounding_mode], [a, b], builder.kind(val), val.shape, 20)


@row("where.self", "where.ScalarSelf", "where.ScalarOther", "where.Scalar")
def _where(builder: Builder, val: Tensor, condition: Expression, yes: Any, no: Any) -> Expression:
    return choose(builder, val, condition, yes, no)


@row("masked_fill.Scalar", "masked_fill.Tensor")
def _masked_fill(builder: Builder, val: Tensor, source: Expression, mask: Expression, value: Any) -> Expression:
    return choose(builder, val, mask, value, source)


def choose(builder: Builder, val: Tensor, condition: Expression, yes: Any, no: Any) -> Expression:
    """``yes`` where the condition holds and ``no`` elsewhere."""
    kind, shape = builder.kind(val), tuple(val.shape)
    one, other = (builder.pointwise(lambda v: v, [e], kind, shape, 0) for e in (yes, no))
    return of_kinds(builder, lambda c, a, b: _truth(c).where(a, b), [condition, one, other], kind, shape)


def of_kinds(
    builder: Builder, formula: Formula, operands: Sequence[Expression], kind: ScalarType, shape: Sequence[int]
) -> Expression:
    """A formula whose operands keep their own element types."""
    result = builder.pointwise(formula, operands, kind, shape)
    result.compute_kind = None
    return result


@row(
    "_to_copy.default",
    "clone.default",
    "alias.default",
    "detach.default",
    "lift_fresh_copy.default",
    "to.dtype",
    "prims.convert_element_type.default",
    "contiguous.default",
)
def _copy(builder: Builder, val: Tensor, source: Expression, *args: Any, **kwargs: Any) -> Expression:
    return builder.convert(source, builder.kind(val))


@row("copy.default")
def _copy_from(builder: Builder, val: Tensor, target: Expression, source: Expression, *args: Any) -> Expression:
    return builder.operand(builder.convert(source, builder.kind(val)), builder.kind(val), val.shape)
