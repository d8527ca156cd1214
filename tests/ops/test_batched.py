"""Laws of records of tensors with common batch dimensions."""

from typing import Any

import pytest
import torch

from pyro.ops.batched import Batched


class Line(Batched):
    """Two tensors whose batches broadcast to (3, 5)."""

    event_dims = {"offset": 0, "slope": 1}
    offset: torch.Tensor
    slope: torch.Tensor


LINE = Line(torch.arange(5.0), torch.arange(6.0).reshape(3, 1, 2))


def test_batch_shapes_broadcast() -> None:
    assert LINE.batch_shape == (3, 5)
    assert LINE.expand((4, 3, 5)).slope.shape == (4, 3, 5, 2)
    assert LINE.reshape((15,)).slope.shape == (15, 2)


INDICES = [0, slice(1, 3), (1, 2), (..., 1), (..., slice(0, 4, 2)), torch.tensor([2, 0])]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing_is_that_of_a_tensor_of_the_batch_shape(index: Any) -> None:
    assert torch.equal(LINE[index].offset, LINE.offset.expand(3, 5)[index])
    for i in range(2):
        assert torch.equal(LINE[index].slope[..., i], LINE.slope[..., i].expand(3, 5)[index])


@pytest.mark.parametrize("dim", [0, 1, -1, -2])
def test_cat_undoes_splitting(dim: int) -> None:
    parts = [LINE[:2], LINE[2:]] if dim in (0, -2) else [LINE[:, :2], LINE[:, 2:]]
    joined = Line.cat(parts, dim)
    assert torch.equal(joined.offset, LINE.offset.expand(3, 5))
    assert torch.equal(joined.slope, LINE.slope.expand(3, 5, 2))


def test_pairs_are_neighbours() -> None:
    first, second, odd = LINE.pairs()
    assert torch.equal(first.offset[0], torch.tensor([0.0, 2.0]))
    assert torch.equal(second.offset[0], torch.tensor([1.0, 3.0]))
    assert odd is not None and odd.offset[0] == 4
    assert LINE[..., :4].pairs()[2] is None
