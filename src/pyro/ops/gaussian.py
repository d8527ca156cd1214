"""Products of Gaussian factors that share coordinates, and chains of them in time.

Chains are contracted pairwise, in a number of steps that grows like the logarithm of their length.

References:
    Simo Särkkä, Ángel F. García-Fernández (2021), "Temporal parallelization of Bayesian smoothers"
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from pyro.ops.affine_normal import AffineNormal, log_peak
from pyro.ops.gaussian_factor import Gaussian, gaussian_after
from pyro.ops.pairwise import interleaving, reduce_pairwise
from pyro.ops.quadratic import Elimination, eliminate_between
from pyro.ops.tensor_utils import matvecmul, triangular_solve

__all__ = ["AffineNormal", "Gaussian", "gaussian_tensordot", "matrix_and_gaussian_to_gaussian",
           "matrix_and_mvn_to_gaussian", "mvn_to_gaussian", "sequential_gaussian_filter_sample",
           "sequential_gaussian_tensordot"]


def _normal_base(mvn: Any) -> Normal | None:
    """The univariate normal that a distribution of vectors is made of, or ``None``."""
    if isinstance(mvn, Independent) and mvn.reinterpreted_batch_ndims == 1 and isinstance(mvn.base_dist, Normal):
        return mvn.base_dist
    return None


def _check_normal(mvn: Any) -> None:
    if not isinstance(mvn, MultivariateNormal):
        raise ValueError(f"Expected a MultivariateNormal or a Normal(...).to_event(1), got a {type(mvn).__name__} of "
                         "another kind.")


def mvn_to_gaussian(mvn: Any) -> Gaussian:
    """The density of a normal distribution as a factor.

    Args:
        mvn: a ``MultivariateNormal`` or a ``Normal(...).to_event(1)``.

    Returns:
        The factor.

    Raises:
        ValueError: for another distribution.
    """
    normal = _normal_base(mvn)
    if normal is not None:
        precision = normal.scale.square().reciprocal()
        white = normal.loc / normal.scale
        return Gaussian(log_peak(normal.scale) - 0.5 * white.square().sum(-1), normal.loc * precision,
                        precision.diag_embed())
    _check_normal(mvn)
    info_vec = matvecmul(mvn.precision_matrix, mvn.loc)
    factor = mvn.scale_tril
    peak = -0.5 * math.log(2 * math.pi) * mvn.loc.size(-1) - factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return Gaussian(peak - 0.5 * (info_vec * mvn.loc).sum(-1), info_vec, mvn.precision_matrix)


def matrix_and_gaussian_to_gaussian(matrix: Tensor, y_gaussian: Gaussian) -> Gaussian:
    """The factor of (x, y) that depends on y - x A only.

    Args:
        matrix: A, shape batch_shape + (n, m).
        y_gaussian: the factor of that difference.

    Returns:
        A factor of n + m coordinates.
    """
    precision = y_gaussian.precision
    coupling = matrix @ precision
    upper = torch.cat([coupling @ matrix.mT, -coupling], -1)
    lower = torch.cat([-coupling.mT, precision.expand(coupling.shape[:-2] + precision.shape[-2:])], -1)
    info_x = -matvecmul(matrix, y_gaussian.info_vec)
    info_y = y_gaussian.info_vec.expand(info_x.shape[:-1] + y_gaussian.info_vec.shape[-1:])
    return Gaussian(y_gaussian.log_normalizer, torch.cat([info_x, info_y], -1), torch.cat([upper, lower], -2))


def matrix_and_mvn_to_gaussian(matrix: Tensor, mvn: Any) -> "AffineNormal | Gaussian":
    """The conditional density of y = x A + noise as a factor of (x, y).

    Args:
        matrix: A, shape batch_shape + (n, m).
        mvn: the noise, a ``MultivariateNormal`` or a ``Normal(...).to_event(1)``.

    Returns:
        The factor.
    """
    normal = _normal_base(mvn)
    if normal is not None:
        return AffineNormal(matrix, normal.loc, normal.scale)
    return matrix_and_gaussian_to_gaussian(matrix, mvn_to_gaussian(mvn))


def gaussian_tensordot(x: Gaussian, y: Gaussian, dims: int = 0) -> Gaussian:
    """Multiplies two factors that share coordinates and integrates these out.

    Args:
        x: a factor of coordinates (a, b).
        y: a factor of coordinates (b, c).
        dims: the number of coordinates b.

    Returns:
        A factor of (a, c).

    Example:
        >>> step = matrix_and_mvn_to_gaussian(torch.eye(1), MultivariateNormal(torch.zeros(1), torch.eye(1)))
        >>> gaussian_tensordot(step, step, 1).condition(torch.zeros(1)).precision  # the noise has variance two
        tensor([[0.5000]])
    """
    if dims == 0:
        return x.event_pad(right=y.dim()) + y.event_pad(left=x.dim())
    return gaussian_after(x.log_normalizer + y.log_normalizer, eliminate_between(x, y, dims))


def sequential_gaussian_tensordot(gaussian: Gaussian) -> Gaussian:
    """Contracts a chain of factors, each of two neighbouring states, to one of the first and the last.

    Args:
        gaussian: the chain along the last batch dimension; its coordinates are those of a state and the next.

    Returns:
        A factor of batch_shape[:-1].
    """
    dims = gaussian.dim() // 2
    return reduce_pairwise(gaussian, lambda x, y: gaussian_tensordot(x, y, dims))


def sequential_gaussian_filter_sample(
    init: Gaussian, trans: Gaussian, sample_shape: Sequence[int] = (), noise: Tensor | None = None
) -> Tensor:
    """Draws all states of a chain, given a factor of the first state and factors of neighbours.

    The chain is contracted pairwise; then the two ends are drawn, and from them, in the opposite order, the states
    that each contraction had integrated out.

    Args:
        init: the factor of the first state.
        trans: the factors of neighbouring states along the last batch dimension.
        sample_shape: shape of independent draws.
        noise: standard normal numbers to use, of the result's shape.

    Returns:
        Draws of shape sample_shape + batch_shape + (1 + T, n).

    Raises:
        ValueError: if the noise has another shape.
    """
    n = init.dim()
    shape = torch.broadcast_shapes(init.batch_shape, trans.batch_shape[:-1])
    duration = trans.batch_shape[-1]
    noise_shape = Size(sample_shape) + shape + (1 + duration, n)
    if noise is None:
        noise = torch.randn(noise_shape, dtype=init.info_vec.dtype, device=init.info_vec.device)
    elif noise.shape != noise_shape:
        raise ValueError(f"noise has shape {tuple(noise.shape)}, expected {tuple(noise_shape)}: sample_shape + "
                         "batch_shape + (1 + T, n).")
    chain = trans.expand(shape + (duration,))
    levels = []
    while chain.batch_shape[-1] > 1:
        x, y, odd = chain.pairs()
        rest = eliminate_between(x, y, n)
        levels.append(rest)
        paired = gaussian_after(x.log_normalizer + y.log_normalizer, rest)
        chain = paired if odd is None else Gaussian.cat([paired, odd], -1)
    ends = chain[..., 0] + init.event_pad(right=n)
    used = 2
    states: Tensor = ends.rsample(sample_shape, noise[..., :2, :].flatten(-2)).unflatten(-1, (2, n))
    for rest in reversed(levels):
        count = rest.factor.size(-3)
        inner = _draw_between(rest, states, noise[..., used : used + count, :])
        used += count
        near, odd = states.split([count + 1, states.size(-2) - count - 1], -2)
        order = interleaving(2 * count + 1, states.device)
        states = torch.cat([torch.cat([near, inner], -2).index_select(-2, order), odd], -2)
    return states


def _draw_between(rest: Elimination, states: Tensor, noise: Tensor) -> Tensor:
    """Draws the states that were integrated out between neighbours of those drawn."""
    count = rest.factor.size(-3)
    neighbours = torch.cat([states[..., :count, :], states[..., 1 : count + 1, :]], -1)
    white = rest.solved[..., -1] - matvecmul(rest.solved[..., :-1], neighbours) + noise
    drawn = triangular_solve(white[..., None], rest.factor, transpose=True)
    return drawn[..., 0]
