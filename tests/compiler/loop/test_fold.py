"""Reductions as loop nests."""

import math

import pytest
import torch

from pyro.compiler.loop.fold import identity
from pyro.compiler.loop.scalar import scalar_type
from tests.compiler.loop.steps import agree, sample

DTYPES = [torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.int8]


@pytest.mark.parametrize("dtype", DTYPES)
def test_identities_change_nothing(dtype: torch.dtype) -> None:
    kind = scalar_type(dtype)
    info = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    low, high = (-math.inf, math.inf) if dtype.is_floating_point else (info.min, info.max)
    assert (identity("max", kind), identity("min", kind)) == (low, high)
    assert (identity("add", kind), identity("mul", kind)) == (0, 1)


@pytest.mark.parametrize("extent", [1, 2, 5, 8, 13, 63, 64, 65, 129, 700])
@pytest.mark.parametrize("others", [1, 3, 9, 70])
def test_both_ways_along_the_lanes(extent: int, others: int) -> None:
    x = sample((others, extent), torch.float64)
    agree(lambda x: (x.sum(1), x.sum(0), x.t().sum(0), (x * 2 - 1).amax(1)), x, tolerance=1e-12)


def test_middle_dims() -> None:
    agree(lambda x: (x.sum((0, 2)), x.amin(1), x.sum((1, 2))), sample((7, 20, 33), torch.float64), tolerance=1e-12)
