"""The generator against the published known answers; its numbers are uniform, normal and independent."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch

from pyro.compiler.loop.code import STRICT, Code, Module
from pyro.compiler.loop.native import compile_text
from pyro.compiler.loop.philox import Stream, normal, philox
from pyro.compiler.loop.scalar import F64, I64
from pyro.compiler.loop.vector_math import LIBRARY

N = 20_000
KEY = 0x0123456789ABCDEF


def words(counter, key):
    """Four words for four of the counter and two of the key."""
    module = Module(LIBRARY)
    code = Code(module, STRICT)
    constants = [code.constant(I64, word) for word in (*counter, *key)]
    for i, word in enumerate(philox(tuple(constants[:4]), tuple(constants[4:]))):
        code.do(f"%at{i} = getelementptr i64, ptr %out, i64 {i}")
        code.do(f"store {word.typed()}, ptr %at{i}")
    body = "\n".join(code.lines)
    native = compile_text(f"{module.text()}\ndefine void @run(ptr %out) {{\nentry:\n{body}\nret void\n}}\n", "run")
    out = torch.zeros(4, dtype=torch.int64)
    native.call(1, [out.data_ptr()], [])
    return [f"{word:08x}" for word in out.tolist()]


# from the test vectors of the authors' library Random123
KNOWN = [
    ((0,) * 4, (0,) * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0), "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter, key, expected):
    assert words(counter, key) == expected.split()


def drawn(formula, key=KEY, draw=0, block=0):
    """The formula's value for the elements from 0 on."""
    module = Module(LIBRARY)
    code = Code(module, STRICT)
    with code.loop(N) as counter:
        stream = Stream(code.constant(I64, key), code.constant(I64, draw), code.position(counter))
        value = formula(*stream.uniforms(code.constant(I64, block)))
        place = code.raw(f"getelementptr double, ptr %out, i64 {counter}")
        code.do(f"store {value.typed()}, ptr {place}")
    body = "\n".join(code.lines)
    native = compile_text(f"{module.text()}\ndefine void @run(ptr %out) {{\nentry:\n{body}\nret void\n}}\n", "run")
    out = torch.zeros(N, dtype=F64.dtype)
    native.call(1, [out.data_ptr()], [])
    return out.numpy()


FORMULAS = {"first": lambda a, b: a, "second": lambda a, b: b}


@pytest.mark.parametrize("name", FORMULAS)
def test_uniform(name):
    x = drawn(FORMULAS[name])
    assert x.min() > 0
    assert x.max() < 1
    assert scipy.stats.kstest(x, "uniform").pvalue > 1e-3


STREAMS = [{}, {"key": KEY + 1}, {"key": KEY + (1 << 32)}, {"draw": 1}, {"block": 1}, {"key": -KEY}]


def test_streams_do_not_depend_on_each_other():
    x = [drawn(FORMULAS["first"], **where) for where in STREAMS]
    x += [drawn(FORMULAS["second"]), np.roll(x[0], 1)]
    correlation = np.corrcoef(x)
    assert np.abs(correlation - np.eye(len(x))).max() < 5 / np.sqrt(N)


def test_normal():
    x = drawn(lambda a, b: normal(a))
    assert scipy.stats.kstest(x, "norm").pvalue > 1e-3
    np.testing.assert_allclose(x, scipy.special.ndtri(drawn(FORMULAS["first"])), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("exponent", [-2, -5, -8, -12, -15.5])
def test_normal_tails(exponent):
    u = 10.0**exponent
    low = drawn(lambda a, b: normal(a.like(u)))[0]
    assert low == pytest.approx(scipy.special.ndtri(u), rel=1e-14)
    if exponent > -9:
        assert drawn(lambda a, b: normal(a.like(1 - u)))[0] == pytest.approx(-low, rel=1e-7)
