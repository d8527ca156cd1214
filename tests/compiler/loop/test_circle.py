"""Von Mises variates have their distribution, from nearly uniform to concentrated."""

import math

import numpy as np
import pytest
import scipy.stats

from tests.compiler.loop.draws import draws


@pytest.mark.parametrize("concentration", [1e-7, 1e-3, 0.5, 4.0, 1e3, 1e6])
@pytest.mark.parametrize("loc", [0.0, 3.0])
def test_distribution(loc, concentration):
    x = draws("von_mises", loc, concentration).numpy()
    assert x.min() >= -math.pi
    assert x.max() <= math.pi
    centred = (x - loc + math.pi) % (2 * math.pi) - math.pi
    assert scipy.stats.kstest(centred, scipy.stats.vonmises(concentration).cdf).pvalue > 1e-3


def test_location_turns_the_circle():
    turned = (draws("von_mises", 0.25, 2.0) - draws("von_mises", 0.0, 2.0)).numpy()
    np.testing.assert_allclose(turned % (2 * math.pi), 0.25, atol=1e-12)


@pytest.mark.parametrize("concentration", [-1.0, math.nan])
def test_no_concentration(concentration):
    assert draws("von_mises", 0.0, concentration, count=10).isnan().all()
