"""Wishart distribution: the scatter matrix of normal vectors."""

from collections.abc import Callable, Sequence

import torch
from torch import Size, Tensor

from pyro.distributions.chi2 import Chi2
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.util import broadcast_shape
from pyro.distributions.validated import Validated
from pyro.ops.linalg import cholesky_of_inverse

__all__ = ["Wishart"]

# A factorisation that fails is not reported here: the check of the parameter names it.
_FACTOR: dict[str, Callable[[Tensor], Tensor]] = {
    "covariance_matrix": lambda matrix: torch.linalg.cholesky_ex(matrix).L,
    "precision_matrix": cholesky_of_inverse,
    "scale_tril": lambda factor: factor,
}


class Wishart(Validated, torch.distributions.Wishart, TorchDistributionMixin):
    r"""Wishart distribution.

    .. math::
        p(X) = |X|^{(\nu - K - 1)/2} e^{-\mathrm{tr}(V^{-1} X)/2} / (|2 V|^{\nu/2} \Gamma_K(\nu/2))

    Args:
        df: degrees of freedom :math:`\nu > K - 1`.
        covariance_matrix: scale :math:`V`, positive definite, shape batch_shape + (K, K); give exactly one of
            the three.
        precision_matrix: inverse of the scale, positive definite.
        scale_tril: Cholesky factor of the scale, lower triangular with a positive diagonal.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K, K); the batch shapes broadcast.

    Support:
        positive definite matrices.

    References:
        J. Wishart (1928), The generalised product moment distribution in samples from a normal multivariate
        population.

    Example:
        >>> Wishart(4.0, covariance_matrix=torch.eye(2)).mean
        tensor([[4., 0.],
                [0., 4.]])
    """

    def __init__(
        self,
        df: Tensor | float,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(df, covariance_matrix, precision_matrix, scale_tril, validate_args=validate_args)

    def _construct(
        self,
        df: Tensor | float,
        covariance_matrix: Tensor | None,
        precision_matrix: Tensor | None,
        scale_tril: Tensor | None,
    ) -> None:
        forms = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        given = {name: form for name, form in forms.items() if form is not None}
        if len(given) != 1:
            raise AssertionError("Wishart: expected exactly one of covariance_matrix, precision_matrix and scale_tril, "
                                 f"got {', '.join(given) or 'none'}.")
        ((name, form),) = given.items()
        if form.dim() < 2:
            raise ValueError(f"Expected the {name} of Wishart to have at least two dimensions, got shape "
                             f"{tuple(form.shape)}.")
        df = torch.as_tensor(df, dtype=form.dtype, device=form.device)
        batch_shape = Size(broadcast_shape(tuple(df.shape), tuple(form.shape[:-2])))
        torch.distributions.Distribution.__init__(self, batch_shape, form.shape[-2:], validate_args=False)
        self.df = df.expand(batch_shape)
        setattr(self, name, form.expand(batch_shape + (-1, -1)))
        self._batch_dims = list(range(-1, -len(batch_shape) - 1, -1))
        self._unbroadcasted_scale_tril = _FACTOR[name](form)
        rows = torch.arange(form.shape[-1], dtype=form.dtype, device=form.device)
        self._dist_chi2 = Chi2(self.df.unsqueeze(-1) - rows, validate_args=False)

    def rsample(self, sample_shape: Sequence[int] = (), max_try_correction: int | None = None) -> Tensor:
        """Draws matrices by Bartlett's decomposition.

        Torch draws again where it takes a matrix for singular, which distorts the distribution; that is left out.

        Args:
            sample_shape: shape of independent draws.
            max_try_correction: ignored.

        Returns:
            Draws of shape sample_shape + batch_shape + event_shape.
        """
        lengths = self._dist_chi2.rsample(Size(sample_shape)).clamp(min=torch.finfo(self.df.dtype).tiny).sqrt()
        normals = torch.randn(self.shape(sample_shape), dtype=lengths.dtype, device=lengths.device)
        factor = self._unbroadcasted_scale_tril @ (normals.tril(-1) + lengths.diag_embed())
        return factor @ factor.mT

    @staticmethod
    def infer_shapes(
        df: tuple[int, ...],
        covariance_matrix: tuple[int, ...] | None = None,
        precision_matrix: tuple[int, ...] | None = None,
        scale_tril: tuple[int, ...] | None = None,
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            df: shape of ``df``.
            covariance_matrix: shape of ``covariance_matrix``.
            precision_matrix: shape of ``precision_matrix``.
            scale_tril: shape of ``scale_tril``.

        Returns:
            batch_shape and event_shape.
        """
        matrix = covariance_matrix or precision_matrix or scale_tril or ()
        return Size(broadcast_shape(df, matrix[:-2])), Size(matrix[-2:])
