import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine


def model():
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    return pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(0.5))


def recorded(value):
    def other():
        pyro.sample("z", dist.Delta(value))
        pyro.param("x", torch.tensor(0.0))

    return poutine.trace(other).get_trace()


@pytest.mark.parametrize(("data", "site", "value"), [
    ({"z": torch.tensor(2.0)}, "z", 2.0),
    ({"x": torch.tensor(3.0)}, "x", 3.0),  # data of a site that has data replaces them
    ({"z": torch.tensor(2.0), "nowhere": torch.tensor(1.0)}, "z", 2.0),
    (recorded(torch.tensor(7.0)), "z", 7.0),
])
def test_sites_are_observed_at_the_values_given(data, site, value):
    trace = poutine.trace(poutine.condition(model, data=data)).get_trace()
    assert trace.nodes[site]["is_observed"] and trace.nodes[site]["value"] == value


def test_the_rest_is_sampled():
    trace = poutine.trace(poutine.condition(model, data={"nowhere": torch.tensor(1.0)})).get_trace()
    assert trace.stochastic_nodes == ["z"]
    assert poutine.trace(poutine.condition(model, data={"z": None})).get_trace().stochastic_nodes == ["z"]


def test_of_nested_handlers_the_outer_one_holds():
    inner = poutine.condition(model, data={"z": torch.tensor(1.0)})
    trace = poutine.trace(poutine.condition(inner, data={"z": torch.tensor(2.0)})).get_trace()
    assert trace.nodes["z"]["value"] == 2.0


def test_the_density_counts_under_the_plates_scale():
    def rows():
        with pyro.plate("rows", 10, subsample_size=2):
            pyro.sample("z", dist.Normal(0.0, 1.0))

    data = torch.tensor([1.0, 2.0])
    trace = poutine.trace(pyro.condition(rows, data={"z": data})).get_trace()
    torch.testing.assert_close(trace.log_prob_sum(), 5 * dist.Normal(0.0, 1.0).log_prob(data).sum())
