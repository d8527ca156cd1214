"""Laws of the transform between pairs and complex numbers."""

import pytest
import torch

from pyro.distributions.transforms.complex import ComplexTransform
from tests.distributions.transforms.laws import assert_one_to_one


def test_one_to_one() -> None:
    x = torch.randn(3, 4, 2, dtype=torch.float64)
    y = assert_one_to_one(ComplexTransform(), x)
    assert torch.equal(y.real, x[..., 0]) and torch.equal(y.imag, x[..., 1])


def test_real_numbers_have_no_imaginary_part() -> None:
    assert ComplexTransform().inv(torch.tensor([3.0])).tolist() == [[3.0, 0.0]]


@pytest.mark.parametrize("shape", [(), (3,)])
def test_others_than_pairs_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected pairs"):
        ComplexTransform().forward_shape(shape)
