import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.ops import validation
from pyro.poutine import util
from pyro.poutine.runtime import new_message


def model():
    with pyro.plate("rows", 5, subsample_size=2):
        pyro.sample("coin", dist.Bernoulli(0.5))
    pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.sample("x", dist.Categorical(torch.ones(3)), obs=torch.tensor(1.0))
    pyro.factor("penalty", torch.tensor(-1.0))
    pyro.param("p", torch.tensor(1.0))


@pytest.fixture
def trace():
    return poutine.trace(model).get_trace()


@pytest.mark.parametrize(("question", "names"), [
    (util.site_is_subsample, ["rows"]),
    (util.site_is_factor, ["penalty"]),
    (lambda site: util.all_escape(poutine.Trace(), site), ["rows", "coin", "z"]),
    (lambda site: util.discrete_escape(poutine.Trace(), site), ["coin"]),
], ids=["subsample", "factor", "all_escape", "discrete_escape"])
def test_which_sites(trace, question, names):
    sites = {name: site for name, site in trace.nodes.items() if name[0] != "_"}
    assert [name for name, site in sites.items() if question(site)] == names


@pytest.mark.parametrize("escape", [util.all_escape, util.discrete_escape])
def test_sites_that_the_trace_has_are_not_left_at(trace, escape):
    assert not any(escape(trace, site) for name, site in trace.nodes.items() if name[0] != "_")


def test_prune_subsample_sites_leaves_the_trace_as_it_is(trace):
    assert set(trace.nodes) - set(util.prune_subsample_sites(trace).nodes) == {"rows"}


@pytest.mark.parametrize(("num_samples", "values"), [
    (None, [0, 1, 2, 3]), (-1, [0, 1, 2, 3]), (2, [0, 1]), (9, [0, 1, 2, 3]), (0, [])])
def test_enum_extend_takes_each_value_once(trace, num_samples, values):
    msg = new_message("sample", "die", dist.Categorical(torch.ones(4)))
    traces = util.enum_extend(trace, msg, num_samples)
    assert [int(new.nodes["die"]["value"]) for new in traces] == values
    assert "die" not in trace and all(set(new.nodes) == {*trace.nodes, "die"} for new in traces)


@pytest.mark.parametrize(("num_samples", "count"), [(None, 1), (1, 1), (3, 3)])
def test_mc_extend_draws(trace, num_samples, count):
    msg = new_message("sample", "new", dist.Normal(0.0, 1.0))
    traces = util.mc_extend(trace, msg, num_samples)
    assert len({new.nodes["new"]["value"].item() for new in traces}) == len(traces) == count


def test_the_validation_flag_is_the_one():
    assert util.enable_validation is validation.enable_validation
    assert util.is_validation_enabled is validation.is_validation_enabled
