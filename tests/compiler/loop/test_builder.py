"""What is stored, and what is computed where it is used."""

import pytest

from pyro.compiler.loop.builder import PADDING, Builder
from pyro.compiler.loop.code import FAST, Module
from pyro.compiler.loop.expression import Expression, Stored, contiguous_strides
from pyro.compiler.loop.scalar import F32
from pyro.compiler.loop.scope import Buffer
from pyro.compiler.loop.vector_math import LIBRARY, exp


def source(numel: int, invariant: bool = False) -> Stored:
    return Stored((numel,), F32, 0, invariant, Buffer("%in0", F32, numel), (1,))


def settled(cost: int, uses: int, span: int, numel: int = 1000, invariant: bool = False) -> bool:
    """Whether a value is stored."""
    builder = Builder(Module(LIBRARY), FAST)
    given = source(numel, invariant)
    value: Expression = builder.pointwise(exp, [given], F32, given.shape, cost)
    return isinstance(builder.settle(value, uses, span), Stored)


def test_dear_values_with_several_uses_are_stored() -> None:
    assert settled(cost=15, uses=2, span=1000)
    assert not settled(cost=15, uses=1, span=1000)
    assert not settled(cost=1, uses=3, span=1000)


def test_values_are_not_computed_for_each_row_of_a_consumer() -> None:
    assert settled(cost=1, uses=1, span=54_000)


def test_what_no_step_changes_is_computed_ahead() -> None:
    assert settled(cost=15, uses=1, span=1000, invariant=True)


@pytest.mark.parametrize(("shape", "uses", "is_stored"), [
    ((31, 10), 2, True),
    ((31, 10), 1, False),
    ((31, 16), 2, False),
    ((31, 100), 2, False),
    ((310,), 2, False),
    ((3100, 10), 2, False),
])  # fmt: skip
def test_short_ragged_rows_with_several_uses_are_stored(shape: tuple[int, ...], uses: int, is_stored: bool) -> None:
    builder = Builder(Module(LIBRARY), FAST)
    given = Stored(shape, F32, 0, False, Buffer("%in0", F32, 100_000), contiguous_strides(shape))
    value = builder.pointwise(lambda x: x * x, [given], F32, shape, 1)
    assert isinstance(builder.settle(value, uses, given.numel), Stored) is is_stored


def test_long_bodies_are_cut() -> None:
    assert settled(cost=1000, uses=1, span=1000)


def test_a_tensor_is_stored_once_and_padded() -> None:
    builder = Builder(Module(LIBRARY), FAST)
    given = source(10)
    value = builder.pointwise(exp, [given], F32, given.shape, 15)
    assert builder.store(value) is builder.store(value)
    assert [b.numel for b in builder.buffers] == [10 + PADDING]
    assert len(builder.kernels) == 1
    assert builder.contiguous(given) is given
