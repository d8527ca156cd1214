"""Laws of advanced indexing."""

from typing import Any

import pytest
import torch

from pyro.ops.indexing import Index, Vindex, index, vindex

X = torch.arange(60).reshape(3, 4, 5)
ROW, COLUMN = torch.tensor([0, 1]), torch.tensor([[1], [2], [3]])
ALL = slice(None)


@pytest.mark.parametrize(("args", "expected"), [
    ((ROW, ALL, COLUMN), X.movedim(1, -1)[ROW, COLUMN]),
    ((ALL, ROW, COLUMN), X.movedim(0, -1)[ROW, COLUMN]),
    ((ROW, ALL, 0), X[:, :, 0][ROW]),
    ((ROW,), X[ROW]),
    ((ROW, slice(1, 3)), X[:, 1:3][ROW]),
    ((..., 0, COLUMN), X[:, 0][torch.arange(3), COLUMN]),
    ((..., torch.tensor([0, 1, 2, 3])), X[:, torch.arange(4), torch.arange(4)]),
    (1, X[1]), ((..., 1), X[..., 1]), ((), X), ((ALL, ALL, 1), X[:, :, 1]),
], ids=str)
def test_indices_come_first_and_slices_last(args: Any, expected: torch.Tensor) -> None:
    assert torch.equal(vindex(X, args), expected)
    assert torch.equal(Vindex(X)[args], expected)


def test_batch_dimensions_broadcast_with_indices() -> None:
    zeros = torch.zeros(6, 1, 1, dtype=torch.long)
    assert vindex(X, (..., ALL, zeros)).shape == (6, 1, 3, 4)
    assert torch.equal(vindex(X, (..., ALL, zeros))[0, 0], X[:, :, 0])


def test_an_ellipsis_elsewhere_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="Non-leading Ellipsis"):
        vindex(X, (ROW, ...))


@pytest.mark.parametrize("args", [(ROW, ALL, COLUMN), (..., ROW), [0, 1], 2], ids=str)
def test_plain_indexing(args: Any) -> None:
    assert torch.equal(index(X, args), X[args])
    assert torch.equal(Index(X)[args], X[args])
