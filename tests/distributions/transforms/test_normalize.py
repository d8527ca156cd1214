"""Law of the projection onto a sphere."""

import pytest
import torch

from pyro.distributions import constraints
from pyro.distributions.transforms.normalize import Normalize


@pytest.mark.parametrize("p", [1, 2, 3.0])
def test_results_have_length_one(p: float) -> None:
    transform = Normalize(p)
    y = transform(torch.randn(5, 4, dtype=torch.float64))
    torch.testing.assert_close(torch.linalg.vector_norm(y, p, dim=-1), torch.ones(5, dtype=torch.float64))
    torch.testing.assert_close(transform(transform.inv(y)), y)
    assert transform == Normalize(p) != Normalize(p + 1)
    assert p != 2 or constraints.sphere.check(y).all()


def test_checks_and_caches() -> None:
    with pytest.raises(ValueError, match="p >= 0"):
        Normalize(-1)
    transform = Normalize()
    assert transform.with_cache(0) is transform
    assert transform.with_cache(1).p == 2
