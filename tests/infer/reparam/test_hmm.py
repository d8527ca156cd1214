import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.reparam import LatentStableReparam, LinearHMMReparam, StudentTReparam


def normal(n):
    return dist.Normal(torch.zeros(n), 1.0).to_event(1)


def shocks(n):
    return dist.StudentT(3.0, torch.zeros(n), 1.0).to_event(1)


def reparametrised(reparam, fn, obs=None, size=None):
    def program():
        if size is None:
            return pyro.sample("x", fn, obs=obs)
        with pyro.plate("series", size):
            return pyro.sample("x", fn, obs=obs)

    return poutine.reparam(program, config={"x": reparam})


def hmm(init, trans, obs, **kwargs):
    return dist.LinearHMM(init(2), torch.eye(2), trans(2), torch.ones(2, 1), obs(1), **{"duration": 4, **kwargs})


def test_normal_noise_makes_it_gaussian():
    data = torch.randn(4, 1)
    trace = poutine.trace(reparametrised(LinearHMMReparam(), hmm(normal, normal, normal), data)).get_trace()
    same = dist.GaussianHMM(normal(2), torch.eye(2), normal(2), torch.ones(2, 1), normal(1), duration=4)
    assert isinstance(trace.nodes["x"]["fn"], dist.GaussianHMM)
    torch.testing.assert_close(trace.log_prob_sum(), same.log_prob(data))


def test_data_in_plates():
    reparam = LinearHMMReparam(StudentTReparam(), StudentTReparam(), StudentTReparam())
    trace = poutine.trace(reparametrised(reparam, hmm(shocks, shocks, shocks), torch.zeros(3, 4, 1), 3)).get_trace()
    shapes = {name: tuple(site["value"].shape) for name, site in trace.nodes.items() if name.endswith("_gamma")}
    assert shapes == {"x_init_gamma": (3, 2), "x_trans_gamma": (3, 4, 2), "x_obs_gamma": (3, 4, 1)}
    assert trace.nodes["x"]["fn"].batch_shape == (3,) and trace.log_prob_sum().isfinite()


def test_transforms_stay_outside():
    noise = dist.LogNormal(torch.zeros(1), 1.0).to_event(1)
    data = torch.rand(4, 1) + 0.5
    model = reparametrised(LinearHMMReparam(), hmm(normal, normal, lambda n: noise), data)
    gaussian = dist.GaussianHMM(normal(2), torch.eye(2), normal(2), torch.ones(2, 1), normal(1), duration=4)
    total = poutine.trace(model).get_trace().log_prob_sum()
    torch.testing.assert_close(total, gaussian.log_prob(data.log()) - data.log().sum())


def test_noise_that_stays_as_it_is_keeps_the_model():
    fn = reparametrised(LinearHMMReparam(trans=StudentTReparam()), hmm(normal, shocks, shocks))
    assert type(poutine.trace(fn).get_trace().nodes["x"]["fn"]) is dist.LinearHMM


def test_noise_must_stay_a_distribution():
    fn = hmm(lambda n: dist.Stable(1.5, 0.0, torch.ones(n)).to_event(1), normal, normal)
    with pytest.raises(ValueError, match="Site 'x_init': LatentStableReparam leaves a value .* Use one that leaves"):
        reparametrised(LinearHMMReparam(LatentStableReparam()), fn)()


def test_other_distributions_are_refused():
    with pytest.raises(AssertionError, match="Site 'x': LinearHMMReparam expects a LinearHMM .*, got Normal"):
        reparametrised(LinearHMMReparam(), dist.Normal(0.0, 1.0))()


def test_the_duration_must_be_known():
    with pytest.raises(AssertionError, match="Site 'x': LinearHMMReparam needs the number of steps"):
        reparametrised(LinearHMMReparam(), hmm(normal, normal, normal, duration=None), torch.zeros(4, 1))()


def test_bad_arguments():
    with pytest.raises(AssertionError, match="expected a reparametriser or None as trans, got 3"):
        LinearHMMReparam(trans=3)
