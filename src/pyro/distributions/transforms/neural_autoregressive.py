"""The neural autoregressive flow."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import elu, log_softmax, logsigmoid, softplus

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.autoregressive import ConditionalAutoregressive
from pyro.distributions.transforms.basic import LeakyReLUTransform, activation_named
from pyro.distributions.transforms.flow import Flow
from pyro.ops.auto_reg_nn import AutoRegressiveNN, ConditionalAutoRegressiveNN

__all__ = ["ConditionalNeuralAutoregressive", "NeuralAutoregressive", "conditional_neural_autoregressive",
           "neural_autoregressive"]

Coefficients = tuple[Tensor, Tensor, Tensor]


def _log_softplus(x: Tensor) -> Tensor:
    """The logarithm of softplus, also where that rounds to zero: there, of the series of log(1 + z), z = exp(x)."""
    z = x.clamp(max=-10).exp()
    return torch.where(x < -10, x - z / 2 + 5 * z.square() / 24, softplus(x.clamp(min=-10)).log())


def _sigmoid_mean(log_weights: Tensor, x: Tensor) -> Tensor:
    """The logit of the weighted mean of sigmoids, right where a sigmoid rounds to one."""
    log_terms = log_weights + logsigmoid(x)
    return log_terms.logsumexp(-2) - (log_terms - x).logsumexp(-2)


def _tanh_mean(log_weights: Tensor, x: Tensor) -> Tensor:
    return 0.5 * _sigmoid_mean(log_weights, 2 * x)


def _elu_mean(log_weights: Tensor, x: Tensor) -> Tensor:
    log_lifted = (log_weights + torch.where(x > 0, x.relu().log1p(), x)).logsumexp(-2)  # of the mean plus one
    mean = (log_weights.exp() * elu(x)).sum(-2)
    return torch.where(log_lifted > 0, mean, log_lifted)


def _leaky_relu_mean(log_weights: Tensor, x: Tensor) -> Tensor:
    activation = LeakyReLUTransform()
    mean: Tensor = activation.inv((log_weights.exp() * activation(x)).sum(-2))
    return mean


_MEANS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "ELU": _elu_mean, "LeakyReLU": _leaky_relu_mean, "sigmoid": _sigmoid_mean, "tanh": _tanh_mean}
"""By activation T, the weighted mean of numbers seen through T, over the last dimension but one."""


class NeuralAutoregressive(Flow, TransformModule):
    r"""Passes each variable through a monotone network, whose weights another one computes from the variables before.

    .. math::
        y_i = T^{-1}\Big(\sum_k w_{ik} \, T(a_{ik} x_i + b_{ik})\Big), \quad a_{ik} = \log(1 + e^{a'_{ik}}), \quad
        w_i = \operatorname{softmax}(w'_i)

    Its inverse has no closed form.

    Args:
        autoregressive_nn: returns :math:`a'`, :math:`w'` and b, of ``hidden_units`` each for each variable.
        hidden_units: number of units k.
        activation: the function T: ``"sigmoid"``, ``"ELU"``, ``"LeakyReLU"`` or ``"tanh"``.

    Raises:
        ValueError: for another function.

    References:
        C.-W. Huang, D. Krueger, A. Lacoste, A. Courville (2018), "Neural autoregressive flows", ICML.

    Example:
        >>> NeuralAutoregressive(AutoRegressiveNN(3, [10], [16, 16, 16]))(torch.zeros(5, 3)).shape
        torch.Size([5, 3])
    """

    domain = codomain = constraints.real_vector
    autoregressive = True
    _no_inverse = NotImplementedError

    def __init__(
        self,
        autoregressive_nn: Callable[[Tensor], Coefficients],
        hidden_units: int = 16,
        activation: str = "sigmoid",
    ) -> None:
        super().__init__()
        self.arn = autoregressive_nn
        self.hidden_units = hidden_units
        self.T = activation_named(activation)
        self._mean = _MEANS[activation]

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        raw_slopes, raw_weights, shifts = self.arn(x)
        slopes = softplus(raw_slopes)
        log_weights = log_softmax(raw_weights, -2)
        inner = slopes * x.unsqueeze(-2) + shifts
        y = self._mean(log_weights, inner)
        log_terms = log_weights + _log_softplus(raw_slopes) + self.T.log_abs_det_jacobian(inner, None)
        return y, (log_terms.logsumexp(-2) - self.T.log_abs_det_jacobian(y, None)).sum(-1)


class ConditionalNeuralAutoregressive(ConditionalAutoregressive):
    """A :class:`NeuralAutoregressive` whose network reads a context too.

    Args:
        autoregressive_nn: a :class:`~pyro.nn.ConditionalAutoRegressiveNN`.
        **kwargs: passed to :class:`NeuralAutoregressive`.
    """

    _flow = NeuralAutoregressive


def neural_autoregressive(
    input_dim: int, hidden_dims: list[int] | None = None, activation: str = "sigmoid", width: int = 16
) -> NeuralAutoregressive:
    """A :class:`NeuralAutoregressive` with a network.

    Args:
        input_dim: number of variables.
        hidden_dims: sizes of the network's hidden layers, ``[3 * input_dim + 1]`` by default.
        activation: the function T.
        width: number of units.

    Returns:
        The flow.
    """
    nn = AutoRegressiveNN(input_dim, hidden_dims or [3 * input_dim + 1], param_dims=[width] * 3)
    return NeuralAutoregressive(nn, hidden_units=width, activation=activation)


def conditional_neural_autoregressive(
    input_dim: int,
    context_dim: int,
    hidden_dims: list[int] | None = None,
    activation: str = "sigmoid",
    width: int = 16,
) -> ConditionalNeuralAutoregressive:
    """A :class:`ConditionalNeuralAutoregressive` with a network.

    Args:
        input_dim: number of variables.
        context_dim: size of the context.
        hidden_dims: sizes of the network's hidden layers, ``[3 * input_dim + 1]`` by default.
        activation: the function T.
        width: number of units.

    Returns:
        The conditional flow.
    """
    nn = ConditionalAutoRegressiveNN(input_dim, context_dim, hidden_dims or [3 * input_dim + 1], [width] * 3)
    return ConditionalNeuralAutoregressive(nn, hidden_units=width, activation=activation)
