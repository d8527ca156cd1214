"""Sums over spanning trees equal those of listed trees, however much weights differ, with gradients."""

import itertools

import pytest
import torch
from torch import Tensor

from pyro.ops.complete_graph import edge_matrix, incidence, log_tree_sum
from pyro.ops.validation import collecting


def logits_of(num_vertices: int, scale: float, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(num_vertices)
    size = num_vertices * (num_vertices - 1) // 2
    return scale * torch.randn(2, size, dtype=torch.float64, generator=generator).to(dtype)


def trees(num_vertices: int) -> Tensor:
    """The numbers of the edges of all trees: sets of edges by which vertex 0 reaches all others."""
    edges = [(u, v) for v in range(num_vertices) for u in range(v)]
    found = []
    for chosen in itertools.combinations(range(len(edges)), num_vertices - 1):
        reached = {0}
        for _ in chosen:
            reached |= {w for e in chosen if set(edges[e]) & reached for w in edges[e]}
        if len(reached) == num_vertices:
            found.append(chosen)
    return torch.tensor(found)


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-11), (torch.float32, 1e-6)])
@pytest.mark.parametrize("scale", [0.0, 1.0, 10.0, 1000.0])
@pytest.mark.parametrize("num_vertices", [2, 3, 5])
def test_sums_and_gradients_are_those_of_listed_trees(
    num_vertices: int, scale: float, dtype: torch.dtype, bound: float
) -> None:
    logits = logits_of(num_vertices, scale, dtype).requires_grad_()
    listed = logits.double()[..., trees(num_vertices)].sum(-1).logsumexp(-1)
    total = log_tree_sum(logits, num_vertices)
    assert total.dtype == dtype
    torch.testing.assert_close(total.double(), listed, rtol=bound, atol=bound)
    (gradient,) = torch.autograd.grad(total.sum(), logits)
    (expected,) = torch.autograd.grad(listed.sum(), logits)
    torch.testing.assert_close(gradient, expected, rtol=bound, atol=bound)


@pytest.mark.parametrize("offset", [-1e4, 0.0, 1e4])
def test_values_that_may_not_be_read_give_the_same(offset: float) -> None:
    logits = logits_of(6, 2.0) + offset
    with collecting(everything=True):
        by_elimination = log_tree_sum(logits, 6)
    torch.testing.assert_close(log_tree_sum(logits, 6), by_elimination, rtol=1e-13, atol=0)
    torch.testing.assert_close(torch.vmap(lambda row: log_tree_sum(row, 6))(logits), by_elimination, rtol=1e-13, atol=0)


def test_second_derivatives_equal_differences() -> None:
    torch.autograd.gradgradcheck(lambda logits: log_tree_sum(logits, 4), [logits_of(4, 1.0).requires_grad_()])


def test_a_graph_in_two_parts_has_no_tree() -> None:
    assert log_tree_sum(torch.full((3,), -torch.inf), 3).item() < -1e37
    assert log_tree_sum(torch.zeros(0), 1).item() == 0


def test_rows_of_the_incidence_matrix_tell_trees() -> None:
    chosen = torch.tensor(list(itertools.combinations(range(10), 4)))
    determinants = incidence(5, torch.zeros(())).index_select(0, chosen.flatten()).reshape(-1, 4, 4).det()
    assert set(determinants.tolist()) == {-1.0, 0.0, 1.0}
    assert torch.equal(chosen[determinants != 0], trees(5))


def test_a_matrix_of_vertices_has_each_edge_twice() -> None:
    values = logits_of(4, 1.0)
    matrix = edge_matrix(values, 4, 7.0)
    assert torch.equal(matrix, matrix.mT)
    assert torch.equal(matrix[..., 1, 3], values[..., 4])
    assert (matrix.diagonal(dim1=-2, dim2=-1) == 7).all()
