"""From nodes to kernels."""

import pytest
import torch
from torch import Tensor

from pyro.compiler.errors import Unsupported
from tests.compiler.loop.lowered import lowered_kernels
from tests.compiler.loop.steps import compiled, sample


def test_chains_become_one_kernel() -> None:
    kernels = lowered_kernels(lambda x: (((x * 2 + 1).exp() - x).sigmoid().view(30, 40).t().sum(),), sample((1200,)))
    assert len(kernels) == 1


def test_what_depends_on_constants_alone_is_hoisted() -> None:
    def function(x: Tensor, data: Tensor) -> tuple[Tensor, ...]:
        return ((x - data.log()).exp().sum(),)

    kernels = lowered_kernels(function, sample((1200,)), sample((1200,)).abs())
    assert [kernel.invariant for kernel in kernels] == [True, False]


def test_scattered_sums_start_afresh_in_each_step() -> None:
    def function(x: Tensor, index: Tensor) -> tuple[Tensor, ...]:
        return (torch.zeros(9).index_add(0, index, x),)

    kernels = lowered_kernels(function, sample((20,)), torch.arange(20) % 9)
    assert not any(kernel.invariant for kernel in kernels)


def test_unknown_operators_are_named_together() -> None:
    with pytest.raises(Unsupported, match=r"_fft_r2c.*\(node .*svd"):
        compiled(lambda x: (torch.fft.rfft(x).abs(), torch.linalg.svdvals(x)), sample((8, 8)))


def test_half_precision_is_refused() -> None:
    with pytest.raises(Unsupported, match="float16"):
        compiled(lambda x: (x + 1,), sample((8,)).half())


def test_long_matrix_vector_products_are_loops() -> None:
    (result,) = compiled(lambda a, b: (a @ b,), torch.ones(9, 4_000_000).expand(9, -1), torch.ones(4_000_000))
    assert result.tolist() == [4_000_000.0] * 9
