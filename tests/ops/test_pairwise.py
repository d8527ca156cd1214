"""Laws of associative products along a chain."""

import functools

import pytest
import torch

from pyro.ops.batched import Batched
from pyro.ops.pairwise import compose_indices, interleaving, reduce_pairwise, scan_pairwise


class Matrix(Batched):
    """Square matrices."""

    event_dims = {"entries": 2}
    entries: torch.Tensor


def product(x: Matrix, y: Matrix) -> Matrix:
    return Matrix(x.entries @ y.entries)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 13])
def test_products_equal_those_taken_one_by_one(length: int) -> None:
    torch.manual_seed(0)
    chain = torch.randn(2, length, 3, 3).double()
    expected = [functools.reduce(torch.matmul, chain[:, : i + 1].unbind(1)) for i in range(length)]
    torch.testing.assert_close(reduce_pairwise(Matrix(chain), product).entries, expected[-1])
    torch.testing.assert_close(scan_pairwise(Matrix(chain), product).entries, torch.stack(expected, 1))


@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_indices_are_followed_from_the_start(length: int) -> None:
    torch.manual_seed(0)
    maps = torch.randint(3, (4, length, 3))
    state = torch.arange(3).expand(4, 3)
    for step, after in enumerate(compose_indices(maps).unbind(1)):
        state = maps[:, step].gather(-1, state)
        assert torch.equal(after, state)


def test_interleaving_takes_turns() -> None:
    assert interleaving(4, torch.device("cpu")).tolist() == [0, 2, 1, 3]
