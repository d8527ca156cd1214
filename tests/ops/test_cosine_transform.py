"""The cosine transform against its definition."""

import math

import pytest
import torch

from pyro.ops.cosine_transform import dct, idct


def matrix(n):
    k, j = torch.arange(n, dtype=torch.float64)[:, None], torch.arange(n, dtype=torch.float64)
    scale = torch.full((n, 1), math.sqrt(2 / n), dtype=torch.float64)
    scale[0] = math.sqrt(1 / n)
    return scale * torch.cos(math.pi * k * (2 * j + 1) / (2 * n))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 15, 128, 129, 200])
@pytest.mark.parametrize("transform, transposed", [(dct, False), (idct, True)])
def test_definition(n, transform, transposed):
    x = torch.randn(2, n, dtype=torch.float64)
    m = matrix(n).T if transposed else matrix(n)
    torch.testing.assert_close(transform(x), x @ m.T)


@pytest.mark.parametrize("dim", [-1, -2, 0, 1])
def test_dimension(dim):
    x = torch.randn(3, 4, 5, dtype=torch.float64)
    m = matrix(x.size(dim))
    torch.testing.assert_close(dct(x, dim), torch.tensordot(x.movedim(dim, -1), m, ([-1], [1])).movedim(-1, dim))


@pytest.mark.parametrize("n", [1, 2, 5, 8, 131])
@pytest.mark.parametrize("dim", [-1, -2])
def test_inverse(n, dim):
    x = torch.randn(n, n, dtype=torch.float64)
    torch.testing.assert_close(idct(dct(x, dim), dim), x)
    torch.testing.assert_close(dct(idct(x, dim), dim), x)


@pytest.mark.parametrize("n", [5, 130])
@pytest.mark.parametrize("transform", [dct, idct])
def test_gradient(transform, n):
    x = torch.randn(2, n, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(transform, x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("transform", [dct, idct])
def test_dtype_is_kept(dtype, transform):
    assert transform(torch.ones(3, dtype=dtype)).dtype == dtype
