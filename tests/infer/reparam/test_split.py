import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.reparam import SplitReparam
from pyro.infer.reparam.split import default_support, real_support, same_support

SERIES = dist.Normal(torch.arange(4.0), 1.0).to_event(1)


def reparametrised(reparam, fn=SERIES):
    return poutine.reparam(lambda: pyro.sample("x", fn), config={"x": reparam})


def test_the_density_is_that_of_the_whole():
    trace = poutine.trace(reparametrised(SplitReparam([1, 3], dim=-1))).get_trace()
    pieces = [trace.nodes[f"x_split_{i}"]["value"] for i in range(2)]
    x = trace.nodes["x"]["value"]
    assert torch.equal(torch.cat(pieces), x)
    torch.testing.assert_close(trace.log_prob_sum(), SERIES.log_prob(x))


def test_pieces_are_replayed():
    model = reparametrised(SplitReparam([1, 3], dim=-1))
    guide = poutine.trace(lambda: pyro.sample("x_split_1", dist.Delta(torch.zeros(3), event_dim=1))).get_trace()
    x = poutine.replay(model, trace=guide)()
    assert (x[1:] == 0).all() and x[0] != 0


def test_an_outer_dim_of_the_event():
    model = reparametrised(SplitReparam([1, 2], dim=-2), dist.Normal(torch.zeros(3, 4), 1.0).to_event(2))
    trace = poutine.trace(model).get_trace()
    assert [trace.nodes[f"x_split_{i}"]["value"].shape for i in range(2)] == [(1, 4), (2, 4)]


BOX = dist.Uniform(torch.zeros(4), torch.arange(1.0, 5.0)).to_event(1)


@pytest.mark.parametrize(("support_fn", "fn", "inside", "outside"), [
    (default_support, BOX, [2.9, 3.9], [3.1, 0.0]),
    (default_support, dist.LogNormal(torch.zeros(4), 1.0).to_event(1), [1.0, 2.0], [-1.0, 1.0]),
    (same_support, dist.LogNormal(torch.zeros(4), 1.0).to_event(1), [1.0, 2.0], [-1.0, 1.0]),
    (real_support, BOX, [-100.0, 100.0], [float("nan"), 0.0]),
])
def test_supports_of_pieces(support_fn, fn, inside, outside):
    support = support_fn(fn, slice(2, 4), -1)
    assert support.event_dim == 1
    assert bool(support.check(torch.tensor(inside))) and not bool(support.check(torch.tensor(outside)))


def test_elements_that_constrain_each_other_are_refused():
    with pytest.raises(ValueError, match="constrains elements together.*Pass support_fn"):
        reparametrised(SplitReparam([1, 3], dim=-1), dist.Dirichlet(torch.ones(4)))()


@pytest.mark.parametrize(("sections", "dim"), [([1, 2], -1), ([2, 2], -2)])
def test_sections_must_fit(sections, dim):
    with pytest.raises(AssertionError, match=r"Site 'x': SplitReparam .* expects size \d at that dim of the event"):
        reparametrised(SplitReparam(sections, dim))()


@pytest.mark.parametrize(("sections", "dim"), [(3, -1), ([1, 2], 1), ([1, 2], "time"), ([0.5], -1)])
def test_bad_arguments(sections, dim):
    with pytest.raises(AssertionError, match="SplitReparam: expected"):
        SplitReparam(sections, dim)
