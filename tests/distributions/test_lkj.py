"""The deprecated name of LKJCholesky, which has a row in ``table.py``."""

import pytest
import torch

import pyro.distributions as dist


def test_old_name_warns_and_is_the_same_distribution() -> None:
    with pytest.warns(FutureWarning, match="LKJCholesky"):
        old = dist.LKJCorrCholesky(3, torch.tensor(2.0))
    new = dist.LKJCholesky(3, torch.tensor(2.0)).expand([4])
    value = new.sample()
    assert isinstance(old.expand([4]), dist.LKJCorrCholesky)
    assert torch.equal(old.expand([4]).log_prob(value), new.log_prob(value))
