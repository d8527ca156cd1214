"""Laws of the cosine transform with weights; see test_laws.py for those that it shares."""

import pytest
import torch

from pyro.distributions.transforms.discrete_cosine import DiscreteCosineTransform
from pyro.ops.cosine_transform import dct


@pytest.mark.parametrize("smooth", [0.0, 1.0, 2.0])
def test_weights_are_powers_of_the_frequency_with_product_one(smooth: float) -> None:
    x = torch.randn(6, dtype=torch.float64)
    weights = DiscreteCosineTransform(smooth=smooth)(x) / dct(x)
    frequency = torch.arange(6, dtype=torch.float64) + 0.5
    torch.testing.assert_close(weights / weights[0], (frequency / frequency[0]) ** smooth)
    torch.testing.assert_close(weights.prod(), torch.ones_like(weights[0]))


def test_along_another_dimension_it_is_the_same() -> None:
    x = torch.randn(5, 4, 3)
    torch.testing.assert_close(DiscreteCosineTransform(dim=-2, smooth=1.0)(x),
                               DiscreteCosineTransform(smooth=1.0)(x.mT).mT)
    assert DiscreteCosineTransform(-1) != DiscreteCosineTransform(-2)
    with pytest.raises(AssertionError, match="negative 'dim'"):
        DiscreteCosineTransform(1)
