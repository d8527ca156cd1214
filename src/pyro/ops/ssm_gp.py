r"""State space form of Gaussian processes over time, for half-integer Matérn kernels.

A process with kernel of smoothness :math:`\nu = p + \tfrac12` is the first component of a linear stochastic
differential equation for its value and its first p derivatives. Between times dt apart, the state :math:`z`, a row
vector, goes to :math:`z A + \epsilon`, with

.. math::
    A^\top = \exp(F\, dt) = e^{-\lambda dt} \sum_{k \le p} \frac{(F + \lambda I)^k dt^k}{k!}, \qquad
    \lambda = \sqrt{2 \nu} / \ell, \qquad \mathrm{cov}(\epsilon) = P - A^\top P A

where :math:`P` is the stationary covariance and :math:`F + \lambda I` is nilpotent.

References:
    Jouni Hartikainen, Simo Särkkä (2010), "Kalman filtering and smoothing solutions to temporal Gaussian process
    regression models"
"""

import math

import torch
from torch import Tensor, nn

__all__ = ["MaternKernel"]

_STATE_DIMS = {0.5: 1, 1.5: 2, 2.5: 3}


class MaternKernel(nn.Module):
    """Independent Gaussian processes over time with Matérn kernels.

    Args:
        nu: the smoothness: 0.5, 1.5 or 2.5.
        num_gps: the number of processes.
        length_scale_init: their length scales to start from; ones by default.
        kernel_scale_init: their standard deviations to start from; ones by default.

    Attributes:
        state_dim: the dimension of a process's state, nu + 1/2.

    Raises:
        NotImplementedError: for another smoothness.
        ValueError: for initial values of another shape.

    Example:
        >>> kernel = MaternKernel(nu=0.5)
        >>> kernel.transition_matrix(1.0)  # exp(-1)
        tensor([[[0.3679]]], grad_fn=<MulBackward0>)
    """

    def __init__(
        self, nu: float = 1.5, num_gps: int = 1, length_scale_init: Tensor | None = None,
        kernel_scale_init: Tensor | None = None,
    ) -> None:
        super().__init__()
        if nu not in _STATE_DIMS:
            raise NotImplementedError("The only supported values of nu are 0.5, 1.5 and 2.5")
        self.nu, self.num_gps, self.state_dim = nu, num_gps, _STATE_DIMS[nu]
        self.length_scale_unconstrained = self._start("length_scale_init", length_scale_init)
        self.kernel_scale_unconstrained = self._start("kernel_scale_init", kernel_scale_init)

    def _start(self, name: str, init: Tensor | None) -> nn.Parameter:
        init = torch.ones(self.num_gps) if init is None else init
        if init.shape != (self.num_gps,):
            raise ValueError(f"{name} has shape {tuple(init.shape)}, expected ({self.num_gps},): one number for each "
                             "process.")
        return nn.Parameter(init.log())

    @property
    def length_scale(self) -> Tensor:
        """The processes' length scales."""
        return self.length_scale_unconstrained.exp()

    @property
    def kernel_scale(self) -> Tensor:
        """The processes' standard deviations."""
        return self.kernel_scale_unconstrained.exp()

    def _rate(self) -> Tensor:
        return math.sqrt(2 * self.nu) / self.length_scale

    def transition_matrix(self, dt: float) -> Tensor:
        """How a state goes on, as a matrix that acts on row vectors.

        Args:
            dt: the time between two states.

        Returns:
            Matrices of shape (num_gps, state_dim, state_dim).
        """
        rate, order = self._rate(), self.state_dim
        eye = torch.eye(order, dtype=rate.dtype, device=rate.device)
        degree = torch.arange(order, dtype=rate.dtype, device=rate.device)
        # the last row of F has minus the coefficients of (x + rate)^order
        binomials = rate.new_tensor([-math.comb(order, k) for k in range(order)])
        last_row = binomials * rate[:, None] ** (order - degree)
        drift = torch.cat([eye[1:].expand(self.num_gps, -1, -1), last_row[:, None]], 1)
        nilpotent = drift + rate[:, None, None] * eye
        term = total = eye.expand(self.num_gps, -1, -1)
        for k in range(1, order):
            term = term @ nilpotent * (dt / k)
            total = total + term
        return total.mT * (-rate * dt).exp()[:, None, None]

    def stationary_covariance(self) -> Tensor:
        """The covariance of a state at any time.

        Returns:
            Matrices of shape (num_gps, state_dim, state_dim).
        """
        rate, variance = self._rate(), self.kernel_scale.square()
        zero, one, r2 = torch.zeros_like(rate), torch.ones_like(rate), rate.square()
        rows = {
            1: [[one]],
            2: [[one, zero], [zero, r2]],
            3: [[one, zero, -r2 / 3], [zero, r2 / 3, zero], [-r2 / 3, zero, r2.square()]],
        }[self.state_dim]
        return torch.stack([torch.stack(row, -1) for row in rows], -2) * variance[:, None, None]

    def process_covariance(self, A: Tensor) -> Tensor:
        """The covariance of the noise that a transition adds.

        Args:
            A: the transition matrix.

        Returns:
            Matrices of shape (num_gps, state_dim, state_dim).
        """
        stationary = self.stationary_covariance()
        return stationary - A.mT @ stationary @ A

    def transition_matrix_and_covariance(self, dt: float) -> tuple[Tensor, Tensor]:
        """How a state goes on, and the covariance of the noise.

        Args:
            dt: the time between two states.

        Returns:
            The transition matrix and the noise's covariance.
        """
        transition = self.transition_matrix(dt)
        return transition, self.process_covariance(transition)
