"""Laws of the spline flows; see test_laws.py and test_rational_spline.py for those that they share."""

import pytest
import torch

from pyro.distributions.transforms.spline import (
    ConditionedSpline,
    Spline,
    conditional_spline,
    count_spline_parameters,
    spline,
)


@pytest.mark.parametrize(("order", "counts"), [("linear", [8, 8, 7, 8]), ("quadratic", [8, 8, 7])])
def test_numbers_of_parameters(order: str, counts: list[int]) -> None:
    assert count_spline_parameters(8, order) == counts
    assert [parameter.shape for parameter in spline(3, order=order).parameters()] == [(3, n) for n in counts]
    raw = conditional_spline(3, 2, order=order).nn(torch.zeros(2))
    assert [parameter.shape for parameter in raw] == [(3 * n,) for n in counts]


def test_beyond_the_bound_values_stay() -> None:
    x = torch.tensor([[-2.5, 2.5, 1.5]])
    moved = Spline(3, bound=2.0)(x) != x
    assert moved.tolist() == [[False, False, True]]


def test_operation_and_its_inverse() -> None:
    flow = spline(3).double()
    x = torch.randn(5, 3, dtype=torch.float64)
    y, log_derivative = flow.spline_op(x)
    back, log_inverse = flow.spline_op(y, inverse=True)
    torch.testing.assert_close(back, x)
    torch.testing.assert_close(log_inverse, -log_derivative, rtol=1e-6, atol=1e-6)


def test_unknown_order_is_refused() -> None:
    for build in (Spline, lambda n, order: ConditionedSpline((), order=order),
                  lambda n, order: conditional_spline(n, 2, order=order)):
        with pytest.raises(ValueError, match="'cubic'"):
            build(3, order="cubic")
