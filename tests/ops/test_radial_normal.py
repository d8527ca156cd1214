"""The moments and all their derivatives against high precision, on either side of zero and of the switch at -3."""

import mpmath
import pytest
import torch

from pyro.ops.radial_normal import log_radial_normal

MEANS = [-1e3, -50.0, -6.0, -3.001, -2.999, -1.0, 0.0, 0.1, 1.0, 3.0, 40.0, 300.0]


def exact(t: float, n: int) -> mpmath.mpf:
    with mpmath.workdps(60):
        half = mpmath.mpf(1) / 2
        return mpmath.gamma(n) * mpmath.exp(-mpmath.mpf(t) ** 2 / 4) * mpmath.pcfu(n - half, -mpmath.mpf(t))


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 3e-5)])
def test_values_and_slopes_equal_high_precision(n: int, dtype: torch.dtype, tolerance: float) -> None:
    t = torch.tensor(MEANS, dtype=dtype, requires_grad=True)
    value = log_radial_normal(t, n)
    expected = [float(mpmath.log(exact(mean, n))) for mean in t.tolist()]
    torch.testing.assert_close(value.tolist(), expected, rtol=tolerance, atol=tolerance)
    (slope,) = torch.autograd.grad(value.sum(), t)
    slopes = [float(exact(mean, n + 1) / exact(mean, n) - mpmath.mpf(mean)) for mean in t.tolist()]
    torch.testing.assert_close(slope.tolist(), slopes, rtol=tolerance, atol=1e-30)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_second_derivatives_equal_finite_differences(n: int) -> None:
    t = torch.tensor([-7.0, -2.0, 1.0, 5.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda t: log_radial_normal(t, n), t)


def test_it_maps_over_a_batch() -> None:
    t = torch.tensor([-30.0, -1.0, 2.0])
    torch.testing.assert_close(torch.func.vmap(lambda t: log_radial_normal(t, 3))(t), log_radial_normal(t, 3))
