"""Climbs: where they end, what they learn of the curvature, and rough ground."""

import math

import pytest
import torch

from pyro.ops.quasi_newton import Curvature, Point, climb


def bowl(scales):
    """A quadratic function over as many elements as there are scales: its minimum, its Hessian, and the function."""
    size = len(scales)
    generator = torch.Generator().manual_seed(0)
    factor = torch.randn(size, size, generator=generator, dtype=torch.float64)
    hessian = (factor @ factor.T + torch.eye(size)) / (scales[:, None] * scales)
    centre = torch.randn(size, generator=generator, dtype=torch.float64) * scales

    def at(u):
        slope = hessian @ (u - centre)
        return Point(u, 0.5 * (slope @ (u - centre)).item(), slope)
    return centre, hessian, at


ZEROS, ONES = torch.zeros(10).double(), torch.ones(10).double()
SCALES = {"alike": ONES, "1e-2 to 1e2": torch.logspace(-2, 2, 10).double()}


@pytest.mark.parametrize("name", SCALES)
def test_quadratic_functions(name):
    scales = SCALES[name]
    centre, hessian, at = bowl(scales)
    points = list(climb(at, ZEROS, ONES, 100, 1e-12))
    values = [point.value for point, _ in points]
    assert len(points) <= 80
    assert sorted(values, reverse=True) == values
    last, curvature = points[-1]
    torch.testing.assert_close((last.u - centre) / scales, ZEROS, rtol=0, atol=1e-5)
    ratio = curvature.conditional_scale() * hessian.diagonal().sqrt()
    torch.testing.assert_close(ratio, ONES, rtol=0, atol=0.1)


def test_an_estimate_agrees_with_itself():
    _, _, at = bowl(ONES)
    *_, (_, curvature) = climb(at, ZEROS, ONES, 6, 1e-12)
    covariance = torch.stack([curvature.times(unit) for unit in torch.eye(10).double()])
    torch.testing.assert_close(covariance, covariance.T)
    # the latest step is known exactly
    torch.testing.assert_close(curvature.times(curvature.changes[-1]), curvature.steps[-1])
    torch.testing.assert_close(curvature.conditional_scale(), covariance.inverse().diagonal().rsqrt())
    draws, log_det = curvature.spread(torch.eye(10).double())
    torch.testing.assert_close(draws.T @ draws, covariance)
    torch.testing.assert_close(log_det, covariance.logdet())


def test_a_start_knows_its_diagonal_alone():
    curvature = Curvature(torch.tensor([4.0, 9.0]))
    draws, log_det = curvature.spread(torch.eye(2))
    torch.testing.assert_close(draws, torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
    torch.testing.assert_close(log_det, torch.tensor(36.0).log())
    assert curvature.updated(torch.ones(2), -torch.ones(2)) is curvature  # curved the wrong way


def test_functions_without_a_minimum_or_a_value_end():
    def down(u):
        return Point(u, -u.item(), -torch.ones(1))

    def cliff(u):
        return Point(u, math.nan if u > 3.0 else (u - 2.0).square().item(), 2 * (u - 2.0))

    assert 1 <= len(list(climb(down, torch.zeros(1), torch.ones(1), 5, 1e-9))) <= 5
    *_, (last, _) = climb(cliff, torch.full((1,), -40.0), torch.ones(1), 50, 1e-12)
    torch.testing.assert_close(last.u, torch.full((1,), 2.0), rtol=0, atol=1e-4)
    assert not list(climb(cliff, torch.full((1,), 4.0), torch.ones(1), 50, 1e-12))


def test_values_as_coarse_as_single_precision_are_no_obstacle():
    """The value is rounded to 1e-3, and the minimum is found to 1e-5."""
    centre, _, at = bowl(ONES)

    def coarse(u):
        point = at(u)
        return point._replace(value=round(point.value + 1e4, 3))

    *_, (last, _) = climb(coarse, ZEROS, ONES, 100, 1e-12)
    torch.testing.assert_close(last.u, centre, rtol=0, atol=1e-5)
