"""Laws of quadratic exponents."""

import math

import pytest
import torch

from pyro.ops.gaussian import Gaussian
from pyro.ops.quadratic import eliminate, eliminate_between


def spd(n: int) -> torch.Tensor:
    factor = torch.randn(n, n).double()
    return factor @ factor.mT + torch.eye(n)


def test_eliminating_a_block_keeps_the_other_block_of_the_inverse() -> None:
    torch.manual_seed(0)
    precision, info = spd(5), torch.randn(5).double()
    rest = eliminate(info[:2], precision[:2, :2], precision[2:, :2], info[2:], precision[2:, 2:])
    torch.testing.assert_close(rest.precision.inverse(), precision.inverse()[:2, :2])
    torch.testing.assert_close(rest.precision.inverse() @ rest.info_vec, (precision.inverse() @ info)[:2])
    expected = 1.5 * math.log(2 * math.pi) - 0.5 * precision[2:, 2:].logdet()
    torch.testing.assert_close(rest.log_volume, expected)
    torch.testing.assert_close(rest.energy, 0.5 * info[2:] @ precision[2:, 2:].inverse() @ info[2:])


def test_exponents_in_common_coordinates_add_up() -> None:
    torch.manual_seed(0)
    x = Gaussian(torch.zeros(()).double(), torch.randn(3).double(), spd(3))
    y = Gaussian(torch.zeros(()).double(), torch.randn(4).double(), spd(4))
    both = x.event_pad(right=2) + y.event_pad(left=1)
    between = eliminate_between(x, y, 2)
    order = torch.tensor([0, 3, 4, 1, 2])
    whole = both.event_permute(order).eliminated(right=2)
    for found, expected in zip(between[:4], whole[:4], strict=True):
        torch.testing.assert_close(found, expected)


def test_one_side_at_a_time() -> None:
    factor = Gaussian(torch.zeros(()), torch.zeros(3), torch.eye(3))
    with pytest.raises(NotImplementedError, match="left=1 and right=1"):
        factor.eliminated(left=1, right=1)
