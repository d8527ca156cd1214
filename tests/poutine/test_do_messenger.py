import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine

THREE = torch.tensor(3.0)


def model():
    x = pyro.sample("x", dist.Normal(0.0, 1.0))
    y = pyro.sample("y", dist.Normal(x, 0.1))
    return x, y


@pytest.mark.parametrize("value", [THREE, 3.0, 3])
def test_the_program_goes_on_with_the_intervention(value):
    x, y = pyro.do(model, data={"x": value})()
    assert x == 3.0 and x.dtype == torch.float32 and abs(y - 3.0) < 1.0


def test_outside_the_site_is_as_it_would_have_been():
    trace = poutine.trace(poutine.do(model, data={"x": THREE})).get_trace()
    assert trace.stochastic_nodes == ["x", "y"] and trace.nodes["x"]["value"] != 3.0
    assert trace.nodes["_RETURN"]["value"][0] == 3.0


def test_inside_the_site_is_an_observation_of_another_name():
    inner = poutine.trace(model)
    poutine.do(inner, data={"x": THREE})()
    assert inner.trace.observation_nodes == ["x__CF"] and inner.trace.stochastic_nodes == ["y"]


@pytest.mark.parametrize("order", ["condition outside", "condition inside"])
def test_an_intervened_site_may_have_data(order):
    """A single-world intervention: the data stay the site's, the rest of the program gets the intervention."""
    data, intervention = {"x": torch.tensor(5.0)}, {"x": THREE}
    if order == "condition outside":
        program = poutine.condition(poutine.do(model, data=intervention), data=data)
    else:
        program = poutine.do(poutine.condition(model, data=data), data=intervention)
    trace = poutine.trace(program).get_trace()
    assert trace.nodes["x"]["value"] == 5.0 and trace.nodes["x"]["is_observed"]
    assert trace.nodes["_RETURN"]["value"][0] == 3.0
    expected = dist.Normal(0.0, 1.0).log_prob(torch.tensor(5.0))
    torch.testing.assert_close(trace.log_prob_sum(lambda name, site: name == "x"), expected)


def test_lesson_25d_the_plates_scale_counts_once():
    def rows():
        with pyro.plate("rows", 6, subsample_size=2):
            return pyro.sample("x", dist.Normal(0.0, 1.0))

    site = poutine.trace(poutine.do(rows, data={"x": torch.ones(2)})).get_trace().nodes["x"]
    assert site["scale"] == 3.0 and site["value"].shape == (2,)


@pytest.mark.parametrize("value", [THREE, 3.0, torch.full((4,), 3.0)])
def test_lesson_25d_interventions_inside_of_plates(value):
    def rows():
        with pyro.plate("rows", 4):
            x = pyro.sample("x", dist.Normal(0.0, 1.0))
            return pyro.sample("y", dist.Normal(x, 0.01))

    trace = poutine.trace(poutine.do(rows, data={"x": value})).get_trace()
    trace.compute_log_prob()
    assert [trace.nodes[name]["log_prob"].shape for name in "xy"] == [(4,), (4,)]
    assert (trace.nodes["y"]["value"] - 3.0).abs().max() < 0.1 and trace.nodes["x"]["value"].unique().numel() == 4


def test_of_two_interventions_the_inner_one_holds_with_a_warning():
    with pytest.warns(RuntimeWarning, match="Site 'x': two interventions"):
        x, _ = poutine.do(poutine.do(model, data={"x": THREE}), data={"x": torch.tensor(4.0)})()
    assert x == 3.0


@pytest.mark.parametrize("value", [[1.0, 2.0], "three", None, lambda x: x + 1])
def test_other_interventions_are_refused_by_name(value):
    with pytest.raises(NotImplementedError, match=r"Site 'x': .*torch\.tensor"):
        poutine.do(model, data={"x": value})()


def test_sites_that_do_not_exist_are_no_matter():
    assert len(poutine.do(model, data={"nowhere": THREE})()) == 2
