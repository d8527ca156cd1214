"""The Householder flow: reflections."""

from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from pyro.distributions import constraints
from pyro.distributions.conditional import ConditionalTransformModule
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.flow import Flow
from pyro.ops.dense_nn import DenseNN, Parameters

__all__ = ["ConditionalHouseholder", "ConditionedHouseholder", "Householder", "conditional_householder",
           "householder"]


def _check_count(name: str, count_transforms: int) -> int:
    if count_transforms < 1:
        raise ValueError(f"{name}: expected at least one reflection as count_transforms, got {count_transforms}.")
    return count_transforms


class ConditionedHouseholder(Flow):
    r"""Reflects vectors, at one hyperplane after the other.

    .. math::
        y = (I - 2 v_k v_k^\top) \dots (I - 2 v_1 v_1^\top) \, x, \quad v_i = u_i / \|u_i\|, \qquad |\det J| = 1

    Args:
        u_unnormed: the vectors u, a row a reflection.

    References:
        J. M. Tomczak, M. Welling (2016), "Improving variational auto-encoders using Householder flow",
        arXiv:1611.09630.
    """

    domain = codomain = constraints.real_vector
    volume_preserving = True
    u_unnormed: Tensor

    def __init__(self, u_unnormed: Tensor | None = None) -> None:
        super().__init__()
        if u_unnormed is not None:
            self.u_unnormed = u_unnormed

    def u(self) -> Tensor:
        """The reflections' unit vectors."""
        return normalize(self.u_unnormed, dim=-1)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return _reflect(x, self.u().unbind(-2))

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        return _reflect(y, self.u().unbind(-2)[::-1])


def _reflect(x: Tensor, normals: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    for v in normals:
        x = x - 2 * (x * v).sum(-1, keepdim=True) * v
    return x, x.new_zeros(x.shape[:-1])


class Householder(ConditionedHouseholder, TransformModule):
    """A :class:`ConditionedHouseholder` with vectors to be learnt.

    Args:
        input_dim: number of variables.
        count_transforms: number of reflections, at least one.

    Raises:
        ValueError: if there is none.

    Example:
        >>> flow = Householder(3, 2)
        >>> x = torch.randn(3)
        >>> torch.allclose(flow(x).norm(), x.norm())
        True
    """

    def __init__(self, input_dim: int, count_transforms: int = 1) -> None:
        super().__init__()
        self.input_dim = input_dim
        self.u_unnormed = nn.Parameter(torch.empty(_check_count("Householder", count_transforms), input_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws new parameters at random."""
        limit = 1 / sqrt(self.u_unnormed.size(-1))
        nn.init.uniform_(self.u_unnormed, -limit, limit)


class ConditionalHouseholder(ConditionalTransformModule):
    """A :class:`ConditionedHouseholder` whose vectors a network computes from the context.

    Args:
        input_dim: number of variables.
        nn: returns the vectors, one for each reflection.
        count_transforms: number of reflections, at least one.

    Raises:
        ValueError: if there is none.
    """

    domain = codomain = constraints.real_vector
    bijective = True

    def __init__(self, input_dim: int, nn: Callable[[Tensor], Parameters], count_transforms: int = 1) -> None:
        super().__init__()
        self.input_dim = input_dim
        self.nn = nn
        self.count_transforms = _check_count("ConditionalHouseholder", count_transforms)

    def condition(self, context: Tensor) -> ConditionedHouseholder:
        """The flow given a context."""
        vectors = self.nn(context)
        return ConditionedHouseholder(torch.stack((vectors,) if isinstance(vectors, Tensor) else vectors, -2))


def householder(input_dim: int, count_transforms: int | None = None) -> Householder:
    """A :class:`Householder`.

    Args:
        input_dim: number of variables.
        count_transforms: number of reflections, ``input_dim // 2 + 1`` by default.

    Returns:
        The flow.
    """
    return Householder(input_dim, input_dim // 2 + 1 if count_transforms is None else count_transforms)


def conditional_householder(
    input_dim: int, context_dim: int, hidden_dims: list[int] | None = None, count_transforms: int = 1
) -> ConditionalHouseholder:
    """A :class:`ConditionalHouseholder` with a network.

    Args:
        input_dim: number of variables.
        context_dim: size of the context.
        hidden_dims: sizes of the network's hidden layers, ``[10 * input_dim] * 2`` by default.
        count_transforms: number of reflections.

    Returns:
        The conditional flow.
    """
    nn = DenseNN(context_dim, hidden_dims or [10 * input_dim] * 2, [input_dim] * count_transforms)
    return ConditionalHouseholder(input_dim, nn, count_transforms)
