"""Sine model of two correlated angles."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Size, Tensor
from torch.special import i0e

from pyro.distributions import constraints
from pyro.distributions.categorical import Categorical
from pyro.distributions.parametric import Parametric
from pyro.distributions.util import broadcast_shape, gather
from pyro.distributions.von_mises import VonMises

__all__ = ["SineBivariateVonMises"]

_NODES = 257
_ROUNDS = 8
_MARGIN = 1.05


class _Marginal(NamedTuple):
    r"""The first angle's deviation from its mean, with the second angle integrated out.

    .. math::
        p(\phi) \propto e^{\kappa_1 (\cos \phi - 1)} I_0(z) e^{-\kappa_2}, \quad
        z = \sqrt{\kappa_2^2 + \rho^2 \sin^2 \phi}

    It is even, so it is looked at between 0 and pi, as a function of :math:`\tau` with
    :math:`\tan(\phi / 2) = c \tan(\tau / 2)`, which puts more nodes near a peak at zero.

    Attributes:
        kappa1: concentration of the first angle.
        kappa2: concentration of the second angle.
        rho: correlation.
    """

    kappa1: Tensor
    kappa2: Tensor
    rho: Tensor

    def concentration(self, phi: Tensor) -> Tensor:
        """That of the second angle given the first, z."""
        return torch.hypot(self.kappa2, self.rho * phi.sin())

    def deviation(self, tau: Tensor) -> Tensor:
        """The angle that belongs to tau."""
        return 2 * torch.atan2(self._stretch() * (tau / 2).sin(), (tau / 2).cos())

    def log_density(self, tau: Tensor) -> Tensor:
        """The log density of tau, unnormalised."""
        c, phi = self._stretch(), self.deviation(tau)
        z = self.concentration(phi)
        half_tau = tau / 2
        log_speed = c.log() - (half_tau.cos().square() + (c * half_tau.sin()).square()).log()
        # z - kappa2 without cancellation
        excess = (self.rho * phi.sin()).square() / (z + self.kappa2)
        result: Tensor = log_speed - 2 * self.kappa1 * (phi / 2).sin().square() + excess + i0e(z).log()
        return result

    def at_nodes(self) -> Tensor:
        """The log density at nodes from 0 to pi, along a new last dimension."""
        expanded = _Marginal(*(tensor.unsqueeze(-1) for tensor in self))
        return expanded.log_density(_nodes(self.kappa1))

    @torch.no_grad()
    def _stretch(self) -> Tensor:
        has_one_peak = self.rho.square() < self.kappa1 * self.kappa2
        return torch.where(has_one_peak, (1 + self.kappa1) ** -0.25, 1.0)


def _nodes(like: Tensor) -> Tensor:
    return torch.linspace(0, math.pi, _NODES, dtype=like.dtype, device=like.device)


class SineBivariateVonMises(Parametric):
    r"""Sine model of two correlated angles, the analogue on the torus of a bivariate normal distribution.

    .. math::
        p(\phi, \psi) = \frac{1}{C} e^{\kappa_1 \cos(\phi - \mu) + \kappa_2 \cos(\psi - \nu)
        + \rho \sin(\phi - \mu) \sin(\psi - \nu)}

    It has two modes where :math:`\rho^2 > \kappa_1 \kappa_2`. The normalizer is computed by the trapezoidal rule, exact
    to rounding for concentrations up to 1e6 where there is one mode, and up to 1e3 where there are two.

    Args:
        phi_loc: mean :math:`\mu` of the first angle.
        psi_loc: mean :math:`\nu` of the second angle.
        phi_concentration: concentration :math:`\kappa_1 > 0` of the first angle.
        psi_concentration: concentration :math:`\kappa_2 > 0` of the second angle.
        correlation: :math:`\rho`; give this or ``weighted_correlation``.
        weighted_correlation: :math:`\rho / \sqrt{\kappa_1 \kappa_2}`; between -1 and 1 for one mode.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is (2,).

    Support:
        pairs of angles; samples lie between -pi and pi, any real numbers are accepted.

    References:
        H. Singh, V. Hnizdo, E. Demchuk (2002), Probabilistic model for two dependent circular variables, Biometrika
        89(3); K. V. Mardia, C. C. Taylor, G. K. Subramaniam (2007), Protein bioinformatics and mixtures of bivariate
        von Mises distributions for angular data, Biometrics 63(2).

    Example:
        >>> SineBivariateVonMises(0.0, 1.0, 2.0, 3.0, correlation=1.0).mean
        tensor([0., 1.])
    """

    arg_constraints = {
        **dict.fromkeys(("phi_loc", "psi_loc"), constraints.real),
        **dict.fromkeys(("phi_concentration", "psi_concentration"), constraints.positive),
        "correlation": constraints.real,
    }
    support = constraints.real_vector
    phi_loc: Tensor
    psi_loc: Tensor
    phi_concentration: Tensor
    psi_concentration: Tensor
    correlation: Tensor

    def __init__(
        self,
        phi_loc: Tensor | float,
        psi_loc: Tensor | float,
        phi_concentration: Tensor | float,
        psi_concentration: Tensor | float,
        correlation: Tensor | float | None = None,
        weighted_correlation: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if correlation is None:
            if weighted_correlation is None:
                raise AssertionError("SineBivariateVonMises: expected correlation or weighted_correlation, got "
                                     "neither.")
            product = torch.as_tensor(phi_concentration) * torch.as_tensor(psi_concentration)
            # where it is not valid, the concentration at fault is to be named, and not the root of it
            correlation = weighted_correlation * product.clamp(min=0).sqrt()
        elif weighted_correlation is not None:
            raise AssertionError("SineBivariateVonMises: expected correlation or weighted_correlation, got both.")
        super().__init__((2,), phi_loc=phi_loc, psi_loc=psi_loc, phi_concentration=phi_concentration,
                         psi_concentration=psi_concentration, correlation=correlation, validate_args=validate_args)

    @classmethod
    def infer_shapes(cls, *args: Sequence[int], **arg_shapes: Sequence[int]) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            *args: shapes of parameters in the order of ``arg_constraints``.
            **arg_shapes: shapes of parameters by name.

        Returns:
            batch_shape and event_shape.
        """
        shapes = [tuple(shape) for shape in (*args, *arg_shapes.values())]
        return Size(broadcast_shape(*shapes)), Size((2,))

    @property
    def _marginal(self) -> _Marginal:
        return _Marginal(self.phi_concentration, self.psi_concentration, self.correlation)

    @property
    def _log_volume(self) -> Tensor:
        """The logarithm of C, less both concentrations."""
        log_density = self._marginal.at_nodes()
        weights = torch.ones(_NODES, dtype=log_density.dtype, device=log_density.device)
        weights[0] = weights[-1] = 0.5
        log_integral = (log_density + weights.log()).logsumexp(-1) + math.log(2 * math.pi / (_NODES - 1))
        return log_integral + math.log(2 * math.pi)

    @property
    def norm_const(self) -> Tensor:
        """The logarithm of the normalizer C."""
        return self._log_volume + self.phi_concentration + self.psi_concentration

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of pairs of angles.

        Args:
            value: pairs, of a shape that broadcasts with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        phi, psi = value[..., 0] - self.phi_loc, value[..., 1] - self.psi_loc
        # cosines less one, which is exact where the density is concentrated
        bent = self.phi_concentration * (phi / 2).sin().square() + self.psi_concentration * (psi / 2).sin().square()
        return self.correlation * phi.sin() * psi.sin() - 2 * bent - self._log_volume

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws the first angle by rejection from a piecewise linear density, and the second one given the first.

        The proposal is so close that one of eight rounds is accepted but for one draw in 1e10.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Pairs of angles of shape sample_shape + batch_shape + (2,).
        """
        marginal = self._marginal
        shape = Size((_ROUNDS,)) + Size(sample_shape) + self.batch_shape
        tau, log_proposal = self._propose(marginal.at_nodes(), shape)
        log_ratio = marginal.log_density(tau) - log_proposal
        is_accepted = torch.rand_like(tau).log() + math.log(_MARGIN) < log_ratio
        first = is_accepted.to(torch.uint8).argmax(0, keepdim=True)
        phi = marginal.deviation(tau.gather(0, first).squeeze(0))
        phi = torch.where(torch.rand_like(phi) < 0.5, -phi, phi)
        mean = torch.atan2(self.correlation * phi.sin(), self.psi_concentration)
        psi = VonMises(mean, marginal.concentration(phi), validate_args=False).sample()
        angles = torch.stack([phi + self.phi_loc, psi + self.psi_loc], -1)
        return (angles + math.pi) % (2 * math.pi) - math.pi

    def _propose(self, log_density: Tensor, shape: Size) -> tuple[Tensor, Tensor]:
        """Draws from the linear interpolation of a density at the nodes, and gives the log densities there."""
        top = log_density.amax(-1, keepdim=True)
        density = (log_density - top).exp()
        cells = density[..., 1:] + density[..., :-1]
        leading = shape[: len(shape) - len(self.batch_shape)]
        cell: Tensor = Categorical(cells, validate_args=False).sample(leading)  # type: ignore[no-untyped-call]
        low = gather(density, cell.unsqueeze(-1), -1).squeeze(-1)
        high = gather(density, cell.unsqueeze(-1) + 1, -1).squeeze(-1)
        u = torch.rand_like(low)
        part = u * (low + high) / (low + (low.square() + u * (high.square() - low.square())).clamp(min=0).sqrt())
        tau = (cell + part) * (math.pi / (_NODES - 1))
        return tau, (low + part * (high - low)).log() + top.squeeze(-1)

    @property
    def mean(self) -> Tensor:
        """The means of both angles."""
        return torch.stack([self.phi_loc, self.psi_loc], -1)
