"""The block neural autoregressive flow: a single network, monotone in each variable."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.basic import activation_named
from pyro.distributions.transforms.flow import Flow

__all__ = ["BlockAutoregressive", "MaskedBlockLinear", "block_autoregressive", "log_matrix_product"]

_RESIDUALS = (None, "normal", "gated")
_TWO_LAYERS = [8, 8]


def log_matrix_product(A: Tensor, B: Tensor) -> Tensor:
    r"""The matrix product in the logarithmic domain, :math:`\log(e^A e^B)`.

    Args:
        A: matrices of logarithms.
        B: the same.

    Shape:
        ``batch_shape + (i, j)`` and ``batch_shape + (j, k)`` make ``batch_shape + (i, k)``.

    Example:
        >>> log_matrix_product(torch.zeros(1, 2), torch.zeros(2, 1)).exp()
        tensor([[2.]])
    """
    return (A.unsqueeze(-1) + B.unsqueeze(-3)).logsumexp(-2)


class MaskedBlockLinear(nn.Module):
    r"""A linear layer of D blocks by D, lower triangular, whose blocks on the diagonal are positive.

    .. math::
        W_r = e^{s_r} V_r / \|V_r\|

    for each row r, where V is :math:`e^{W'}` on the diagonal blocks, :math:`W'` below and zero above them.

    Args:
        in_features: size of the input, a multiple of ``dim``.
        out_features: size of the output, a multiple of ``dim``.
        dim: number D of variables.
        bias: whether there is a bias to be learnt; it is zero otherwise.
    """

    mask_d: Tensor
    mask_o: Tensor
    bias: Tensor

    def __init__(self, in_features: int, out_features: int, dim: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.dim = dim
        block = torch.ones(out_features // dim, in_features // dim)
        self.register_buffer("mask_d", torch.eye(dim).kron(block))
        self.register_buffer("mask_o", torch.ones(dim, dim).tril(-1).kron(block))
        weight = nn.init.xavier_uniform_(torch.empty(out_features, in_features)) * (self.mask_d + self.mask_o)
        self._weight = nn.Parameter(weight)
        self._diag_weight = nn.Parameter(torch.rand(out_features, 1).log())
        zeros = torch.zeros(out_features)
        if bias:
            limit = (in_features / dim) ** -0.5
            self.bias = nn.Parameter(nn.init.uniform_(zeros, -limit, limit))
        else:
            self.register_buffer("bias", zeros)

    def get_weights(self) -> tuple[Tensor, Tensor]:
        """The matrix, and the logarithms of its diagonal blocks, one behind the other."""
        below, blocks, log_factors, log_blocks = self._parts()
        return log_factors.exp() * (below + torch.block_diag(*blocks)), log_blocks

    def _parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        r"""V below the diagonal blocks and on them, :math:`s - \log \|V\|` by row, and the logarithms of W's blocks."""
        by_blocks = self._weight.unflatten(0, (self.dim, -1)).unflatten(-1, (self.dim, -1))
        log_diagonal = by_blocks.diagonal(dim1=0, dim2=2).movedim(-1, 0)
        below, blocks = self._weight * self.mask_o, log_diagonal.exp()
        squares = below.square().sum(-1) + blocks.square().sum(-1).flatten()
        log_factors = self._diag_weight - 0.5 * squares.log().unsqueeze(-1)
        return below, blocks, log_factors, log_diagonal + log_factors.unflatten(0, (self.dim, -1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Applies the layer to columns.

        Args:
            x: the input, of shape ``batch_shape + (in_features, 1)``.

        Returns:
            The output, of shape ``batch_shape + (out_features,)``, and the logarithms of the diagonal blocks.
        """
        below, blocks, log_factors, log_blocks = self._parts()
        x = x.squeeze(-1)
        # factors go to the product's rows: the matrix itself is never formed
        own = torch.einsum("doi,...di->...do", blocks, x.unflatten(-1, (self.dim, -1))).flatten(-2)
        return (x @ below.mT + own) * log_factors.squeeze(-1).exp() + self.bias, log_blocks


class BlockAutoregressive(Flow, TransformModule):
    r"""A network of :class:`MaskedBlockLinear` layers, in which output i increases with input i.

    The logarithm of the derivative is a product of matrices in the logarithmic domain along the layers. A residual
    connection makes :math:`y = x + f(x)`, or gated with :math:`g = \operatorname{sigmoid}(\text{gate})`,
    :math:`y = g x + (1 - g) f(x)`. Its inverse has no closed form.

    Args:
        input_dim: number of variables.
        hidden_factors: number of units for each variable, a hidden layer each.
        activation: what stands between layers: ``"tanh"``, ``"ELU"``, ``"LeakyReLU"`` or ``"sigmoid"``.
        residual: ``None``, ``"normal"`` or ``"gated"``.

    Raises:
        ValueError: if a factor is less than one, or for another activation or residual connection.

    References:
        N. De Cao, I. Titov, W. Aziz (2019), "Block neural autoregressive flow", UAI.

    Example:
        >>> BlockAutoregressive(3)(torch.zeros(5, 3)).shape
        torch.Size([5, 3])
    """

    domain = codomain = constraints.real_vector
    autoregressive = True
    _no_inverse = KeyError

    def __init__(
        self,
        input_dim: int,
        hidden_factors: Sequence[int] = _TWO_LAYERS,
        activation: str = "tanh",
        residual: str | None = None,
    ) -> None:
        super().__init__()
        if any(factor < 1 for factor in hidden_factors):
            raise ValueError(f"BlockAutoregressive: expected hidden_factors of at least 1, got {list(hidden_factors)}.")
        if residual not in _RESIDUALS:
            raise ValueError(f"BlockAutoregressive: expected a residual among {_RESIDUALS}, got {residual!r}.")
        self.T = activation_named(activation)
        self.residual = residual
        self.input_dim = input_dim
        if residual == "gated":
            self.gate = nn.Parameter(torch.randn(1))
        sizes = [input_dim * factor for factor in (1, *hidden_factors, 1)]
        self.layers = nn.ModuleList(
            MaskedBlockLinear(a, b, input_dim) for a, b in zip(sizes[:-1], sizes[1:], strict=True))

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first, *others = self.layers
        h, log_derivatives = first(x.unsqueeze(-1))  # of each variable's units with respect to it
        for layer in others:
            active = self.T(h)
            at_units = self.T.log_abs_det_jacobian(h, active).unflatten(-1, (self.input_dim, -1))
            h, log_blocks = layer(active.unsqueeze(-1))
            log_derivatives = log_matrix_product(log_blocks, log_derivatives + at_units.unsqueeze(-1))
        log_derivatives = log_derivatives.flatten(-3).expand(x.shape)
        if self.residual == "normal":
            return x + h, softplus(log_derivatives).sum(-1)
        if self.residual == "gated":
            gate = self.gate.sigmoid()
            total = torch.logaddexp(logsigmoid(self.gate), logsigmoid(-self.gate) + log_derivatives)
            return gate * x + (1 - gate) * h, total.sum(-1)
        return h, log_derivatives.sum(-1)


def block_autoregressive(input_dim: int, **kwargs: Any) -> BlockAutoregressive:
    """A :class:`BlockAutoregressive`.

    Args:
        input_dim: number of variables.
        **kwargs: passed to :class:`BlockAutoregressive`.

    Returns:
        The flow.
    """
    return BlockAutoregressive(input_dim, **kwargs)
