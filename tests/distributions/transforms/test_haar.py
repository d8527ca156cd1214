"""Laws of the Haar transform; see test_laws.py for those that it shares."""

import pytest
import torch

from pyro.distributions.transforms.haar import HaarTransform
from pyro.ops.haar import haar_transform


def test_flip_and_dimension() -> None:
    x = torch.randn(2, 5, 3)
    torch.testing.assert_close(HaarTransform()(x), haar_transform(x))
    torch.testing.assert_close(HaarTransform(flip=True)(x), haar_transform(x.flip(-1)))
    torch.testing.assert_close(HaarTransform(dim=-2)(x), haar_transform(x.mT).mT)
    assert HaarTransform() != HaarTransform(flip=True)
    with pytest.raises(AssertionError, match="negative 'dim'"):
        HaarTransform(0)
