r"""Random spanning trees of a complete graph with weighted edges.

An edge is a pair of vertices, the lesser first. The edges of the complete graph, and those of a tree, are in
colexicographic order: (0, 1), (0, 2), (1, 2), (0, 3), ... So edge (u, v) of the graph has number v (v - 1) / 2 + u. All
functions accept batches of logits, of shape (..., number of edges), and give edges of shape (..., vertices - 1, 2).

The partition function is computed by :func:`~pyro.ops.complete_graph.log_tree_sum`.

Source: D. B. Wilson (1996), Generating random spanning trees more quickly than the cover time, STOC; R. Lyons, Y. Peres
(2017), Probability on Trees and Networks, ch. 4.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.ops.complete_graph import edge_matrix, incidence, log_tree_sum
from pyro.ops.validation import require

__all__ = ["NUM_SPANNING_TREES", "SpanningTree", "enumerate_spanning_trees", "find_best_tree", "make_complete_graph",
           "sample_tree", "sample_tree_approx", "sample_tree_mcmc"]

NUM_SPANNING_TREES = [1, 1, *(v ** (v - 2) for v in range(2, 20))]
"""The number of spanning trees by number of vertices (Cayley)."""

_MAX_ENUMERATED = 8


class _Edges(constraints.Constraint):
    """Lists of pairs of nonnegative integers. Whether they form a tree depends on how many vertices there are."""

    is_discrete = True
    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        is_whole = value % 1 == 0 if value.is_floating_point() else True
        return ((value >= 0) & is_whole).flatten(-2).all(-1)


class SpanningTree(Parametric):
    r"""Random spanning tree of the complete graph over V vertices.

    .. math::
        p(T) = \frac{1}{Z} \exp \sum_{e \in T} l_e

    Args:
        edge_logits: logits :math:`l` of the edges, of shape batch_shape + (V (V - 1) / 2,).
        sampler_options: options of :func:`sample_tree`. Draws are made by a Markov chain and exact only in the limit of
            many steps.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (V - 1, 2), batch_shape is that of ``edge_logits`` without its last dimension.

    Support:
        the edges of spanning trees, as integers, in colexicographic order.

    Raises:
        ValueError: if no complete graph has that number of edges.

    References:
        R. Lyons, Y. Peres (2017), Probability on Trees and Networks, ch. 4.

    Example:
        >>> SpanningTree(torch.zeros(3)).log_prob(torch.tensor([[0, 1], [1, 2]])).exp()
        tensor(0.3333)
    """

    has_enumerate_support = True
    arg_constraints = {"edge_logits": constraints.real_vector}
    support = _Edges()
    edge_logits: Tensor

    def __init__(
        self,
        edge_logits: Tensor,
        sampler_options: Mapping[str, Any] | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.num_vertices = _num_vertices(edge_logits)
        self.sampler_options = dict(sampler_options or {})
        super().__init__((self.num_vertices - 1, 2), edge_logits=edge_logits, validate_args=validate_args)

    @staticmethod
    def infer_shapes(edge_logits: tuple[int, ...]) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            edge_logits: shape of ``edge_logits``.

        Returns:
            batch_shape and event_shape.
        """
        num_vertices = (1 + math.isqrt(1 + 8 * edge_logits[-1])) // 2
        return Size(edge_logits[:-1]), Size([num_vertices - 1, 2])

    def validate_edges(self, edges: Tensor) -> None:
        """Checks that edges are those of spanning trees, in order.

        Args:
            edges: integers of shape (..., V - 1, 2).

        Raises:
            ValueError: if not.
        """
        self._checked_index(edges)

    def _checked_index(self, edges: Tensor) -> Tensor:
        """The numbers of edges that are those of spanning trees, in order."""
        if edges.shape[edges.dim() - 2 :] != self.event_shape:
            raise ValueError(f"SpanningTree: expected edges of shape (..., {self.num_vertices - 1}, 2), got "
                             f"{tuple(edges.shape)}.")
        first, second = edges.unbind(-1)
        require((first >= 0) & (first < second) & (second < self.num_vertices), lambda: ValueError(
            "SpanningTree: expected the lesser vertex first in each edge, and vertices below "
            f"{self.num_vertices}, got {edges.tolist()}."))
        index = _edge_index(edges)
        require(index[..., 1:] > index[..., :-1], lambda: ValueError(
            f"SpanningTree: expected edges in colexicographic order, got {edges.tolist()}."))
        require(incidence(self.num_vertices, self.edge_logits.detach())[index].det() != 0, lambda: ValueError(
            f"SpanningTree: expected edges that connect all vertices, got {edges.tolist()}."))
        return index

    @property
    def log_partition_function(self) -> Tensor:
        """The log of the sum over all trees, of the batch shape."""
        return log_tree_sum(self.edge_logits, self.num_vertices)

    def log_prob(self, edges: Tensor) -> Tensor:
        """The log probability of trees.

        Args:
            edges: their edges in order, broadcastable with batch_shape + event_shape.

        Returns:
            Their log probabilities.
        """
        if self._validate_args:
            self._validate_sample(edges)
            index = self._checked_index(edges.long())
        else:
            index = _edge_index(edges.long())
        batch_shape = torch.broadcast_shapes(index.shape[:-1], self.batch_shape)
        logits = self.edge_logits.expand(batch_shape + self.edge_logits.shape[-1:])
        return logits.gather(-1, index.expand(batch_shape + index.shape[-1:])).sum(-1) - self.log_partition_function

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws trees by a Markov chain; see :func:`sample_tree`.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Edges of shape sample_shape + batch_shape + event_shape.
        """
        logits = self.edge_logits.detach()
        return sample_tree(logits.expand(Size(sample_shape) + logits.shape), **self.sampler_options)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Lists the trees along a new leftmost dimension.

        Args:
            expand: whether to expand them over the batch shape.

        Returns:
            The trees' edges.
        """
        trees = torch.tensor(enumerate_spanning_trees(self.num_vertices), device=self.edge_logits.device).long()
        trees = trees.reshape(trees.shape[:1] + (1,) * len(self.batch_shape) + self.event_shape)
        return trees.expand(trees.shape[:1] + self.shape()) if expand else trees

    @property
    def mode(self) -> Tensor:
        """The most probable tree."""
        return find_best_tree(self.edge_logits)

    @property
    def edge_mean(self) -> Tensor:
        """The probability of each edge to be in the tree, as a symmetric matrix of shape batch_shape + (V, V).

        It is the gradient of the log partition function.
        """

        def total(edge_logits: Tensor) -> Tensor:
            return log_tree_sum(edge_logits, self.num_vertices).sum()

        probs: Tensor = torch.func.grad(total)(self.edge_logits)
        return edge_matrix(probs, self.num_vertices, 0.0)


