"""Python floats that remember how they were computed, so that a captured step takes them as inputs.

A step runs on slightly moved numbers that occur nowhere else by chance. What it computes from them is a
:class:`Number` again, and is recognised by its value where it enters a tensor operation. A comparison gives the
answer for the number as it is and becomes a condition, under which the captured step is valid.
"""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Condition", "Expression", "Number", "Numbers"]


@dataclass(frozen=True)
class Expression:
    """How a number follows from the base numbers.

    Attributes:
        fn: of the operands; ``None`` for a base number.
        operands: expressions and constants; of a base number, its position.
    """

    fn: Callable[..., float] | None
    operands: tuple[Any, ...]

    def evaluate(self, values: Sequence[float]) -> float:
        """The number for given base numbers."""
        if self.fn is None:
            return float(values[self.operands[0]])
        return self.fn(*(o.evaluate(values) if isinstance(o, Expression) else o for o in self.operands))


@dataclass(frozen=True)
class Condition:
    """What a program asked about a number, and the answer.

    Attributes:
        comparison: of the number and ``other``.
        number: what was compared.
        other: what it was compared with.
        answer: what the program got.
    """

    comparison: Callable[[Any, Any], bool]
    number: Expression
    other: Any
    answer: bool

    def holds(self, values: Sequence[float]) -> bool:
        """Whether the answer is the same for these base numbers."""
        other = self.other.evaluate(values) if isinstance(self.other, Expression) else self.other
        return bool(self.comparison(self.number.evaluate(values), other)) == self.answer


class Number(float):
    """A float with its :class:`Expression`."""

    _numbers: "Numbers"
    expression: Expression

    def _compute(self, fn: Callable[..., float], *operands: Any) -> Any:
        if not all(isinstance(operand, int | float) for operand in operands):
            return NotImplemented
        result = fn(*map(_plain, operands))
        return self._numbers.derive(result, Expression(fn, tuple(map(_content, operands))))

    def _compare(self, comparison: Callable[[Any, Any], bool], other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        return self._numbers.decide(comparison, self, other)

    def __add__(self, other: Any) -> Any:
        return self._compute(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return self._compute(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return self._compute(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._compute(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return self._compute(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._compute(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._compute(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._compute(operator.truediv, other, self)

    def __pow__(self, other: Any, modulus: None = None) -> Any:
        return self._compute(operator.pow, self, other)

    def __rpow__(self, other: Any, modulus: None = None) -> Any:
        return self._compute(operator.pow, other, self)

    def __neg__(self) -> Any:
        return self._compute(operator.neg, self)

    def __abs__(self) -> Any:
        return self._compute(abs, self)

    def __pos__(self) -> Any:
        return self

    def __lt__(self, other: Any) -> Any:
        return self._compare(operator.lt, other)

    def __le__(self, other: Any) -> Any:
        return self._compare(operator.le, other)

    def __gt__(self, other: Any) -> Any:
        return self._compare(operator.gt, other)

    def __ge__(self, other: Any) -> Any:
        return self._compare(operator.ge, other)

    def __eq__(self, other: Any) -> Any:
        return self._compare(operator.eq, other)

    def __ne__(self, other: Any) -> Any:
        return self._compare(operator.ne, other)

    def __bool__(self) -> bool:
        return bool(self._numbers.decide(operator.ne, self, 0.0))

    def _answer(self, question: Callable[..., Any], *operands: Any) -> Any:
        return self._numbers.answer(question, self, *operands)

    def __int__(self) -> int:
        return self._answer(int)  # type: ignore[no-any-return]

    def __trunc__(self) -> int:
        return self._answer(math.trunc)  # type: ignore[no-any-return]

    def __floor__(self) -> int:
        return self._answer(math.floor)  # type: ignore[no-any-return]

    def __ceil__(self) -> int:
        return self._answer(math.ceil)  # type: ignore[no-any-return]

    def __round__(self, digits: Any = None) -> Any:
        return self._answer(round, digits)

    def __floordiv__(self, other: Any) -> Any:
        return self._answer(operator.floordiv, _plain(other)) if isinstance(other, int | float) else NotImplemented

    def __mod__(self, other: Any) -> Any:
        return self._answer(operator.mod, _plain(other)) if isinstance(other, int | float) else NotImplemented

    def __repr__(self) -> str:
        return self._answer(repr)  # type: ignore[no-any-return]

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return self._answer(format, spec)  # type: ignore[no-any-return]

    def __hash__(self) -> int:
        return self._answer(hash)  # type: ignore[no-any-return]

    def is_integer(self) -> bool:
        """Whether it is a whole number."""
        return self._answer(float.is_integer)  # type: ignore[no-any-return]


class Numbers:
    """The base numbers of a step, what was computed from them, and what was asked about them.

    Args:
        values: the base numbers as they are.
        moved: how far each is moved, relative to its size, for the step to be captured; 0 leaves a number as it is,
            which makes it a constant of the captured step.

    Attributes:
        base: the numbers for the step to run on.
        conditions: under which the captured step is valid.
    """

    def __init__(self, values: Sequence[float], moved: Sequence[float]) -> None:
        self.values = list(values)
        self.conditions: list[Condition] = []
        self._derived: dict[float, Number] = {}
        self._rounded: dict[float, Number] = {}
        self.base: list[float] = []
        for i, (value, by) in enumerate(zip(values, moved, strict=True)):
            expression = Expression(None, (i,))
            if by == 0 or not math.isfinite(value):
                self.conditions.append(Condition(_same, expression, value, True))
                self.base.append(value)
            else:
                self.base.append(self.derive(value * (1 - by) if value else by, expression))

    def derive(self, value: float, expression: Expression) -> Number:
        """A number computed from base numbers."""
        number = Number(value)
        number._numbers, number.expression = self, expression
        self._derived.setdefault(float(value), number)
        self._rounded.setdefault(float(np.float32(value)), number)
        return number

    def decide(self, comparison: Callable[[Any, Any], bool], number: Number, other: Any) -> bool:
        """Compares a number as it is, not as it was moved, and keeps the answer as a condition."""
        expression, given = number.expression, _content(other)
        right = given.evaluate(self.values) if isinstance(given, Expression) else given
        answer = bool(comparison(expression.evaluate(self.values), right))
        self.conditions.append(Condition(comparison, expression, given, answer))
        return answer

    def answer(self, question: Callable[..., Any], number: Number, *operands: Any) -> Any:
        """Asks about a number as it is what jumps, such as its whole part, and keeps the answer as a condition."""
        expression = number.expression
        answer = question(expression.evaluate(self.values), *operands)
        self.conditions.append(Condition(_Asks(question, operands), expression, answer, True))
        return answer

    def find(self, value: float, rounded: bool = False) -> Number | None:
        """The number that has this value.

        Args:
            value: as it came out of an operation's arguments.
            rounded: whether it has gone through single precision.
        """
        return (self._rounded if rounded else self._derived).get(value)


@dataclass(frozen=True)
class _Asks:
    """Whether a question about a number has a given answer."""

    question: Callable[..., Any]
    operands: tuple[Any, ...]

    def __call__(self, value: float, answer: Any) -> bool:
        return bool(self.question(value, *self.operands) == answer)


def _same(value: Any, other: Any) -> bool:
    """Equal, or both NaN."""
    return bool(value == other or (value != value and other != other))


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Number) else value


def _content(value: Any) -> Any:
    return value.expression if isinstance(value, Number) else value
