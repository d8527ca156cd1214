"""Point estimates: parameters are constrained values, and the mode is found."""

import pytest
import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoDelta, init_to_value


def beta_model() -> None:
    p = pyro.sample("coin.p", dist.Beta(2.0, 2.0))
    with pyro.plate("data", 10):
        pyro.sample("x", dist.Bernoulli(p), obs=tensor([1.0] * 7 + [0.0] * 3))


def test_the_mode_is_found() -> None:
    guide = AutoDelta(beta_model, init_loc_fn=init_to_value(values={"coin.p": tensor(0.5)}))
    SVI(beta_model, guide, pyro.optim.Adam({"lr": 0.05}), Trace_ELBO()).run(200, progress_bar=False)
    # of the density Beta(9, 5), in constrained space
    assert guide.median()["coin.p"].item() == pytest.approx(8 / 12, abs=1e-3)
    assert list(pyro.get_param_store()) == ["AutoDelta.coin.p"]
    assert not guide.median()["coin.p"].requires_grad


def test_sites_are_point_masses_without_density() -> None:
    run = poutine.trace(AutoDelta(lambda: pyro.sample("w", dist.Dirichlet(torch.ones(2, 3)).to_event(1)))).get_trace()
    assert isinstance(run.nodes["w"]["fn"], dist.Delta)
    assert run.nodes["w"]["fn"].event_shape == (2, 3)
    assert run.log_prob_sum().item() == 0.0


def test_discrete_sites_are_refused() -> None:
    with pytest.raises(ValueError, match="discrete sample site 'z'"):
        AutoDelta(lambda: pyro.sample("z", dist.Bernoulli(0.5)))()


def test_a_model_without_latent_sites_has_an_empty_guide() -> None:
    assert AutoDelta(lambda: pyro.sample("x", dist.Normal(0.0, 1.0), obs=tensor(0.0)))() == {}
