import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyro.compiler.numbers import Condition, Expression, Number, Numbers

FUNCTIONS = {
    "x + 1": lambda x, y: x + 1, "1 - x": lambda x, y: 1 - x, "x * y": lambda x, y: x * y, "2 / x": lambda x, y: 2 / x,
    "x ** 2": lambda x, y: x**2, "2 ** x": lambda x, y: 2**x, "-x": lambda x, y: -x, "abs": lambda x, y: abs(-x),
    "several": lambda x, y: (1 - x) * y / (x + y) ** 0.5 - 3 * +x,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0.1, 10))
def test_what_is_computed_is_remembered(name, x, y, u, v):
    fn = FUNCTIONS[name]
    numbers = Numbers((x, y), (1e-6, 2e-6))
    result = fn(*numbers.base)
    assert isinstance(result, Number) and float(result) == fn(*map(float, numbers.base))
    assert result.expression.evaluate((u, v)) == fn(u, v)
    assert numbers.find(float(result)) is not None


def test_numbers_are_moved_a_little_and_found_by_value():
    numbers = Numbers((0.5, 0.0, math.inf, 2.0), (1e-5, 1e-5, 1e-5, 0.0))
    assert [type(value) for value in numbers.base] == [Number, Number, float, float]
    assert 0 < abs(float(numbers.base[0]) - 0.5) < 1e-4 and 0 < float(numbers.base[1]) < 1e-4
    assert numbers.find(0.5) is None and numbers.find(float(numbers.base[0])) is numbers.base[0]
    assert numbers.find(2.0) is None


def test_a_number_that_is_not_moved_must_stay():
    numbers = Numbers((2.0, math.nan), (0.0, 0.0))
    assert all(condition.holds((2.0, math.nan)) for condition in numbers.conditions)
    assert not all(condition.holds((2.5, math.nan)) for condition in numbers.conditions)
    assert not all(condition.holds((2.0, 1.0)) for condition in numbers.conditions)


@pytest.mark.parametrize("compare", [
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
@pytest.mark.parametrize("other", [0.25, 0.5, 1.0])
def test_comparisons_are_about_the_number_as_it_is(compare, other):
    numbers = Numbers((0.5,), (1e-3,))
    answer = compare(numbers.base[0], other)
    assert answer is compare(0.5, other)
    for value in (0.1, 0.25, 0.5, 0.7, 1.0):
        assert numbers.conditions[0].holds((value,)) == (compare(value, other) == answer)


def test_truth_and_extremes_are_conditions():
    numbers = Numbers((0.5, 0.0), (1e-6, 1e-6))
    assert numbers.base[0] and not numbers.base[1]
    assert min(numbers.base[0], 1.0) is numbers.base[0] and max(numbers.base[0], 1.0) == 1.0
    assert len(numbers.conditions) == 4


@pytest.mark.parametrize("ask", [
    int, math.floor, math.ceil, math.trunc, round, str, repr, hash, float.is_integer, lambda x: f"{x:.3f}",
    lambda x: x // 3, lambda x: x % 3, lambda x: round(x, 1), lambda x: {10.0: "ten"}.get(x)])
@pytest.mark.parametrize("by", [1e-6, -1e-6])
def test_what_jumps_is_that_of_the_number_as_it_is(ask, by):
    if ask is float.is_integer:
        ask = lambda x: x.is_integer()
    numbers = Numbers((10.0,), (by,))
    assert ask(numbers.base[0]) == ask(10.0)
    assert all(condition.holds((10.0,)) for condition in numbers.conditions)
    assert not all(condition.holds((12.5,)) for condition in numbers.conditions)


def test_numbers_work_as_floats():
    numbers = Numbers((0.5,), (1e-6,))
    assert math.isclose(math.exp(numbers.base[0]), math.exp(0.5), rel_tol=1e-5)
    with pytest.raises(TypeError):
        numbers.base[0] + "text"


def test_a_condition_on_two_numbers():
    condition = Condition(operator.lt, Expression(None, (0,)), Expression(None, (1,)), True)
    assert condition.holds((1.0, 2.0)) and not condition.holds((2.0, 1.0))
