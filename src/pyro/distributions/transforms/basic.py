"""Elementwise nonlinearities as transforms, and the constructors of those without parameters."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions.transforms import SigmoidTransform, TanhTransform, Transform
from torch.nn.functional import elu as torch_elu
from torch.nn.functional import leaky_relu as torch_leaky_relu

from pyro.distributions import constraints

__all__ = ["ACTIVATIONS", "ELUTransform", "LeakyReLUTransform", "activation_named", "elu", "leaky_relu", "tanh"]

_SLOPE = 0.01


class ELUTransform(Transform):
    r"""Maps real numbers to :math:`y = x` for :math:`x > 0`, else :math:`y = e^x - 1`.

    .. math::
        \log |dy / dx| = \min(x, 0)

    Args:
        cache_size: how many results to keep, 0 or 1.

    Example:
        >>> ELUTransform()(torch.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])
    """

    domain = constraints.real
    codomain = constraints.greater_than(-1.0)
    bijective = True
    sign = +1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ELUTransform)

    def _call(self, x: Tensor) -> Tensor:
        return torch_elu(x)

    def _inverse(self, y: Tensor) -> Tensor:
        low = y.clamp(torch.finfo(y.dtype).eps - 1, 0)  # where rounding has reached the bound, a finite inverse
        return torch.where(y > 0, y, low.log1p())

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the derivative."""
        return x.clamp(max=0)


class LeakyReLUTransform(Transform):
    r"""Maps real numbers to :math:`y = x` for :math:`x > 0`, else :math:`y = x / 100`.

    Args:
        cache_size: how many results to keep, 0 or 1.

    Example:
        >>> LeakyReLUTransform()(torch.tensor([-1.0, 2.0]))
        tensor([-0.0100,  2.0000])
    """

    domain = codomain = constraints.real
    bijective = True
    sign = +1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LeakyReLUTransform)

    def _call(self, x: Tensor) -> Tensor:
        return torch_leaky_relu(x, _SLOPE)

    def _inverse(self, y: Tensor) -> Tensor:
        return torch_leaky_relu(y, 1 / _SLOPE)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the derivative."""
        return torch.where(x > 0, torch.ones_like(x), _SLOPE).log()


def elu() -> ELUTransform:
    """An :class:`ELUTransform`."""
    return ELUTransform()


def leaky_relu() -> LeakyReLUTransform:
    """A :class:`LeakyReLUTransform`."""
    return LeakyReLUTransform()


def tanh() -> TanhTransform:
    """A :class:`torch.distributions.transforms.TanhTransform`."""
    return TanhTransform()


ACTIVATIONS: dict[str, Callable[[], Transform]] = {
    "ELU": ELUTransform, "LeakyReLU": LeakyReLUTransform, "sigmoid": SigmoidTransform, "tanh": TanhTransform}
"""The activation functions of flows that are themselves networks; all increase strictly."""


def activation_named(name: str) -> Transform:
    """The activation function of a name in :data:`ACTIVATIONS`.

    Args:
        name: the name.

    Returns:
        The function, as a transform.

    Raises:
        ValueError: if there is none of that name.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"Expected an activation function among {', '.join(ACTIVATIONS)}, got {name!r}.")
    return ACTIVATIONS[name]()
