"""Laws of small tensor operations."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyro.ops import tensor_utils as utils
from pyro.settings import context


def double(*shape: int) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(shape).double()


def spd(n: int) -> torch.Tensor:
    return double(3, n, n) @ double(3, n, n).mT + torch.eye(n)


def test_blocks_are_found_where_they_were_put() -> None:
    blocks = double(2, 3, 4, 5)
    whole = utils.block_diag_embed(blocks)
    torch.testing.assert_close(whole[0], torch.block_diag(*blocks[0]))
    torch.testing.assert_close(utils.block_diagonal(whole, 5), blocks)


@pytest.mark.parametrize(("dim", "shapes"), [
    (-1, [(4, 3, 2), (4, 3, 5)]), (-2, [(4, 3, 5), (4, 1, 5)]), (2, [(4, 3, 2), (4, 3, 5)])])
def test_one_dimension_is_not_broadcast(dim: int, shapes: list[tuple[int, ...]]) -> None:
    right = 2 if dim != -2 else 5
    found = utils.broadcast_tensors_without_dim([torch.zeros(3, right), torch.zeros(4, 1, 5)], dim)
    assert [tuple(x.shape) for x in found] == shapes


@pytest.mark.parametrize("size", [2, 3, 7])
@pytest.mark.parametrize("dim", [0, -1])
def test_periods(size: int, dim: int) -> None:
    x = double(3, 3)
    repeated = utils.periodic_repeat(x, size, dim)
    torch.testing.assert_close(repeated, torch.cat([x] * 3, dim).narrow(dim, 0, size))
    sums = utils.periodic_cumsum(repeated, 3, dim).movedim(dim, 0)
    for i, total in enumerate(sums):
        torch.testing.assert_close(total, repeated.movedim(dim, 0)[i % 3 : i + 1 : 3].sum(0))


def test_features_are_waves_of_the_longest_period() -> None:
    features = utils.periodic_features(12, 6, 2, dtype=torch.float64)
    assert features.shape == (12, 4)
    torch.testing.assert_close(features[:6], features[6:])
    torch.testing.assert_close(features[:6].mT @ features[:6], 3 * torch.eye(4).double())
    with pytest.raises(ValueError, match="min_period"):
        utils.periodic_features(12, 6, 1)


@given(st.integers(1, 5000))
def test_next_fast_length_has_small_factors_only(size: int) -> None:
    length = utils.next_fast_len(size)
    assert size <= length <= 2 * size
    for prime in (2, 3, 5):
        while length % prime == 0:
            length //= prime
    assert length == 1


@pytest.mark.parametrize("mode", ["full", "valid", "same"])
@pytest.mark.parametrize(("m", "n"), [(7, 3), (6, 4), (3, 7)])
def test_convolution_is_numpys(mode: str, m: int, n: int) -> None:
    x, y = double(m), double(n + 1)[1:]
    expected = np.convolve(x.numpy(), y.numpy(), mode)  # type: ignore[call-overload]
    np.testing.assert_allclose(utils.convolve(x, y, mode).numpy(), expected, atol=1e-12)


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown mode: half"):
        utils.convolve(double(3), double(2), "half")


@pytest.mark.parametrize("n", [1, 2, 5])
def test_powers(n: int) -> None:
    x = double(3, 2, 2)
    powers = utils.repeated_matmul(x, n)
    assert powers.shape == (n, 3, 2, 2)
    torch.testing.assert_close(powers[-1], torch.linalg.matrix_power(x, n))
    with pytest.raises(ValueError, match="at least 1"):
        utils.repeated_matmul(x, 0)


@pytest.mark.parametrize("n", [1, 4])
def test_factors_and_solutions(n: int) -> None:
    x, y = spd(n), double(3, n, 2)
    factor = utils.safe_cholesky(x)
    torch.testing.assert_close(factor @ factor.mT, x)
    torch.testing.assert_close(x @ utils.cholesky_solve(y, factor), y)
    torch.testing.assert_close(factor @ utils.triangular_solve(y, factor), y)
    torch.testing.assert_close(factor.mT @ utils.triangular_solve(y, factor, transpose=True), y)
    upper = factor.mT.contiguous()
    torch.testing.assert_close(upper @ utils.triangular_solve(y, upper, upper=True), y)
    scale = utils.precision_to_scale_tril(x)
    torch.testing.assert_close(scale @ scale.mT, x.inverse())
    assert torch.equal(scale, scale.tril())
    torch.testing.assert_close(utils.matvecmul(x, y[..., 0]), utils.matmul(x, y)[..., 0])


def test_singular_matrices_have_factors_unless_jitter_is_off() -> None:
    ones = torch.ones(2, 2)
    factor = utils.safe_cholesky(ones)
    torch.testing.assert_close(factor @ factor.mT, ones)
    assert utils.safe_cholesky(-torch.ones(1, 1)) > 0
    with context(cholesky_relative_jitter=0.0), pytest.raises(torch.linalg.LinAlgError):
        utils.safe_cholesky(ones)


@pytest.mark.parametrize("p", [1, 2])
def test_normalised_vectors_have_length_one_and_finite_gradients(p: int) -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    unit = utils.safe_normalize(x, p=p)
    torch.testing.assert_close(torch.linalg.vector_norm(unit, p, -1), torch.ones(2))
    assert unit[1].tolist() == [1, 0]
    (gradient,) = torch.autograd.grad(unit.sum(), x)
    assert gradient.isfinite().all()


def test_pairs_become_complex_numbers() -> None:
    assert utils.as_complex(torch.tensor([1.0, 2.0])) == 1 + 2j
