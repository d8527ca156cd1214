"""Which kernels share a pass over their rows."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pyro.compiler.loop.code import FAST, Module
from pyro.compiler.loop.expression import Pointwise, Stored
from pyro.compiler.loop.index import Index, Var
from pyro.compiler.loop.kernel import MapKernel
from pyro.compiler.loop.scalar import F32
from pyro.compiler.loop.schedule import Group, grouped, row_length
from pyro.compiler.loop.scope import Access, Buffer
from tests.compiler.loop.lowered import lowered_kernels
from tests.compiler.loop.steps import agree, sample

ROW, COLUMN = Var("k0", 100), Var("k1", 7)
BUFFER = Buffer("%b", F32, 700)


@pytest.mark.parametrize(
    ("address", "length"),
    [
        (Index.of(ROW) * 7 + Index.of(COLUMN), 7),
        (Index.of(ROW), 1),
        (Index.of(ROW) * 7 + Index.of(COLUMN) + 1, None),
        (Index.of(ROW) + Index.of(COLUMN) * 100, None),
        (Index.of(COLUMN), None),
    ],
)
def test_row_length(address: Index, length: int | None) -> None:
    assert row_length(Access(BUFFER, address), ROW) == length


def groups_of(function: Callable[..., tuple[Tensor, ...]], *args: Tensor) -> list[Group]:
    return grouped([k for k in lowered_kernels(function, *args) if not k.invariant])


def test_a_product_and_its_transpose_share_one_pass() -> None:
    def function(w: Tensor, x: Tensor) -> tuple[Tensor, ...]:
        y = torch.sigmoid(x @ w)
        return x.t() @ (y - 1), y.sum()

    groups = groups_of(function, sample((54,)), sample((5000, 54)))
    assert max(len(group.kernels) for group in groups) >= 3
    assert [group.rows for group in groups if len(group.kernels) > 1] == [5000]


def test_what_needs_all_rows_waits() -> None:
    groups = groups_of(lambda w, x: ((x * w - (x * w).exp().sum()).exp(),), sample(()), sample((5000,)))
    assert [group.rows for group in groups if group.rows] == [5000, 5000]


def test_a_number_that_is_made_late_keeps_no_loop_apart() -> None:
    def stored(name: str, shape: tuple[int, ...]) -> Stored:
        return Stored(shape, F32, 0, False, Buffer(name, F32, max(1, *shape, 1)), (1,) * len(shape))

    def product(target: Stored, *sources: Stored) -> MapKernel:
        spread = [s if s.shape == target.shape else replace(s, shape=target.shape, strides=(0,)) for s in sources]
        body = Pointwise(target.shape, F32, 1, False, tuple(spread), lambda x, y: x * y)
        return MapKernel.into(Module({}), FAST, body, target.buffer)

    data, scaled, new = (stored(name, (1000,)) for name in ("%data", "%scaled", "%new"))
    number, rate = stored("%number", ()), stored("%rate", ())
    kernels = [product(scaled, data, data), product(rate, number, number), product(new, scaled, rate)]
    groups = grouped(kernels)
    assert [[kernels.index(kernel) for kernel, _ in group.kernels] for group in groups] == [[1], [0, 2]]


@pytest.mark.parametrize("rows", [64, 65, 200, 1000, 1001, 4999])
def test_strips_change_nothing(rows: int) -> None:
    def function(x: Tensor, w: Tensor) -> tuple[Tensor, ...]:
        y = torch.tanh(x @ w)
        z = (x * y[:, None]).exp()
        return y, x.t() @ y, z.sum(), z.sum(0), z.amax(1) + z.mean(), z.t() @ z

    agree(function, sample((rows, 11), torch.float64) * 0.3, sample((11,), torch.float64), tolerance=1e-11)
