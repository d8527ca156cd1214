import pytest

from pyro.ops.dual_averaging import DualAveraging


def test_two_steps_by_hand():
    average = DualAveraging(prox_center=0.5)
    average.step(1.0)
    assert average.get_state() == pytest.approx((0.5 - 20 / 11, 0.5 - 20 / 11))
    average.step(-0.3)
    g = 11 / 12 / 11 - 0.3 / 12
    x = 0.5 - 20 * 2**0.5 * g
    weight = 2**-0.75
    assert average.get_state() == pytest.approx((x, weight * x + (1 - weight) * (0.5 - 20 / 11)))


@pytest.mark.parametrize("minimum", [-2.0, 0.0, 4.0])
def test_the_average_goes_to_the_minimum(minimum):
    average = DualAveraging(prox_center=1.0, gamma=0.5)
    for _ in range(5000):
        x, _ = average.get_state()
        average.step(2 * (x - minimum))
    assert average.get_state()[1] == pytest.approx(minimum, abs=0.02)


def test_reset_forgets():
    average = DualAveraging(prox_center=1.0)
    average.step(3.0)
    average.reset()
    average.step(0.0)
    assert average.get_state() == (1.0, 1.0)
