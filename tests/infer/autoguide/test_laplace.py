"""The Laplace approximation is exact where the posterior is normal."""

from typing import Any

import pytest
import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro.infer import Trace_ELBO
from pyro.infer.autoguide import AutoLaplaceApproximation, AutoMultivariateNormal, init_to_value
from tests.infer.autoguide.cases import COSTS, DATA, conjugate


def at_the_mode() -> Any:
    return AutoLaplaceApproximation(conjugate, init_loc_fn=init_to_value(values={"z": (DATA / 2).exp()}))


def test_curvature_at_the_mode_is_the_posteriors_precision() -> None:
    guide = at_the_mode()
    approximation = guide.laplace_approximation()
    assert isinstance(approximation, AutoMultivariateNormal)
    posterior = approximation.get_posterior()
    torch.testing.assert_close(posterior.mean, DATA / 2)
    torch.testing.assert_close(posterior.covariance_matrix, torch.eye(4) / 2)
    assert Trace_ELBO().loss(conjugate, approximation) == pytest.approx(COSTS.sum().item(), rel=1e-5)


def test_the_approximation_has_nothing_to_learn() -> None:
    approximation = at_the_mode().laplace_approximation()
    approximation()
    assert list(approximation.parameters()) == []
    assert not [name for name in pyro.get_param_store() if "Multivariate" in name]
    assert approximation.quantiles([0.5])["z"].shape == (1, 4)


def test_a_point_that_is_no_mode_is_refused() -> None:
    def model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z**2, 0.1), obs=tensor(1.0))

    guide = AutoLaplaceApproximation(model, init_loc_fn=init_to_value(values={"z": tensor(0.0)}))
    with pytest.raises(ValueError, match="no mode"):
        guide.laplace_approximation()
