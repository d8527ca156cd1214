"""Multivariate normal distribution with adaptive velocity fields for the gradients of its draws."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.multivariate_normal import MultivariateNormal

__all__ = ["AVFMultivariateNormal"]


class _Adapted(torch.autograd.Function):
    """The product of a factor and noise, with the gradients that the module describes."""

    generate_vmap_rule = True

    @staticmethod
    def forward(scale_tril: Tensor, control_var: Tensor, noise: Tensor) -> Tensor:
        """The product, of the noise's shape."""
        return (scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
        """Keeps the arguments."""
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient to the factor, and to the control variables that of half its squared length."""
        scale_tril, control_var, noise = ctx.saved_tensors
        grad = grad_outputs[0]
        samples = tuple(range(grad.dim() - scale_tril.dim() + 1))
        outer = grad.unsqueeze(-1) * noise.unsqueeze(-2)
        outer = outer.sum(samples) if samples else outer
        turned = scale_tril.mT @ outer
        turned = turned - turned.mT
        first, second = control_var[..., 0, :, :], control_var[..., 1, :, :]
        to_tril = (outer + first.mT @ second * turned).tril()
        to_product = to_tril * turned
        to_control = torch.stack([second @ to_product.mT, first @ to_product], -3)
        return to_tril, to_control, None


class AVFMultivariateNormal(MultivariateNormal):
    r"""Multivariate normal distribution with adaptive velocity fields for the gradients of its draws.

    When the factor L changes, a draw :math:`\mu + L \epsilon` moves at the velocity

    .. math::
        dL \, \epsilon + L (X - X^\top) \epsilon, \quad X = (B^\top C) \odot dL

    The second term turns draws along lines of equal density, so it changes no expectation, only how much gradients
    vary. The gradient that backward passes give to the control variables B and C is that of half the squared length
    of the gradient to L: descend along it together with the other parameters to make the gradients vary less.

    Args:
        loc: mean :math:`\mu`, shape batch_shape + (K,).
        scale_tril: Cholesky factor L of the covariance, shape batch_shape + (K, K).
        control_var: control variables B and C, shape batch_shape + (2, M, K), for any M.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K,); the batch shapes broadcast.

    Support:
        real vectors.

    References:
        M. Jankowiak, T. Karaletsos (2019), Pathwise derivatives for multivariate distributions,
        https://arxiv.org/abs/1806.01856

    Example:
        >>> AVFMultivariateNormal(torch.zeros(2), torch.eye(2), torch.zeros(2, 1, 2)).log_prob(torch.zeros(2))
        tensor(-1.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "scale_tril": constraints.lower_cholesky,
        "control_var": constraints.independent(constraints.real, 3),
    }

    def __init__(
        self, loc: Tensor, scale_tril: Tensor, control_var: Tensor, *, validate_args: bool | None = None
    ) -> None:
        self.control_var = control_var
        super().__init__(loc, scale_tril=scale_tril, validate_args=validate_args)

    def expand(
        self, batch_shape: Sequence[int], _instance: "AVFMultivariateNormal | None" = None
    ) -> "AVFMultivariateNormal":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new = self.__new__(type(self)) if _instance is None else _instance
        new.control_var = self.control_var
        expanded: AVFMultivariateNormal = super().expand(batch_shape, new)  # type: ignore[no-untyped-call]
        return expanded

    @staticmethod
    def infer_shapes(  # type: ignore[override]  # has other parameters than its base
        loc: tuple[int, ...], scale_tril: tuple[int, ...], control_var: tuple[int, ...]
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            loc: shape of ``loc``.
            scale_tril: shape of ``scale_tril``.
            control_var: shape of ``control_var``, which the batch does not depend on.

        Returns:
            batch_shape and event_shape.
        """
        return MultivariateNormal.infer_shapes(loc, scale_tril=scale_tril)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws vectors, with gradients to all parameters.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Vectors of shape sample_shape + batch_shape + event_shape.
        """
        tril = self.scale_tril
        control_var = self.control_var.expand(self.batch_shape + self.control_var.shape[-3:])
        noise = torch.randn(self.shape(sample_shape), dtype=tril.dtype, device=tril.device)
        z: Tensor = _Adapted.apply(tril, control_var, noise)  # type: ignore[no-untyped-call]
        return self.loc + z
