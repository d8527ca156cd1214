import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.reparam import StudentTReparam


def test_the_formula():
    model = poutine.reparam(lambda: pyro.sample("x", dist.StudentT(3.0, torch.tensor([1.0, 2.0]), 2.0).to_event(1)),
                            config={"x": StudentTReparam()})
    trace = poutine.trace(model).get_trace()
    gamma, normal = (trace.nodes[name]["fn"].base_dist for name in ("x_gamma", "x"))
    assert (gamma.concentration == 1.5).all() and (gamma.rate == 1.5).all()
    assert torch.equal(normal.loc, torch.tensor([1.0, 2.0]))
    torch.testing.assert_close(normal.scale, 2 / trace.nodes["x_gamma"]["value"].sqrt())


def test_other_distributions_are_refused():
    with pytest.raises(AssertionError, match="Site 'x': StudentTReparam expects a StudentT, got Normal"):
        poutine.reparam(lambda: pyro.sample("x", dist.Normal(0.0, 1.0)), config={"x": StudentTReparam()})()
