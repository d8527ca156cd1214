"""The matrix exponential as a flow."""

from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor, nn

from pyro.distributions import constraints
from pyro.distributions.conditional import ConditionalTransformModule
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.flow import Flow
from pyro.ops.dense_nn import DenseNN

__all__ = ["ConditionalMatrixExponential", "ConditionedMatrixExponential", "MatrixExponential",
           "conditional_matrix_exponential", "matrix_exponential"]


def _check_normalization(normalization: str) -> str:
    if normalization in ("weight", "spectral"):
        raise NotImplementedError(f"The normalization {normalization!r} of weights is not implemented. Use "
                                  "'none'.")
    if normalization != "none":
        raise ValueError(f"Expected 'none' as the normalization of weights, got {normalization!r}.")
    return normalization


class ConditionedMatrixExponential(Flow):
    r"""Multiplies vectors by the exponential of a matrix.

    .. math::
        y = e^M x = \sum_{k=0}^\infty \frac{M^k x}{k!}, \qquad \log |\det J| = \operatorname{tr} M

    The series is cut off behind ``iterations`` powers of M, which should have a norm of about one or less for that; the
    inverse is the same with -M.

    Args:
        weights: the matrix M.
        iterations: the highest power.
        normalization: only ``"none"``.
        bound: bound of the norm that is normalized; without effect for ``"none"``.

    Raises:
        NotImplementedError: for the normalizations ``"weight"`` and ``"spectral"``.
        ValueError: for others.

    References:
        E. Hoogeboom, V. Garcia Satorras, J. M. Tomczak, M. Welling (2020), "The convolution exponential and generalized
        Sylvester flows", NeurIPS.
    """

    domain = codomain = constraints.real_vector
    weights: Tensor

    def __init__(
        self,
        weights: Tensor | None = None,
        iterations: int = 8,
        normalization: str = "none",
        bound: float | None = None,
    ) -> None:
        super().__init__()
        if weights is not None:
            self.weights = weights
        self.iterations = iterations
        self.normalization = _check_normalization(normalization)
        self.bound = bound

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self._exponential(self.weights, x)

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        x, log_det = self._exponential(-self.weights, y)
        return x, -log_det

    def _exponential(self, matrix: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        term = x.unsqueeze(-1)
        total = term
        for k in range(1, self.iterations + 1):
            term = matrix @ term / k
            total = total + term
        trace = matrix.diagonal(dim1=-2, dim2=-1).sum(-1)
        return total.squeeze(-1), trace.expand(total.shape[:-2])


class MatrixExponential(ConditionedMatrixExponential, TransformModule):
    """A :class:`ConditionedMatrixExponential` with a matrix to be learnt.

    Args:
        input_dim: number of variables.
        iterations: the highest power.
        normalization: only ``"none"``.
        bound: without effect, see :class:`ConditionedMatrixExponential`.

    Raises:
        NotImplementedError: for the normalizations ``"weight"`` and ``"spectral"``.
        ValueError: for others.

    Example:
        >>> MatrixExponential(3)(torch.zeros(5, 3)).shape
        torch.Size([5, 3])
    """

    def __init__(
        self, input_dim: int, iterations: int = 8, normalization: str = "none", bound: float | None = None
    ) -> None:
        super().__init__(iterations=iterations, normalization=normalization, bound=bound)
        self.weights = nn.Parameter(torch.empty(input_dim, input_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws a new matrix at random."""
        limit = 1 / sqrt(self.weights.size(0))
        nn.init.uniform_(self.weights, -limit, limit)


class ConditionalMatrixExponential(ConditionalTransformModule):
    """A :class:`ConditionedMatrixExponential` whose matrix a network computes from the context.

    Args:
        input_dim: number of variables.
        nn: returns the matrix's entries.
        iterations: the highest power.
        normalization: only ``"none"``.
        bound: without effect, see :class:`ConditionedMatrixExponential`.
    """

    domain = codomain = constraints.real_vector
    bijective = True

    def __init__(
        self,
        input_dim: int,
        nn: Callable[[Tensor], Tensor],
        iterations: int = 8,
        normalization: str = "none",
        bound: float | None = None,
    ) -> None:
        super().__init__()
        self.nn = nn
        self.input_dim, self.iterations = input_dim, iterations
        self.normalization, self.bound = normalization, bound

    def condition(self, context: Tensor) -> ConditionedMatrixExponential:
        """The flow given a context."""
        weights = self.nn(context).unflatten(-1, (self.input_dim, self.input_dim))
        return ConditionedMatrixExponential(weights, self.iterations, self.normalization, self.bound)


def matrix_exponential(
    input_dim: int, iterations: int = 8, normalization: str = "none", bound: float | None = None
) -> MatrixExponential:
    """A :class:`MatrixExponential`.

    Args:
        input_dim: number of variables.
        iterations: the highest power.
        normalization: only ``"none"``.
        bound: without effect, see :class:`ConditionedMatrixExponential`.

    Returns:
        The flow.
    """
    return MatrixExponential(input_dim, iterations, normalization, bound)


def conditional_matrix_exponential(
    input_dim: int,
    context_dim: int,
    hidden_dims: list[int] | None = None,
    iterations: int = 8,
    normalization: str = "none",
    bound: float | None = None,
) -> ConditionalMatrixExponential:
    """A :class:`ConditionalMatrixExponential` with a network.

    Args:
        input_dim: number of variables.
        context_dim: size of the context.
        hidden_dims: sizes of the network's hidden layers, ``[10 * input_dim] * 2`` by default.
        iterations: the highest power.
        normalization: only ``"none"``.
        bound: without effect, see :class:`ConditionedMatrixExponential`.

    Returns:
        The conditional flow.
    """
    nn = DenseNN(context_dim, hidden_dims or [10 * input_dim] * 2, [input_dim * input_dim])
    return ConditionalMatrixExponential(input_dim, nn, iterations, normalization, bound)
