import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.transforms import Permute
from pyro.infer.reparam import DiscreteCosineReparam, HaarReparam, UnitJacobianReparam


def traced(program, reparam):
    trace = poutine.trace(poutine.reparam(program, config={"x": reparam})).get_trace()
    trace.compute_log_prob()
    return trace


def in_plates(fn, obs=None):
    def program():
        with pyro.plate("rows", 5, dim=-2), pyro.plate("steps", 4, dim=-1):
            return pyro.sample("x", fn, obs=obs)

    return program


@pytest.mark.parametrize("reparam", [DiscreteCosineReparam, HaarReparam])
@pytest.mark.parametrize("fn", [dist.Normal(0.0, 1.0), dist.Normal(torch.arange(20.0).reshape(5, 4), 1.0),
                                dist.LogNormal(torch.zeros(5, 4), 1.0)])
@pytest.mark.parametrize("observed", [False, True])
def test_the_batch_may_be_transformed(reparam, fn, observed):
    data = fn.expand((5, 4)).sample() if observed else None
    trace = traced(in_plates(fn, data), reparam(dim=-1, experimental_allow_batch=True))
    site = trace.nodes["x_dct" if reparam is DiscreteCosineReparam else "x_haar"]
    assert site["value"].shape == (5, 1, 4) and site["log_prob"].shape == (5, 1)
    assert [frame.name for frame in site["cond_indep_stack"]] == ["rows"]
    x = trace.nodes["x"]["value"]
    assert x.shape == (5, 4) and x.isfinite().all()
    total = fn.log_prob(x).expand(5, 4).sum() if observed else None
    if isinstance(fn, dist.Normal):
        total = fn.log_prob(x).sum()
    if total is not None:
        torch.testing.assert_close(trace.log_prob_sum(), total, rtol=1e-4, atol=1e-4)


def test_two_dims_of_the_batch():
    trace = traced(in_plates(dist.Normal(torch.zeros(5, 4), 1.0)),
                   DiscreteCosineReparam(dim=-2, experimental_allow_batch=True))
    assert trace.nodes["x_dct"]["value"].shape == (1, 1, 5, 4) and trace.nodes["x"]["value"].shape == (5, 4)


def test_the_batch_is_not_transformed_by_accident():
    with pytest.raises(ValueError, match="Site 'x': UnitJacobianReparam cannot transform along batch dimensions"):
        traced(in_plates(dist.Normal(0.0, 1.0)), UnitJacobianReparam(Permute(torch.tensor([1, 0, 2, 3]))))


def test_too_few_dims():
    with pytest.raises(ValueError, match=r"works on 3 dims, but the distribution has shape \(5, 4\)"):
        traced(in_plates(dist.Normal(0.0, 1.0)), DiscreteCosineReparam(dim=-3, experimental_allow_batch=True))


def test_the_name_of_the_site():
    reparam = UnitJacobianReparam(Permute(torch.tensor([1, 0])), suffix="swapped")
    trace = traced(lambda: pyro.sample("x", dist.Normal(torch.zeros(2), 1.0).to_event(1)), reparam)
    assert trace.stochastic_nodes == ["x_swapped"]
    assert torch.equal(trace.nodes["x"]["value"].flip(0), trace.nodes["x_swapped"]["value"])
