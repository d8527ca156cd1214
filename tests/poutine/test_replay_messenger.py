import pytest
import torch
from torch.distributions import constraints

import pyro
import pyro.distributions as dist
from pyro import poutine


def model():
    z = pyro.sample("z", dist.Normal(0.0, 1.0), infer={"models": 1})
    with pyro.plate("rows", 10, subsample_size=3) as rows:
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.zeros(3))
    return z, rows


def guide():
    pyro.sample("z", dist.Normal(5.0, 1.0), infer={"guides": 1})
    pyro.sample("only_here", dist.Normal(0.0, 1.0))
    pyro.plate("rows", 10, subsample_size=3)


def test_sampled_values_and_rows_are_those_of_the_trace():
    guide_trace = poutine.trace(guide).get_trace()
    trace = poutine.trace(poutine.replay(model, trace=guide_trace)).get_trace()
    z, rows = trace.nodes["_RETURN"]["value"]
    assert z is guide_trace.nodes["z"]["value"] and rows is guide_trace.nodes["rows"]["value"]
    assert trace.nodes["z"]["infer"] is guide_trace.nodes["z"]["infer"]  # where enumeration left its dims
    assert trace.nodes["z"]["fn"].loc == 0.0 and "only_here" not in trace


def test_a_run_replayed_is_the_same_run():
    first = poutine.trace(model).get_trace()
    second = poutine.trace(poutine.replay(model, trace=first)).get_trace()
    assert second.log_prob_sum() == first.log_prob_sum()


def test_lesson_01_rows_chosen_by_the_program_win():
    chosen = torch.tensor([7, 2, 4])
    data = torch.arange(10.0)

    def own_rows():
        with pyro.plate("rows", 10, subsample=chosen) as rows:
            pyro.sample("x", dist.Normal(0.0, 1.0), obs=data[chosen])
            return rows

    guide_trace = poutine.trace(guide).get_trace()
    assert guide_trace.nodes["rows"]["value"].tolist() != chosen.tolist()
    trace = poutine.trace(poutine.replay(own_rows, trace=guide_trace)).get_trace()
    assert trace.nodes["_RETURN"]["value"].tolist() == chosen.tolist() == trace.nodes["rows"]["value"].tolist()


@pytest.mark.parametrize("rows", [[7, 2, 4], [0, 1, 2]])
def test_lesson_01_local_sites_for_other_rows_are_refused(rows):
    def program(own):
        with pyro.plate("rows", 10, subsample=own):
            return pyro.sample("local", dist.Normal(0.0, 1.0))

    guide_trace = poutine.trace(program).get_trace(torch.tensor([7, 2, 4]))
    replayed = poutine.replay(program, trace=guide_trace)
    if rows == [7, 2, 4]:
        assert replayed(torch.tensor(rows)) is guide_trace.nodes["local"]["value"]
    else:
        with pytest.raises(ValueError, match=r"Plate 'rows': .*site 'local'.*create_plates"):
            replayed(torch.tensor(rows))


def test_observations_are_kept():
    def guide_of_x():
        pyro.sample("x", dist.Normal(9.0, 1.0).expand([3]))

    trace = poutine.trace(poutine.replay(model, trace=poutine.trace(guide_of_x).get_trace())).get_trace()
    assert trace.nodes["x"]["value"].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("statement", "what"), [
    (lambda: pyro.sample("z", dist.Normal(0.0, 1.0), obs=torch.tensor(1.0)), "it is observed there"),
    (lambda: pyro.param("z", torch.tensor(1.0)), "it is a param site there"),
])
def test_sites_that_the_trace_did_not_sample_are_refused(statement, what):
    with pytest.raises(RuntimeError, match=f"Site 'z' must be sampled .*{what}"):
        poutine.replay(model, trace=poutine.trace(statement).get_trace())()


def test_rows_of_another_number_are_refused():
    other = poutine.trace(lambda: pyro.plate("rows", 10, subsample_size=4)).get_trace()
    with pytest.raises(ValueError, match="Plate 'rows': subsample_size does not match .*3 vs 4"):
        poutine.replay(model, trace=other)()


def test_parameters_are_replayed_from_a_dict():
    old = pyro.param("scale", torch.tensor(2.0), constraint=constraints.positive)
    pyro.get_param_store()["scale"] = torch.tensor(7.0)
    assert poutine.replay(lambda: pyro.param("scale"), params={"scale": old})() is old
    assert poutine.replay(lambda: pyro.param("scale"), params={})().item() == pytest.approx(7.0)


def test_plain_values_of_parameters_are_refused():
    with pytest.raises(AssertionError, match=r"'scale': expected a constrained value.*poutine\.substitute"):
        poutine.replay(lambda: pyro.param("scale", torch.tensor(1.0)), params={"scale": torch.tensor(2.0)})()


def test_something_must_be_given():
    with pytest.raises(ValueError, match="expected trace= or params="):
        poutine.replay(model)
