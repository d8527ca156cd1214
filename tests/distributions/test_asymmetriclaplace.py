"""The soft asymmetric Laplace's density and slopes against high precision, from a sharp peak to a nearly normal one."""

import mpmath
import pytest
import torch

import pyro.distributions as dist


def exact(x, scale, asymmetry, softness):
    left, right, soft = scale * asymmetry, scale / asymmetry, scale * softness
    tails = [mpmath.exp((soft / tail) ** 2 / 2 - z / tail) * mpmath.ncdf(z / soft - soft / tail)
             for z, tail in ((x, right), (-x, left))]
    return mpmath.log(sum(tails) / (left + right))


@pytest.mark.parametrize("x", [-20.0, -0.5, 0.0, 3.0, 40.0])
@pytest.mark.parametrize("softness", [0.1, 0.5, 40.0])
@pytest.mark.parametrize("asymmetry", [1.5])
def test_density_and_slopes_equal_high_precision(x, softness, asymmetry):
    arguments = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, 1.3, asymmetry, softness)]
    value, *parameters = arguments
    log_prob = dist.SoftAsymmetricLaplace(0.0, *parameters).log_prob(value)
    slopes = torch.autograd.grad(log_prob, arguments)
    with mpmath.workdps(80):
        point = [mpmath.mpf(v.item()) for v in arguments]
        assert log_prob.item() == pytest.approx(float(exact(*point)), rel=1e-12)
        step = mpmath.mpf(10) ** -30
        for i, slope in enumerate(slopes):
            moved = [[p + sign * step * (i == k) for k, p in enumerate(point)] for sign in (1, -1)]
            expected = (exact(*moved[0]) - exact(*moved[1])) / (2 * step)
            assert slope.item() == pytest.approx(float(expected), rel=1e-10, abs=1e-12)


def test_slopes_can_be_differentiated():
    value = torch.tensor([-3.0, 0.5], dtype=torch.float64, requires_grad=True)
    parameters = [torch.full((2,), p, dtype=torch.float64, requires_grad=True) for p in (0.1, 1.3, 0.7, 0.9)]

    def log_prob(value, *parameters):
        return dist.SoftAsymmetricLaplace(*parameters, validate_args=False).log_prob(value)

    assert torch.autograd.gradgradcheck(log_prob, (value, *parameters))
