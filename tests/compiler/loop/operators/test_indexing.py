"""Gathers and scatters against ATen."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.compiler.loop.steps import agree, compiled, integers, sample

INDEXING: dict[str, tuple[Callable[..., Any], tuple[Tensor, ...]]] = {
    "index": (lambda x, i: x[i], (sample((9, 5)), integers((13,), 9))),
    "index columns": (lambda x, i: x[:, i], (sample((9, 5)), integers((4, 2), 5))),
    "index both": (lambda x, i, j: x[i, j], (sample((9, 5)), integers((4, 1), 9), integers((3,), 5))),
    "index apart": (lambda x, i, j: x[i, :, j], (sample((9, 5, 4)), integers((6,), 9), integers((6,), 4))),
    "index an expression": (lambda x, i: (x * 2 + 1).exp()[i].sum(0), (sample((9, 5)), integers((13,), 9))),
    "index many": (lambda x, i: x[i] * 2, (sample((300,)), integers((1000,), 300))),
    "index put": (
        lambda x, i, v: torch.index_put(x, (i,), v),
        (sample((9, 5)), torch.tensor([0, 3, -1]), sample((3, 5))),
    ),
    "index put added": (
        lambda x, i, v: torch.index_put(x, (i,), v, True),
        (sample((9, 5)), integers((13,), 9), sample((13, 5))),
    ),
    "mask put": (lambda x: torch.index_put(x, (x > 0,), torch.tensor(3.0)), (sample((9, 5)),)),
    "index add": (
        lambda x, i, v: torch.index_add(x, 1, i, v, alpha=2),
        (sample((5, 9)), integers((13,), 9) % 9, sample((5, 13))),
    ),
    "index select": (lambda x, i: x.index_select(1, i), (sample((4, 9)), integers((13,), 9) % 9)),
    "embedding": (lambda x, i: torch.nn.functional.embedding(i, x), (sample((9, 5)), integers((4, 3), 9) % 9)),
    "gather": (lambda x, i: x.gather(1, i), (sample((4, 9)), integers((4, 3), 9) % 9)),
    "gather rows": (lambda x, i: x.gather(0, i), (sample((9, 40)), integers((3, 33), 9) % 9)),
    "scatter": (
        lambda x, i, v: x.scatter(1, i, v),
        (sample((2, 9)), torch.tensor([[0, 4, 8], [1, 3, 2]]), sample((2, 4))),
    ),
    "scatter a number": (lambda x, i: x.scatter(0, i, 2.5), (sample((9, 4)), integers((3, 4), 9) % 9)),
    "scatter add": (
        lambda x, i, v: x.scatter_add(0, i, v),
        (sample((9, 4)), integers((30, 4), 9) % 9, sample((30, 4))),
    ),
    "one hot": (lambda i: torch.nn.functional.one_hot(i, 9), (integers((13,), 9) % 9,)),
    "take along": (lambda x, i: torch.take_along_dim(x, i, 1), (sample((4, 9)), integers((4, 3), 9) % 9)),
}


@pytest.mark.parametrize("name", INDEXING)
def test_indexing(name: str) -> None:
    function, args = INDEXING[name]
    agree(function, *args)


def test_embedding_backward() -> None:
    index = torch.tensor([[0, 3, 3], [1, 2, 3]])
    for padding in (-1, 3):
        agree(
            lambda g, i, p=padding: torch.ops.aten.embedding_dense_backward(g, i, 6, p, False), sample((2, 3, 5)), index
        )


def test_index_out_of_bounds_stays_inside() -> None:
    x = torch.arange(5.0)
    (result,) = compiled(lambda x, i: (x[i],), x, torch.tensor([7, -9, 2]))
    assert result.tolist() == [4.0, 0.0, 2.0]
