"""What families of positive definite matrices with a matrix for their scale share: its three forms, and shapes.

Contract: a subclass draws and scores; its parameters are ``concentration`` and ``scale_tril``, from which the other
forms of the scale are computed when they are asked for.

Source: A. K. Gupta, D. K. Nagar (2000), Matrix Variate Distributions, ch. 3.
"""

import math

import torch
from torch import Size, Tensor
from torch.distributions.utils import lazy_property

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.distributions.util import broadcast_shape
from pyro.ops.linalg import cholesky_of_inverse

__all__ = ["ScaleMatrix"]


class ScaleMatrix(Parametric):
    """Base class of Wishart's family and its relatives.

    Args:
        concentration: degrees of freedom, more than K - 1.
        scale_matrix: the scale, positive definite, shape batch_shape + (K, K); give exactly one of the three.
        rate_matrix: inverse of the scale, positive definite.
        scale_tril: Cholesky factor of the scale, lower triangular with a positive diagonal: the cheapest.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Raises:
        ValueError: if not exactly one form of the scale is given.
    """

    has_rsample = True
    arg_constraints = {
        "concentration": constraints.positive,
        "scale_matrix": constraints.positive_definite,
        "rate_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    concentration: Tensor
    scale_tril: Tensor

    def __init__(
        self,
        concentration: Tensor | float,
        scale_matrix: Tensor | None = None,
        rate_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        forms = {"scale_matrix": scale_matrix, "rate_matrix": rate_matrix, "scale_tril": scale_tril}
        given = {name: form for name, form in forms.items() if form is not None}
        if len(given) != 1:
            raise ValueError(f"{type(self).__name__}: expected exactly one of scale_matrix, rate_matrix and "
                             f"scale_tril, got {', '.join(given) or 'none'}.")
        # A factorisation that fails is not reported here: the check of the parameter names it.
        if scale_matrix is not None:
            given["scale_tril"] = torch.linalg.cholesky_ex(scale_matrix).L
        elif rate_matrix is not None:
            given["scale_tril"] = cholesky_of_inverse(rate_matrix)
        event_shape = next(iter(given.values())).shape[-2:]
        super().__init__(event_shape, Size(), validate_args, concentration=concentration, **given)

    def _validate_parameters(self) -> None:
        super()._validate_parameters()
        least = constraints.greater_than(float(self.event_shape[-1] - 1))
        self._check_parameter("concentration", least, self.concentration)

    @lazy_property
    def scale_matrix(self) -> Tensor:
        """The scale."""
        return self.scale_tril @ self.scale_tril.mT

    @lazy_property
    def rate_matrix(self) -> Tensor:
        """The inverse of the scale."""
        return torch.cholesky_inverse(self.scale_tril)

    @staticmethod
    def infer_shapes(
        concentration: tuple[int, ...],
        scale_matrix: tuple[int, ...] | None = None,
        rate_matrix: tuple[int, ...] | None = None,
        scale_tril: tuple[int, ...] | None = None,
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            concentration: shape of ``concentration``.
            scale_matrix: shape of ``scale_matrix``.
            rate_matrix: shape of ``rate_matrix``.
            scale_tril: shape of ``scale_tril``.

        Returns:
            batch_shape and event_shape.
        """
        matrix = scale_matrix or rate_matrix or scale_tril or ()
        return Size(broadcast_shape(concentration, matrix[:-2])), Size(matrix[-2:])

    @property
    def _row(self) -> Tensor:
        """The rows of the matrix, counted from one."""
        return torch.arange(1, self.event_shape[-1] + 1, dtype=self.scale_tril.dtype, device=self.scale_tril.device)

    @property
    def _log_scale_diagonal(self) -> Tensor:
        return self.scale_tril.diagonal(dim1=-2, dim2=-1).log()

    def _log_normalizer(self) -> Tensor:
        """What Wishart's density and its relatives' are divided by, but for powers of the scale's determinant."""
        dim = self.event_shape[-1]
        half = 0.5 * self.concentration
        normalizer: Tensor = half * dim * math.log(2) + torch.special.multigammaln(half, dim)
        return normalizer

    def _noise(self, degrees: Tensor, sample_shape: Size) -> Tensor:
        """Lower triangular matrices of standard normals with chi variables of given degrees on the diagonal."""
        shape = self.shape(sample_shape)
        normals = torch.randn(shape, dtype=degrees.dtype, device=degrees.device).tril(-1)
        squares = 2 * torch._standard_gamma((0.5 * degrees).expand(shape[:-1]))
        return normals + squares.clamp(min=torch.finfo(degrees.dtype).tiny).sqrt().diag_embed()
