import functools

import pytest
import torch
from torch import nn

from pyro.compiler.closures import Same, contents

SCALE = 2.0
TABLE = {"a": [torch.zeros(1), 3]}


def helper(x):
    return x * SCALE


def make():
    data, number, flag = torch.zeros(3), 1.5, True
    net = nn.Dropout()

    def inner():
        return TABLE

    def fn(extra=number):
        def local():
            return SCALE * number
        return helper(data), local(), inner(), net, flag, torch.ones(2), extra

    return fn, data, net


def test_variables_and_globals_are_found_by_path():
    fn, data, net = make()
    found = contents(fn)
    assert found[".data"] == Same(data)
    assert found[".number"] == (float, 1.5) and found[".flag"] == (bool, True)
    assert found[".net"] == (Same(net), (True,))
    assert found[".helper.SCALE"] == (float, 2.0) == found[".SCALE"]
    assert found[".inner.TABLE.'a'.0"] == Same(TABLE["a"][0]) and found[".inner.TABLE.'a'.1"] == (int, 3)
    assert found[".defaults.0"] == (float, 1.5)
    assert not any("torch" in path for path in found), "libraries are not looked into"


def test_the_same_code_with_the_same_variables_is_the_same():
    data = torch.zeros(1)
    one, other = ((lambda: data) for _ in range(2))
    assert contents(one) == contents(other)
    assert contents(lambda: data) != contents(lambda: data)


def test_another_training_flag():
    fn, _, net = make()
    before = contents(fn)
    net.eval()
    assert contents(fn) != before


class Model:
    def __init__(self):
        self.data = torch.zeros(2)

    def __call__(self, x):
        return self.data + x

    def method(self):
        return self.data


@pytest.mark.parametrize("wrap", [lambda m: m.method, lambda m: functools.partial(m, 1.0), lambda m: m])
def test_objects_count_by_identity(wrap):
    model = Model()
    assert contents(wrap(model)) == contents(wrap(model))
    assert contents(wrap(model)) != contents(wrap(Model()))


def test_circles_and_long_lists_end():
    loop = []
    loop.append(loop)
    assert contents(loop) == contents(loop)
    assert list(contents(list(range(1000)))) == [""]

    def recursive(n):
        return recursive(n - 1) if n else 0

    assert contents(recursive)


def test_a_variable_without_a_value():
    def outer():
        def fn():
            return later
        found = contents(fn)
        later = 1
        return found, contents(fn), later

    before, after, _ = outer()
    assert ".later" not in before and after[".later"] == (int, 1)
