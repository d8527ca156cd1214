import torch

import pyro
import pyro.distributions as dist
from pyro.compiler.graph import InputRole
from tests.compiler.passes.stages import lifted
from tests.compiler.problem import Problem, guide


def closed_over(draft):
    return [slot for slot in draft.slots if slot.name.startswith("closed over")]


def test_a_closed_over_tensor_is_one_input_and_no_copy():
    data = torch.tensor([1.0, 2.0, 3.0])

    def model():
        z = pyro.sample("z", dist.Normal(data.sum() - data.sum(), 1.0))
        with pyro.plate("data", 3):
            pyro.sample("x", dist.Normal(z, 1.0), obs=data)

    (slot,) = closed_over(lifted(Problem(model, guide)))
    assert slot.role is InputRole.CONSTANT and slot.tensor.data_ptr() == data.data_ptr()


def test_parameters_are_the_inputs_that_the_optimiser_starts_from(store):
    draft = lifted("normal")
    leaves = {leaf.data_ptr() for _, leaf in store.named_parameters()}
    assert {slot.tensor.data_ptr() for slot in draft.slots[:2]} == leaves
    assert not leaves & {slot.tensor.data_ptr() for slot in closed_over(draft)}


def test_buffers_that_the_step_changes_are_state():
    states = [slot for slot in closed_over(lifted("batch_norm")) if slot.role is InputRole.STATE]
    assert sorted(tuple(slot.tensor.shape) for slot in states) == [(), (4,), (4,)]


def test_numbers_made_in_the_program_stay_constants_of_the_graph():
    def model():
        pyro.sample("z", dist.Normal(torch.tensor(1.25), torch.tensor(2.0)))

    draft = lifted(Problem(model, guide))
    assert not closed_over(draft)
    assert {1.25, 2.0} <= {node.args[1] for node in draft.module.graph.nodes
                           if node.target is torch.ops.aten.full.default}


def test_an_option_that_the_step_changes_is_state():
    rates = {name: [slot.role for slot in lifted(name).slots if slot.name == "group 0.lr"]
             for name in ("Adam", "ClippedAdam")}
    assert rates == {"Adam": [InputRole.CONSTANT], "ClippedAdam": [InputRole.STATE]}
