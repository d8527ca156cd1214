"""Spanning trees: sums against enumeration, draws against probabilities, best trees, and what is refused."""

import pytest
import torch
from torch import Tensor

from pyro.distributions import spanning_tree
from pyro.distributions.spanning_tree import SpanningTree


def logits_of(num_vertices: int, *batch: int, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(num_vertices)
    size = num_vertices * (num_vertices - 1) // 2
    return scale * torch.randn(*batch, size, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("num_vertices", range(7))
def test_all_trees_are_listed_once(num_vertices: int) -> None:
    trees = spanning_tree.enumerate_spanning_trees(num_vertices)
    assert len(set(trees)) == len(trees) == spanning_tree.NUM_SPANNING_TREES[num_vertices]
    if num_vertices > 1:
        SpanningTree(logits_of(num_vertices)).validate_edges(torch.tensor(trees))


def test_too_many_trees_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="up to 8"):
        spanning_tree.enumerate_spanning_trees(9)


@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0])
@pytest.mark.parametrize("num_vertices", range(1, 6))
def test_probabilities_add_up_to_one(num_vertices: int, scale: float) -> None:
    d = SpanningTree(logits_of(num_vertices, 3, scale=scale))
    torch.testing.assert_close(d.log_prob(d.enumerate_support()).logsumexp(0), torch.zeros(3, dtype=torch.float64))


def test_edge_mean_is_the_probability_of_edges() -> None:
    d = SpanningTree(logits_of(4, 2))
    trees = d.enumerate_support(expand=False)
    probs = d.log_prob(trees).exp()
    expected = torch.zeros(2, 4, 4, dtype=torch.float64)
    for tree, prob in zip(trees.squeeze(1).tolist(), probs, strict=True):
        for u, v in tree:
            expected[:, u, v] += prob
            expected[:, v, u] += prob
    torch.testing.assert_close(d.edge_mean, expected)


@pytest.mark.parametrize("num_vertices", [2, 3, 4])
def test_draws_approach_the_distribution(num_vertices: int) -> None:
    d, draws = SpanningTree(logits_of(num_vertices), {"mcmc_steps": 4}), 5_000
    trees = d.enumerate_support()
    probs = d.log_prob(trees).exp()
    frequencies = (d.sample((draws, 1)) == trees).flatten(-2).all(-1).double().mean(0)
    assert (abs(frequencies - probs) <= 5 * (probs * (1 - probs) / draws).sqrt()).all()


def test_a_step_of_the_chain_keeps_the_distribution() -> None:
    d, draws = SpanningTree(logits_of(4)), 5_000
    trees = d.enumerate_support()
    probs = d.log_prob(trees).exp()
    exact = trees[torch.multinomial(probs, draws, replacement=True)]
    after = spanning_tree.sample_tree_mcmc(d.edge_logits.expand(draws, -1), exact)
    frequencies = (after.unsqueeze(1) == trees).flatten(-2).all(-1).double().mean(0)
    assert (abs(frequencies - probs) <= 5 * (probs * (1 - probs) / draws).sqrt()).all()


@pytest.mark.parametrize("num_vertices", [1, 2, 5])
def test_mode_has_the_largest_probability(num_vertices: int) -> None:
    d = SpanningTree(logits_of(num_vertices, 3))
    torch.testing.assert_close(d.log_prob(d.mode), d.log_prob(d.enumerate_support()).max(0).values)


@pytest.mark.parametrize("draw", [spanning_tree.sample_tree, spanning_tree.sample_tree_approx,
                                  spanning_tree.find_best_tree])
def test_functions_give_trees_for_batches(draw: object) -> None:
    logits = logits_of(5, 3)
    edges = draw(logits, backend="cpp")  # type: ignore[operator]
    assert edges.shape == (3, 4, 2)
    SpanningTree(logits).validate_edges(edges)


def test_without_steps_the_first_tree_is_the_result() -> None:
    edges = torch.tensor([[0, 1], [1, 2], [2, 3]])
    assert torch.equal(spanning_tree.sample_tree(logits_of(4), init_edges=edges, mcmc_steps=0), edges)


def test_edges_that_are_not_there() -> None:
    logits = torch.zeros(6)
    logits[:3] = -torch.inf  # vertex 3 is connected to each other one, which are not connected to each other
    logits.requires_grad_()
    d = SpanningTree(logits)
    (gradient,) = torch.autograd.grad(d.log_partition_function, logits)
    assert d.log_partition_function.item() == 0
    assert gradient.tolist() == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    assert d.sample().tolist() == [[0, 3], [1, 3], [2, 3]]


@pytest.mark.parametrize(("edges", "message"), [
    ([[1, 0], [1, 2], [2, 3]], "lesser vertex first"),
    ([[0, 1], [1, 2], [2, 4]], "vertices below 4"),
    ([[2, 3], [0, 1], [1, 2]], "colexicographic order"),
    ([[0, 1], [0, 1], [2, 3]], "colexicographic order"),
    ([[0, 1], [0, 2], [1, 2]], "connect all vertices"),
    ([[0, 1], [1, 2]], r"shape \(..., 3, 2\)"),
])
def test_what_is_no_tree_is_refused(edges: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpanningTree(logits_of(4)).validate_edges(torch.tensor(edges))


def test_other_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="complete graph"):
        SpanningTree(torch.zeros(5))
    with pytest.raises(ValueError, match="backend"):
        spanning_tree.make_complete_graph(3, backend="fortran")


def test_complete_graph_numbers_edges_colexicographically() -> None:
    assert spanning_tree.make_complete_graph(4).T.tolist() == [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]]
    assert spanning_tree.make_complete_graph(1).shape == (2, 0)
