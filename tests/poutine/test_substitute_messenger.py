import pytest
import torch
from torch.distributions import constraints

import pyro
from pyro import poutine


def model():
    return pyro.param("p", torch.tensor(1.0)), pyro.param("q", torch.ones(3), constraint=constraints.positive)


def test_values_replace_parameters_and_the_store_is_not_looked_at():
    value = torch.tensor(5.0)
    trace = poutine.trace(poutine.substitute(model, data={"p": value})).get_trace()
    assert trace.nodes["_RETURN"]["value"][0] is value and trace.param_nodes == ["p", "q"]
    assert set(pyro.get_param_store()) == {"q"}


def test_values_are_taken_as_they_are():
    value = -torch.ones(3)
    assert poutine.substitute(model, data={"q": value})()[1] is value


def test_of_nested_handlers_the_outer_one_holds():
    inner = poutine.substitute(model, data={"p": torch.tensor(1.0)})
    assert poutine.substitute(inner, data={"p": torch.tensor(2.0)})()[0] == 2.0


@pytest.mark.parametrize("key", ["weight", "net$$$weight"])
def test_a_modules_parameters_go_by_either_name(key):
    net, weight = torch.nn.Linear(2, 1, bias=False), torch.tensor([[2.0, 3.0]])
    program = poutine.substitute(lambda: pyro.module("net", net, update_module_params=True), data={key: weight})
    assert program()(torch.ones(2)) == 5.0


def test_entries_for_no_parameter_are_named():
    with pytest.warns(UserWarning, match=r"\['nowhere'\] that are no parameters"):
        poutine.substitute(model, data={"nowhere": torch.tensor(1.0)})()


def test_no_warning_where_the_program_failed():
    def fail():
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        poutine.substitute(fail, data={"nowhere": torch.tensor(1.0)})()
