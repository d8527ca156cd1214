r"""Sums over the spanning trees of a complete graph with weighted edges.

Edges are numbered in colexicographic order: (0, 1), (0, 2), (1, 2), (0, 3), ... What belongs to edges stands in the
last dimension, of size V (V - 1) / 2.

The sum over all trees of the products of their weights is a determinant of the graph's Laplacian matrix, of all
vertices but one (Kirchhoff). Its Cholesky factor gives the logarithm, with an error of about the precision times the
mean number of steps in which a random walk along the edges comes to that vertex. Where this is too much, as weights
differ by many powers of ten, or cannot be read, vertices are eliminated one by one: without vertex w, the weight of an
edge (u, v) grows by that of the path through w, :math:`W_{uw} W_{wv} / \sum_x W_{xw}`. Nothing is subtracted, so it
works on logarithms and loses no digits.

Source: R. Lyons, Y. Peres (2017), Probability on Trees and Networks, ch. 2 and 4; N. J. Higham (2002), Accuracy and
Stability of Numerical Algorithms, ch. 10.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pyro.ops.validation import readable

__all__ = ["edge_matrix", "incidence", "log_tree_sum"]

_MAX_STEPS = {torch.float32: 1e6, torch.float64: 1e3}
"""With as many steps, the error of a logarithm in double precision is below 1e-9 or 1e-12, up to powers of V."""


def edge_matrix(values: Tensor, num_vertices: int, diagonal: float) -> Tensor:
    """Writes values of edges into a symmetric matrix of vertices.

    Args:
        values: a value for each edge.
        num_vertices: number of vertices.
        diagonal: value of a vertex with itself.

    Returns:
        Matrices of shape (..., num_vertices, num_vertices).

    Example:
        >>> edge_matrix(torch.tensor([1.0, 2.0, 3.0]), 3, 0.0)
        tensor([[0., 1., 2.],
                [1., 0., 3.],
                [2., 3., 0.]])
    """
    index = torch.tensor(_places(num_vertices), device=values.device)
    return torch.cat([values.new_full(values.shape[:-1] + (1,), diagonal), values], -1)[..., index]


@lru_cache(maxsize=32)
def _places(num_vertices: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """For each pair of vertices, one more than the number of its edge; zero for a vertex with itself."""
    places = np.zeros((num_vertices, num_vertices), np.int64)
    places[np.tril_indices(num_vertices, -1)] = np.arange(1, num_vertices * (num_vertices - 1) // 2 + 1)
    return places + places.T


def incidence(num_vertices: int, like: Tensor) -> Tensor:
    """Tells which edges begin and which end at a vertex, of all vertices but the first.

    Rows of the edges of a spanning tree have the determinant 1 or -1; those of as many other edges have 0.

    Args:
        num_vertices: number of vertices.
        like: a tensor of the device and dtype of the result.

    Returns:
        Numbers of shape (number of edges, num_vertices - 1): 1 for the lesser vertex of an edge, -1 for the other one.

    Example:
        >>> incidence(3, torch.zeros(()))
        tensor([[-1.,  0.],
                [ 0., -1.],
                [ 1., -1.]])
    """
    return torch.as_tensor(_incidence(num_vertices), dtype=like.dtype, device=like.device)


@lru_cache(maxsize=32)
def _incidence(num_vertices: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
    second, first = np.tril_indices(num_vertices, -1)
    vertices = np.arange(1, num_vertices)
    signs: np.ndarray[Any, np.dtype[np.float64]] = 1.0 * (first[:, None] == vertices) - (second[:, None] == vertices)
    return signs


def log_tree_sum(edge_logits: Tensor, num_vertices: int) -> Tensor:
    """The logarithm of the sum over all spanning trees of the products of their edges' weights.

    Args:
        edge_logits: logarithms of weights, of shape (..., number of edges).
        num_vertices: number of vertices.

    Returns:
        A tensor of the batch shape.

    Example:
        >>> log_tree_sum(torch.zeros(3), 3).exp()
        tensor(3.)
    """
    if readable(edge_logits) and edge_logits.numel():
        log_sum, steps = _by_cholesky(edge_logits.double(), num_vertices)
        if steps < _MAX_STEPS.get(edge_logits.dtype, math.inf):
            return log_sum.to(edge_logits.dtype)
    return _by_elimination(edge_logits, num_vertices)


def _by_cholesky(edge_logits: Tensor, num_vertices: int) -> tuple[Tensor, float]:
    """The logarithm, and the largest mean number of steps to the first vertex, infinite where there is no factor."""
    ends = incidence(num_vertices, edge_logits)
    laplacian = ends.mT @ (edge_logits.exp().unsqueeze(-1) * ends)
    factor, info = torch.linalg.cholesky_ex(laplacian)
    log_sum = 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    with torch.no_grad():
        degrees = laplacian.diagonal(dim1=-2, dim2=-1).unsqueeze(-1)
        steps = torch.cholesky_solve(degrees, factor).amax().item()
    return log_sum, math.inf if info.any() else steps


def _by_elimination(edge_logits: Tensor, num_vertices: int) -> Tensor:
    lowest = torch.finfo(edge_logits.dtype).min / 8  # in place of minus infinity, differences of which are NaN
    weights = edge_matrix(edge_logits.clamp(min=lowest), num_vertices, lowest)
    degrees = []
    for vertex in range(num_vertices - 1, 0, -1):
        row = weights[..., vertex, :vertex]
        degrees.append(degree := row.logsumexp(-1, keepdim=True))
        weights = torch.logaddexp(weights[..., :vertex, :vertex], row.unsqueeze(-1) + (row - degree).unsqueeze(-2))
    return torch.cat(degrees, -1).sum(-1) if degrees else edge_logits.sum(-1)
