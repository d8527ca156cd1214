"""Special functions of numbers equal scipy's."""

import math

import pytest
import scipy.stats as stats

from pyro.distributions.testing.special import chi2sf, incomplete_gamma, log


@pytest.mark.parametrize(("x", "s"), [(1.0, 2.0), (0.5, 3.0), (5.0, 2.0), (40.0, 10.0)])
def test_equal_scipys(x, s):
    assert chi2sf(x, s) == pytest.approx(stats.chi2(s).sf(x), rel=1e-12)
    assert incomplete_gamma(x, s) == pytest.approx(stats.gamma(s).cdf(x), rel=1e-12)


def test_log_of_zero_is_minus_infinity():
    assert log(0.0) == -math.inf
    assert log(math.e) == 1.0
