"""Laws of the state space form of Gaussian processes, against the kernels themselves."""

import math

import pytest
import torch

from pyro.ops.ssm_gp import MaternKernel

LENGTH, SCALE = torch.tensor([0.5, 2.0]).double(), torch.tensor([1.0, 3.0]).double()


def kernel(nu: float, distance: float) -> torch.Tensor:
    r = math.sqrt(2 * nu) * distance / LENGTH
    polynomial = {0.5: 1 + 0 * r, 1.5: 1 + r, 2.5: 1 + r + r**2 / 3}[nu]
    return SCALE**2 * polynomial * (-r).exp()


@pytest.mark.parametrize("dt", [0.01, 0.3, 5.0])
@pytest.mark.parametrize("nu", [0.5, 1.5, 2.5])
def test_covariance_over_time_is_the_kernel(nu: float, dt: float) -> None:
    gp = MaternKernel(nu, num_gps=2, length_scale_init=LENGTH, kernel_scale_init=SCALE)
    stationary = gp.stationary_covariance()
    transition, noise = gp.transition_matrix_and_covariance(dt)
    torch.testing.assert_close((stationary @ transition)[:, 0, 0].detach(), kernel(nu, dt))
    torch.testing.assert_close(transition.mT @ stationary @ transition + noise, stationary)
    assert (torch.linalg.eigvalsh(noise) > -1e-9).all()
    torch.testing.assert_close(transition @ transition, gp.transition_matrix(2 * dt))


def test_parameters_are_learnt() -> None:
    gp = MaternKernel()
    gp.transition_matrix(1.0).sum().backward()  # type: ignore[no-untyped-call]
    assert gp.length_scale_unconstrained.grad is not None
    assert (gp.length_scale == 1).all() and (gp.kernel_scale == 1).all()


def test_other_kernels_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="0.5, 1.5 and 2.5"):
        MaternKernel(nu=0.7)
    with pytest.raises(ValueError, match="length_scale_init has shape"):
        MaternKernel(length_scale_init=torch.ones(3))
