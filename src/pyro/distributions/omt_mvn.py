"""Multivariate normal distribution whose draws move along the shortest way."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.distributions.reparametrized import Reparametrized

__all__ = ["OMTMultivariateNormal"]


class OMTMultivariateNormal(Reparametrized, MultivariateNormal):
    r"""Multivariate normal distribution whose draws have the pathwise gradient of least variance, by optimal transport.

    A draw :math:`x = \mu + z` moves with the covariance at the velocity :math:`S z`, where S is the symmetric solution
    of

    .. math::
        S \Sigma + \Sigma S = d\Sigma, \quad \Sigma = L L^\top

    Gradients of draws with respect to ``scale_tril`` thus vary less than those of
    :class:`~pyro.distributions.multivariate_normal.MultivariateNormal`; draws and densities are the same. Each costs an
    eigendecomposition more, :math:`K^3` operations.

    Args:
        loc: mean :math:`\mu`, shape batch_shape + (K,).
        scale_tril: Cholesky factor L of the covariance, shape batch_shape + (K, K).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K,); the batch shapes broadcast.

    Support:
        real vectors.

    References:
        M. Jankowiak, F. Obermeyer (2018), Pathwise derivatives beyond the reparameterization trick,
        https://arxiv.org/abs/1806.01851

    Example:
        >>> OMTMultivariateNormal(torch.zeros(2), torch.eye(2)).log_prob(torch.zeros(2))
        tensor(-1.8379)
    """

    arg_constraints = {"loc": constraints.real_vector, "scale_tril": constraints.lower_cholesky}

    def __init__(self, loc: Tensor, scale_tril: Tensor, *, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale_tril=scale_tril, validate_args=validate_args)

    @staticmethod
    def infer_shapes(  # type: ignore[override]  # has fewer parameters than its base
        loc: tuple[int, ...], scale_tril: tuple[int, ...]
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            loc: shape of ``loc``.
            scale_tril: shape of ``scale_tril``.

        Returns:
            batch_shape and event_shape.
        """
        return MultivariateNormal.infer_shapes(loc, scale_tril=scale_tril)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws vectors, with gradients to both parameters.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Vectors of shape sample_shape + batch_shape + event_shape.
        """
        tril = self._unbroadcasted_scale_tril
        noise = torch.randn(self.shape(sample_shape), dtype=tril.dtype, device=tril.device)
        z = (tril.detach() @ noise.unsqueeze(-1)).squeeze(-1)
        covariance = tril @ tril.mT
        values, vectors = torch.linalg.eigh(covariance.detach())
        change = vectors.mT @ (covariance - covariance.detach()) @ vectors  # zero, with the covariance's gradient
        change = vectors @ (change / (values.unsqueeze(-1) + values.unsqueeze(-2))) @ vectors.mT
        result: Tensor = self.loc + z + (change @ z.unsqueeze(-1)).squeeze(-1)
        return result
