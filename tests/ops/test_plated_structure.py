"""Which rows stay apart in an elimination."""

import pytest

from pyro.ops.plated_structure import Factor, Variable, independent_plates

ROWS, NONE = frozenset("a"), frozenset()


def structure(variables, factors, dense=False):
    return independent_plates({name: Variable(tuple(plates), 1) for name, plates in variables.items()},
                              {name: Factor(tuple(plates), tuple(touched), 1)
                               for name, (plates, touched) in factors.items()}, dense)


@pytest.mark.parametrize("variables, factors, expected", [
    ({"x": "a"}, {"x": ("a", "x")}, {"x": ROWS}),
    ({"m": "", "x": "a"}, {"m": ("", "m"), "x": ("a", "xm")}, {"m": NONE, "x": ROWS}),
    # a factor of all rows joins them
    ({"x": "a"}, {"x": ("a", "x"), "o": ("", "x")}, {"x": NONE}),
    # and those of what depends on them
    ({"x": "a", "y": "a"}, {"x": ("a", "x"), "y": ("a", "yx"), "o": ("", "x")}, {"x": NONE, "y": NONE}),
    # plates that cross
    ({"x": "a", "y": "b"}, {"x": ("a", "x"), "y": ("b", "y"), "o": ("ab", "xy")}, {"x": NONE, "y": NONE}),
    # but not where the inner variable is in both
    ({"x": "a", "y": "ab"}, {"x": ("a", "x"), "y": ("ab", "yx")}, {"x": ROWS, "y": frozenset("ab")}),
])
def test_plates_of_variables(variables, factors, expected):
    assert structure(variables, factors).variables == expected


def test_dense_has_no_plates():
    found = structure({"x": "a"}, {"x": ("a", "x")}, dense=True)
    assert found.variables == {"x": NONE} and found.factors == {"x": NONE}


def test_outer_variables_are_passed_outwards():
    found = structure({"m": "", "x": "a", "y": "ab"}, {"m": ("", "m"), "x": ("a", "xm"), "y": ("ab", "yxm")})
    assert found.outer == {NONE: set(), ROWS: {"m"}, frozenset("ab"): {"x", "m"}}
