"""Dotted names reach as far as the objects do."""

from types import SimpleNamespace

import pytest

from pyro.ops.attributes import deep_getattr, deep_setattr


def nested():
    return SimpleNamespace(x=1, a=SimpleNamespace(b=SimpleNamespace(c=2)))


@pytest.mark.parametrize(("name", "value"), [("x", 1), ("a.b.c", 2)])
def test_reading_and_setting(name, value):
    obj = nested()
    assert deep_getattr(obj, name) == value
    deep_setattr(obj, name, 7)
    assert deep_getattr(obj, name) == 7


def test_a_new_attribute():
    obj = nested()
    deep_setattr(obj, "a.b.new", 3)
    assert obj.a.b.new == 3 and obj.a.b.c == 2


@pytest.mark.parametrize("name", ["y", "a.y.c", "x.b"])
def test_what_does_not_exist(name):
    with pytest.raises(AttributeError):
        deep_getattr(nested(), name)


def test_owners_must_exist():
    with pytest.raises(AttributeError):
        deep_setattr(nested(), "a.y.c", 1)
