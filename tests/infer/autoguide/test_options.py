"""Scales and probabilities that guides are given."""

from typing import Any

import pytest
import torch
from torch import tensor

from pyro.infer.autoguide.options import check_init_scale, normal_quantiles


@pytest.mark.parametrize("scale", [0.0, -1.0, "a", None, float("nan")])
def test_scales_are_positive_numbers(scale: Any) -> None:
    with pytest.raises(ValueError, match="Expected init_scale > 0"):
        check_init_scale(scale)
    assert check_init_scale(0.5) == 0.5


@pytest.mark.parametrize(("quantiles", "rows"), [(0.5, 1), ([0.1, 0.9], 2), ((0.25,), 1), (tensor([0.1, 0.5, 0.7]), 3)])
def test_quantiles_have_a_leftmost_dim_for_the_probabilities(quantiles: Any, rows: int) -> None:
    found = normal_quantiles(quantiles, torch.zeros(4, 2), torch.ones(4, 2))
    assert found.shape == (rows, 4, 2)
    levels = torch.as_tensor(quantiles).reshape(-1, 1, 1).expand(rows, 4, 2)
    torch.testing.assert_close(torch.distributions.Normal(0.0, 1.0).cdf(found), levels)


@pytest.mark.parametrize("quantiles", [1.5, [-0.1, 0.5], [float("nan")]])
def test_probabilities_lie_between_0_and_1(quantiles: Any) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        normal_quantiles(quantiles, torch.zeros(2), torch.ones(2))


