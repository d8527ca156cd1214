r"""Newton's method on batches of small problems.

A step from :math:`x` with gradient :math:`g` and Hessian :math:`H` goes to :math:`x - H^{-1} g`. With a trust radius
:math:`r`, the Hessian is damped to :math:`H + \lambda I` with

.. math::

    \lambda = \max\left(\frac{\lVert g \rVert}{r} - \lambda_{\min}(H), 10^{-8}\right)

so that the step is a descent and, by :math:`\lVert (H + \lambda I)^{-1} g \rVert \le \lVert g \rVert /
(\lambda_{\min}(H) + \lambda)`, no longer than :math:`r`. In one dimension the step is clipped to the radius instead.

References:
    Yuan Ya-xiang, "Recent Advances in Trust Region Algorithms", 2015
"""

import torch
from torch import Tensor
from torch.autograd import grad

__all__ = ["newton_step", "newton_step_1d", "newton_step_2d", "newton_step_3d"]

_TINY = 1e-8


def newton_step(loss: Tensor, x: Tensor, trust_radius: float | Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Takes one Newton step that minimises a loss over a batch of variables of 1, 2 or 3 dimensions.

    The result does not depend on ``x`` through ``x`` itself, but through gradient and Hessian: near a minimum it is
    differentiable with respect to all other inputs of the loss, even though earlier steps were detached. If the loss
    is a negative log density, the result describes its Laplace approximation ``MultivariateNormal(mode, cov)``.
    Detach the new value before the next step of a loop.

    Args:
        loss: a scalar, twice differentiable with respect to ``x``; the sum over the batch of independent losses.
        x: the variables.
        trust_radius: the step's largest length; unlimited by default.

    Returns:
        The new value, and the inverse of the Hessian, damped as the step was.

    Raises:
        ValueError: if the loss is not a scalar or is no function of ``x``.
        NotImplementedError: if ``x`` has another last dimension.

    Shape:
        ``x``: ``batch_shape + (d,)``; the results: ``batch_shape + (d,)`` and ``batch_shape + (d, d)``.

    Example:
        >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
        >>> mode, cov = newton_step((x - 3).square().sum(), x)
        >>> mode
        tensor([[3., 3.]], grad_fn=<SubBackward0>)
    """
    if x.dim() == 0:
        raise ValueError("x is a scalar, expected shape batch_shape + (d,). Use x[None].")
    step = {1: newton_step_1d, 2: newton_step_2d, 3: newton_step_3d}.get(x.size(-1))
    if step is None:
        raise NotImplementedError(f"x has shape {tuple(x.shape)}, expected a last dimension of 1, 2 or 3. Split the "
                                  "variables into smaller blocks that the loss does not couple.")
    return step(loss, x, trust_radius)


def newton_step_1d(loss: Tensor, x: Tensor, trust_radius: float | Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The case ``d = 1`` of :func:`newton_step`. A second derivative below 1e-8 is taken for 1e-8.

    Args:
        loss: a scalar, twice differentiable with respect to ``x``.
        x: the variables.
        trust_radius: the step's largest length.

    Returns:
        The new value, and the inverse of the second derivative.

    Shape:
        ``x``: ``batch_shape + (1,)``; the results: ``batch_shape + (1,)`` and ``batch_shape + (1, 1)``.
    """
    gradient, hessian = _derivatives(loss, x, 1)
    inverse = hessian.clamp(min=_TINY).reciprocal()
    change = -gradient * inverse[..., 0]
    if trust_radius is not None:
        radius = torch.as_tensor(trust_radius, dtype=x.dtype, device=x.device)
        change = change.clamp(-radius, radius)
    return x.detach() + change, inverse


def newton_step_2d(loss: Tensor, x: Tensor, trust_radius: float | Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The case ``d = 2`` of :func:`newton_step`.

    Args:
        loss: a scalar, twice differentiable with respect to ``x``.
        x: the variables.
        trust_radius: the step's largest length.

    Returns:
        The new value, and the inverse of the damped Hessian.

    Shape:
        ``x``: ``batch_shape + (2,)``; the results: ``batch_shape + (2,)`` and ``batch_shape + (2, 2)``.
    """
    return _damped_step(loss, x, trust_radius, 2)


def newton_step_3d(loss: Tensor, x: Tensor, trust_radius: float | Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The case ``d = 3`` of :func:`newton_step`.

    Args:
        loss: a scalar, twice differentiable with respect to ``x``.
        x: the variables.
        trust_radius: the step's largest length.

    Returns:
        The new value, and the inverse of the damped Hessian.

    Shape:
        ``x``: ``batch_shape + (3,)``; the results: ``batch_shape + (3,)`` and ``batch_shape + (3, 3)``.
    """
    return _damped_step(loss, x, trust_radius, 3)


def _damped_step(loss: Tensor, x: Tensor, trust_radius: float | Tensor | None, dim: int) -> tuple[Tensor, Tensor]:
    gradient, hessian = _derivatives(loss, x, dim)
    if trust_radius is not None:
        length = torch.linalg.vector_norm(gradient, dim=-1)
        damping = (length / trust_radius - torch.linalg.eigvalsh(hessian)[..., 0]).clamp(min=_TINY)
        hessian = hessian + damping[..., None, None] * torch.eye(dim, dtype=x.dtype, device=x.device)
    inverse = _inverse_2d(hessian) if dim == 2 else _inverse_3d(hessian)
    return x.detach() - (inverse @ gradient[..., None])[..., 0], inverse


def _derivatives(loss: Tensor, x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Gradient and Hessian of each variable of the batch."""
    if loss.shape != ():
        raise ValueError(f"loss has shape {tuple(loss.shape)}, expected a scalar. Sum the losses of the batch.")
    if x.dim() < 1 or x.size(-1) != dim:
        raise ValueError(f"x has shape {tuple(x.shape)}, expected a last dimension of {dim}. Use newton_step() to "
                         "choose by shape.")
    (gradient,) = grad(loss, [x], create_graph=True)
    if not gradient.requires_grad:  # the loss is linear
        return gradient, x.new_zeros(x.shape + (dim,))
    rows = [grad(gradient[..., i].sum(), [x], create_graph=True, materialize_grads=True)[0] for i in range(dim)]
    return gradient, torch.stack(rows, -2)


def _inverse_2d(m: Tensor) -> Tensor:
    """Cofactors over the determinant, of symmetric matrices."""
    a, b, c = m[..., 0, 0], m[..., 0, 1], m[..., 1, 1]
    cofactors = torch.stack([c, -b, -b, a], -1).reshape(m.shape)
    return cofactors / (a * c - b * b)[..., None, None]


def _inverse_3d(m: Tensor) -> Tensor:
    """Cofactors over the determinant, of symmetric matrices. The cofactors of a row are a cross product of others."""
    x, y, z = m.unbind(-2)
    cofactors = torch.stack([torch.linalg.cross(y, z), torch.linalg.cross(z, x), torch.linalg.cross(x, y)], -2)
    return cofactors / (x * cofactors[..., 0, :]).sum(-1)[..., None, None]
