"""Running sums against ATen."""

import pytest
import torch

from pyro.compiler.errors import Unsupported
from tests.compiler.loop.steps import agree, agree_all, compiled, sample


@pytest.mark.parametrize("shape", [(1,), (9,), (4, 7), (3, 5, 70)])
def test_running_sums_and_products(shape: tuple[int, ...]) -> None:
    functions = {
        "first": lambda x: (x.cumsum(0), x.cumprod(0)),
        "last": lambda x: ((x * 2).cumsum(-1), x.exp().cumprod(-1)),
        "norm": lambda x: (torch.linalg.vector_norm(x), torch.linalg.vector_norm(x, dim=-1)),
    }
    agree_all(functions, sample(shape, torch.float64), tolerance=1e-12)
    agree(lambda x: x.cumsum(0), sample(shape, torch.int64))


@pytest.mark.parametrize("shape", [(1,), (9,), (3, 5, 70)])
def test_running_sums_of_exponentials(shape: tuple[int, ...]) -> None:
    x = sample(shape, torch.float64) * 9
    agree(lambda x: (x.logcumsumexp(0), x.logcumsumexp(-1)), x, tolerance=1e-13)
    edges = torch.tensor([-torch.inf, -torch.inf, 1.0, 1e30, 2.0, torch.inf, 3.0, torch.nan, 1.0])
    agree(lambda x: x.logcumsumexp(0), edges)


def test_other_norms_are_refused() -> None:
    with pytest.raises(Unsupported, match="norm of order 3"):
        compiled(lambda x: (torch.linalg.vector_norm(x, 3),), torch.eye(80))