def _num_vertices(edge_logits: Tensor) -> int:
    num_edges = edge_logits.shape[-1]
    num_vertices = (1 + math.isqrt(1 + 8 * num_edges)) // 2
    if num_vertices * (num_vertices - 1) // 2 != num_edges:
        raise ValueError("SpanningTree: expected a logit for each of the V (V - 1) / 2 edges of a complete graph, got "
                         f"edge_logits of shape {tuple(edge_logits.shape)}.")
    return num_vertices


def _edge_index(edges: Tensor) -> Tensor:
    first, second = edges.unbind(-1)
    return second * (second - 1) // 2 + first


def _edges(index: Tensor, num_vertices: int) -> Tensor:
    """The edges with given numbers, in order."""
    return make_complete_graph(num_vertices).to(index.device).T[index.sort(-1).values]


def _connected(index: Tensor, num_vertices: int) -> Tensor:
    """Which vertices are connected to which by the edges of given numbers."""
    is_edge = torch.zeros(index.shape[:-1] + (num_vertices * (num_vertices - 1) // 2,), device=index.device)
    reach = edge_matrix(is_edge.scatter(-1, index, 1.0), num_vertices, 1.0)
    for _ in range((num_vertices - 1).bit_length()):
        reach = (reach @ reach).clamp(max=1)
    return reach > 0


def make_complete_graph(num_vertices: int, backend: str = "python") -> Tensor:
    """The edges of the complete graph.

    Args:
        num_vertices: number of vertices.
        backend: "python"; "cpp" means the same.

    Returns:
        Integers of shape (2, number of edges), in colexicographic order.

    Example:
        >>> make_complete_graph(3)
        tensor([[0, 0, 1],
                [1, 2, 2]])
    """
    _check_backend(backend)
    return torch.tril_indices(num_vertices, num_vertices, -1).flip(0)


def _check_backend(backend: str) -> None:
    if backend not in ("python", "cpp"):
        raise ValueError(f"Expected backend 'python' or 'cpp', which mean the same here, got {backend!r}.")


def _grow(edge_logits: Tensor, is_random: bool) -> Tensor:
    """Adds edges between different components, the best one or one by the logits, until there is one component."""
    num_vertices = _num_vertices(edge_logits)
    with torch.no_grad():
        first, second = make_complete_graph(num_vertices).to(edge_logits.device)
        component = torch.arange(num_vertices, device=edge_logits.device).expand(edge_logits.shape[:-1] + (-1,))
        index = torch.zeros(edge_logits.shape[:-1] + (0,), dtype=torch.long, device=edge_logits.device)
        for _ in range(num_vertices - 1):
            edge = _choose(edge_logits, component[..., first] != component[..., second], is_random).unsqueeze(-1)
            kept, joined = component.gather(-1, first[edge]), component.gather(-1, second[edge])
            component = torch.where(component == joined, kept, component)
            index = torch.cat([index, edge], -1)
        return _edges(index, num_vertices)


def _choose(logits: Tensor, is_allowed: Tensor, is_random: bool) -> Tensor:
    """The best of the allowed edges, or one drawn by the logits: the first of exponential clocks to ring."""
    if is_random:
        logits = logits - torch.empty_like(logits).exponential_().log()
    # minus infinity is for what is not allowed; an edge of logit minus infinity may be the last one that is
    return logits.clamp(min=torch.finfo(logits.dtype).min).masked_fill(~is_allowed, -torch.inf).argmax(-1)


def find_best_tree(edge_logits: Tensor, backend: str = "python") -> Tensor:
    """The spanning tree of the largest sum of logits, by Kruskal's algorithm.

    Args:
        edge_logits: logits of the edges.
        backend: "python"; "cpp" means the same.

    Returns:
        The tree's edges.
    """
    _check_backend(backend)
    return _grow(edge_logits, is_random=False)


def sample_tree_approx(edge_logits: Tensor, backend: str = "python") -> Tensor:
    """Draws a tree approximately: each edge in turn, among those that join two components, by the logits.

    Args:
        edge_logits: logits of the edges.
        backend: "python"; "cpp" means the same.

    Returns:
        The tree's edges.
    """
    _check_backend(backend)
    return _grow(edge_logits, is_random=True)


def sample_tree_mcmc(edge_logits: Tensor, edges: Tensor, backend: str = "python") -> Tensor:
    """Takes one step of a Markov chain over trees, which leaves their distribution as it is.

    Each edge, in random order, is removed and replaced by one that joins the two components again, drawn by the logits.

    Args:
        edge_logits: logits of the edges.
        edges: a tree's edges.
        backend: "python"; "cpp" means the same.

    Returns:
        The new tree's edges.
    """
    _check_backend(backend)
    num_vertices = _num_vertices(edge_logits)
    with torch.no_grad():
        first, second = make_complete_graph(num_vertices).to(edge_logits.device)
        index = _edge_index(edges).expand(edge_logits.shape[:-1] + (num_vertices - 1,))
        # In an order that depends on the tree, steps would not leave the distribution as it is.
        index = index.gather(-1, torch.rand(index.shape, device=index.device).argsort(-1))
        for position in range(num_vertices - 1):
            others = torch.cat([index[..., :position], index[..., position + 1 :]], -1)
            side = _connected(others, num_vertices)[..., 0, :]  # the component of vertex 0, and the other one
            edge = _choose(edge_logits, side[..., first] != side[..., second], is_random=True)
            index = torch.cat([index[..., :position], edge.unsqueeze(-1), index[..., position + 1 :]], -1)
        return _edges(index, num_vertices)


def sample_tree(
    edge_logits: Tensor, init_edges: Tensor | None = None, mcmc_steps: int = 1, backend: str = "python"
) -> Tensor:
    """Draws a tree by steps of a Markov chain.

    Args:
        edge_logits: logits of the edges.
        init_edges: the tree to start from; :func:`sample_tree_approx` draws one by default.
        mcmc_steps: number of steps of :func:`sample_tree_mcmc`.
        backend: "python"; "cpp" means the same.

    Returns:
        The tree's edges.
    """
    edges = sample_tree_approx(edge_logits, backend=backend) if init_edges is None else init_edges
    for _ in range(mcmc_steps):
        edges = sample_tree_mcmc(edge_logits, edges, backend=backend)
    return edges


def enumerate_spanning_trees(V: int) -> list[tuple[tuple[int, int], ...]]:
    """All spanning trees of the complete graph: each word of V - 2 vertices encodes one (Prüfer).

    Args:
        V: number of vertices.

    Returns:
        The trees in rising order, each as its edges in colexicographic order.

    Raises:
        NotImplementedError: if there are more than 8 vertices, and so too many trees.

    Example:
        >>> enumerate_spanning_trees(3)
        [((0, 1), (0, 2)), ((0, 1), (1, 2)), ((0, 2), (1, 2))]
    """
    if V > _MAX_ENUMERATED:
        raise NotImplementedError(f"enumerate_spanning_trees: {V} vertices have {V}**{V - 2} trees; expected up to "
                                  f"{_MAX_ENUMERATED} vertices.")
    return sorted(_decode(word, V) for word in itertools.product(range(V), repeat=V - 2)) if V > 1 else [()]


def _decode(word: tuple[int, ...], num_vertices: int) -> tuple[tuple[int, int], ...]:
    """The tree of a word: a vertex has one neighbour more than its occurrences; the least leaf goes first."""
    degree = [1 + word.count(vertex) for vertex in range(num_vertices)]
    edges = []
    for vertex in word:
        leaf = degree.index(1)
        edges.append((min(leaf, vertex), max(leaf, vertex)))
        degree[leaf] -= 1
        degree[vertex] -= 1
    first, second = (vertex for vertex in range(num_vertices) if degree[vertex] == 1)
    return tuple(sorted([*edges, (first, second)], key=lambda edge: edge[::-1]))
