"""The normal log cdf and its inverse against high precision, far out too."""

import mpmath
import pytest
import torch

from pyro.ops.normal_tail import log_ndtr, log_ndtri


def exact(z: float) -> float:
    with mpmath.workdps(40):
        return float(mpmath.log(mpmath.erfc(-mpmath.mpf(z) / mpmath.sqrt(2)) / 2))


@pytest.mark.parametrize("z", [-1e4, -300.0, -38.6, -5.0, -1.0, -0.999, 0.0, 2.0, 9.0])
def test_log_ndtr_equals_high_precision(z: float) -> None:
    assert log_ndtr(torch.tensor(z, dtype=torch.float64)).item() == pytest.approx(exact(z), rel=1e-13)
    assert log_ndtr(torch.tensor(z)).item() == pytest.approx(exact(z), rel=1e-6)


@pytest.mark.parametrize("z", [-1e4, -300.0, -38.6, -6.0, -5.5, -1.0, -1e-3, 0.0])
def test_log_ndtri_inverts_it(z: float) -> None:
    log_p = torch.tensor(exact(z), dtype=torch.float64, requires_grad=True)
    quantile = log_ndtri(log_p)
    assert quantile.item() == pytest.approx(z, rel=1e-12, abs=1e-15)
    (slope,) = torch.autograd.grad(quantile, log_p)
    point = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    (inverse,) = torch.autograd.grad(log_ndtr(point), point)
    assert slope.item() == pytest.approx(1 / inverse.item(), rel=1e-9)
    assert log_ndtri(log_p.detach().float()).item() == pytest.approx(z, rel=1e-5, abs=1e-6)


def test_both_map_over_a_batch() -> None:
    z = torch.tensor([-30.0, -1.0, 0.0])
    torch.testing.assert_close(torch.func.vmap(log_ndtri)(torch.func.vmap(log_ndtr)(z)), z)
