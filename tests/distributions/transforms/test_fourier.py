"""Laws of the Fourier transforms of real arrays."""

import pytest
import torch
from torch import Tensor

from pyro.distributions.transforms.fourier import PackRealFastFourierCoefficientsTransform, RealFastFourierTransform
from tests.distributions.transforms.laws import assert_one_to_one


def kept(y: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The independent real and imaginary parts among the coefficients of a real array, by their rank."""
    parts = torch.view_as_real(y).reshape(-1)
    basis = torch.eye(shape[0] if len(shape) == 1 else shape[0] * shape[1], dtype=torch.float64).reshape(-1, *shape)
    dims = tuple(range(-len(shape), 0))
    matrix = torch.view_as_real(torch.fft.rfftn(basis, dim=dims)).reshape(len(basis), -1)
    chosen: list[int] = []
    for column in range(matrix.shape[1]):
        if torch.linalg.matrix_rank(matrix[:, [*chosen, column]]) > len(chosen):
            chosen.append(column)
    return parts[chosen]


GIVEN = [((4,), True), ((5,), True), ((1,), True), ((3, 4), True), ((2, 3), True)]
EVEN = [((4,), False), ((3, 4), False)]  # what the inverse takes the last size for, unless it is given


@pytest.mark.parametrize("shape, is_given", GIVEN + EVEN)
def test_one_to_one_with_the_stated_jacobian(shape: tuple[int, ...], is_given: bool) -> None:
    transform = RealFastFourierTransform(shape if is_given else None, len(shape))
    x = torch.randn((2, *shape), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = assert_one_to_one(transform, x, has_volume=False)
    assert torch.equal(y, torch.fft.rfftn(x, dim=tuple(range(-len(shape), 0))))
    jacobian = torch.autograd.functional.jacobian(lambda x: kept(transform(x), shape), x[0])
    assert isinstance(jacobian, Tensor)
    square = jacobian.reshape(len(jacobian), -1)
    torch.testing.assert_close(torch.linalg.slogdet(square).logabsdet, transform.log_abs_det_jacobian(x, y)[0])


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_packing_is_one_to_one(size: int) -> None:
    x = torch.randn(3, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = assert_one_to_one(PackRealFastFourierCoefficientsTransform((size,)), x)
    assert torch.equal(PackRealFastFourierCoefficientsTransform()(x), y)
    torch.testing.assert_close(torch.fft.rfft(torch.fft.irfft(y, size)), y)  # they are those of a real vector


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="transform_ndims = 2"):
        RealFastFourierTransform((4,), 2)
    with pytest.raises(ValueError, match=r"transform_shape = \(n,\)"):
        PackRealFastFourierCoefficientsTransform((4, 4))
    with pytest.raises(ValueError, match="Give transform_shape"):
        PackRealFastFourierCoefficientsTransform().inv(torch.zeros(3, dtype=torch.complex64))
    with pytest.raises(ValueError, match="got 4 coefficients, expected 3"):
        PackRealFastFourierCoefficientsTransform((4,)).inverse_shape((4,))
    with pytest.raises(ValueError, match="size 5"):
        PackRealFastFourierCoefficientsTransform((4,))(torch.zeros(5))
