"""The Hartley transform against Fourier's, short and long."""

import pytest
import torch

from pyro.ops.hartley import circulant_eigenvalues, circulant_row, hartley

SIZES = [1, 2, 3, 8, 128, 129, 200]


@pytest.mark.parametrize("size", SIZES)
def test_it_is_fourier_in_real_numbers_and_its_own_inverse(size: int) -> None:
    x = torch.randn(3, size, dtype=torch.float64, generator=torch.Generator().manual_seed(size))
    waves = torch.fft.fft(x, norm="ortho")
    torch.testing.assert_close(hartley(x), waves.real - waves.imag, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(hartley(hartley(x)), x, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_eigenvalues_of_circulant_matrices(size: int) -> None:
    row = torch.randn(size, dtype=torch.float64, generator=torch.Generator().manual_seed(size))
    eigenvalues = circulant_eigenvalues(row)
    torch.testing.assert_close(eigenvalues, torch.fft.fft(row).real, rtol=1e-11, atol=1e-11)
    even = circulant_row(eigenvalues)
    torch.testing.assert_close(even, (row + row.flip(-1).roll(1)) / 2, rtol=1e-12, atol=1e-12)
    j = torch.arange(size)
    matrix = even[(j - j[:, None]) % size]
    torch.testing.assert_close(eigenvalues.sort().values, torch.linalg.eigvalsh(matrix), rtol=1e-11, atol=1e-11)
