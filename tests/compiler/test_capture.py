"""Capturing looks at a step and leaves everything as it was; what is no fixed program is refused with its line."""

import copy
import math
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import _get_current_dispatch_mode

import pyro
import pyro.distributions as dist
from pyro.compiler.capture import capture
from pyro.compiler.errors import CannotCapture
from pyro.compiler.graph import InputRole
from tests.compiler.models import MODELS
from tests.compiler.problem import DATA, Problem, guide, model
from tests.compiler.trajectories import warmed_up


def captured(problem):
    return capture(warmed_up(problem)._program(), problem.args, problem.kwargs)


def snapshot(svi, store, module=None):
    """Everything that a capture could change: names, tensors with their identity, and the random generator."""
    optimizer = svi.optim.torch_optimizer
    tensors = [leaf for _, leaf in store.named_parameters()]
    tensors += [value for state in optimizer.state.values() for value in state.values()]
    tensors += [] if module is None else [*module.buffers()]
    options = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    return ([*store.keys()], [id(tensor) for tensor in tensors], [tensor.detach().clone() for tensor in tensors],
            copy.deepcopy(options), [leaf.grad for _, leaf in store.named_parameters()], torch.get_rng_state())


def assert_same(before, after):
    for old, new in zip(before, after, strict=True):
        if isinstance(old, list) and old and isinstance(old[0], torch.Tensor):
            assert all(map(torch.equal, old, new))
        elif isinstance(old, torch.Tensor):
            assert torch.equal(old, new)
        else:
            assert old == new


@pytest.mark.parametrize("name", ["batch_norm", "dropout", "subsampled_plate", "ClippedAdam"])
def test_it_leaves_everything_as_it_was(name, store):
    problem = MODELS[name]()
    svi = warmed_up(problem)
    module = next((cell.cell_contents for cell in problem.guide.__closure__ or ()
                   if isinstance(cell.cell_contents, nn.Module)), None)
    assert (module is not None) == (name in ("batch_norm", "dropout"))
    before = snapshot(svi, store, module)
    capture(svi._program(), problem.args, problem.kwargs)
    assert_same(before, snapshot(svi, store, module))


def test_it_leaves_everything_as_it_was_when_it_fails(store):
    steps = iter(range(100))

    def late():
        model()
        if next(steps) >= 2:
            pyro.param("late", torch.tensor(0.0))

    svi = warmed_up(Problem(late, guide))
    before = snapshot(svi, store)
    with pytest.raises(CannotCapture, match="parameter 'late' appears late"):
        capture(svi._program(), (), {})
    assert_same(before, snapshot(svi, store))


def reading(use):
    def reads_values():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        use(z)
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(0.0))

    return reads_values


def swallow(z):
    try:
        z.item()
    except RuntimeError:
        return 1.0


def refuse_to_be_traced(z):
    if _get_current_dispatch_mode() is not None:
        raise KeyError("no")


@pytest.mark.parametrize(("use", "reason"), [
    (lambda z: z.item(), r"reads the value of a tensor.*test_capture.py:\d+ in <lambda>"),
    (lambda z: 1 if z > 0 else 2, r"reads the value of a tensor.*test_capture.py:\d+ in <lambda>"),
    (lambda z: z.detach().numpy(), r"reads the value of a tensor.*test_capture.py:\d+ in <lambda>"),
    (lambda z: z.detach().tolist(), r"reads the value of a tensor.*test_capture.py:\d+ in <lambda>"),
    (swallow, r"reads the value of a tensor.*test_capture.py:\d+ in swallow"),
    (lambda z: DATA[z < DATA], r"the shape of whose result depends on values.*test_capture.py:\d+ in <lambda>"),
    (lambda z: torch.nonzero(z), r"the shape of whose result depends on values.*test_capture.py:\d+ in <lambda>"),
    (lambda z: refuse_to_be_traced(z), r"raises KeyError when it is captured, \"'no'\".*test_capture.py:\d+ in refuse"),
])
def test_what_is_no_fixed_program_is_refused_with_its_line(use, reason):
    with pytest.raises(CannotCapture, match=reason):
        captured(Problem(reading(use), guide))


def test_an_index_that_does_not_depend_on_values_is_captured():
    captured(Problem(reading(lambda z: DATA[torch.tensor([0, 2])]), guide))


def test_a_loss_that_is_no_tensor_is_refused():
    problem = Problem(model, guide)
    program = warmed_up(problem)._program()
    with pytest.raises(CannotCapture, match="the loss is no scalar tensor"):
        capture(type(program)(lambda: 1.0, program.parameters, program.optimizer, {}), (), {})


def test_a_parameter_that_a_handler_replaced_by_a_value_is_no_parameter():
    problem = Problem(model, pyro.poutine.substitute(guide, data={"loc": torch.tensor(0.1)}))
    assert len(captured(problem).layout.leaves) == 1


@pytest.mark.parametrize("is_validated", [False, True])
def test_validation_stays_as_it_is(is_validated):
    with pyro.validation_enabled(is_validated):
        captured(Problem(model, guide))
        assert pyro.settings.get("validate_infer") == is_validated
        assert torch.distributions.Distribution._validate_args == is_validated


def slots(problem):
    return {slot.name: slot for slot in captured(problem).draft.slots}


def closed_over(problem):
    return [slot for name, slot in slots(problem).items() if name.startswith("closed over")]


def test_the_inputs_have_names_and_tensors():
    problem = MODELS["keywords"]()
    found = slots(problem)
    assert list(found) == [
        "loc", "scale", "loc.step", "loc.exp_avg", "loc.exp_avg_sq", "scale.step", "scale.exp_avg", "scale.exp_avg_sq",
        "group 0.lr", "group 0.betas[0]", "group 0.betas[1]", "group 0.eps", "argument 0", "number 0"]
    assert found["argument 0"].tensor.data_ptr() == problem.kwargs["observed"].data_ptr()


def test_buffers_that_the_step_changes_are_state():
    states = [slot for slot in closed_over(MODELS["batch_norm"]()) if slot.role is InputRole.STATE]
    assert sorted(tuple(slot.tensor.shape) for slot in states) == [(), (4,), (4,)]


def test_a_closed_over_tensor_is_one_input_and_no_copy():
    data = torch.tensor([1.0, 2.0, 3.0])

    def model():
        z = pyro.sample("z", dist.Normal(data.sum() - data.sum(), 1.0))
        with pyro.plate("data", 3):
            pyro.sample("x", dist.Normal(z, 1.0), obs=data)

    (slot,) = closed_over(Problem(model, guide))
    assert slot.role is InputRole.CONSTANT and slot.tensor.data_ptr() == data.data_ptr()


def test_parameters_are_the_inputs_that_the_optimiser_starts_from(store):
    found = slots(MODELS["normal"]())
    for name, leaf in store.named_parameters():
        assert found[name].tensor.data_ptr() == leaf.data_ptr()


def test_numbers_made_in_the_program_are_constants_of_the_graph():
    def model():
        pyro.sample("z", dist.Normal(torch.tensor(1.25), torch.tensor(2.0)))

    draft = captured(Problem(model, guide)).draft
    assert not [slot for slot in draft.slots if slot.name.startswith("closed over")]
    assert {1.25, 2.0} <= {node.args[1] for node in draft.graph.nodes if node.target is torch.ops.aten.full.default}


@pytest.mark.parametrize(("name", "role"), [("Adam", InputRole.CONSTANT), ("ClippedAdam", InputRole.STATE)])
def test_an_option_that_the_step_changes_is_state(name, role):
    assert slots(MODELS[name]())["group 0.lr"].role is role


def scaled(use):
    def model(number):
        with pyro.poutine.scale(scale=use(number)):
            z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(0.0))

    return Problem(model, lambda number: guide(), args=(0.25,))


@pytest.mark.parametrize("use", [
    lambda x: x, lambda x: 1 - x, lambda x: 2 * x ** 2 / 3, lambda x: abs(-x), lambda x: min(x, 0.5),
    lambda x: torch.tensor(x), lambda x: torch.tensor(x, dtype=torch.float64).float() + x, lambda x: 1e-3**x])
def test_a_float_among_the_arguments_is_an_input(use):
    step = captured(scaled(use))
    (node,) = (node for node, slot in zip(step.draft.placeholders(), step.draft.slots, strict=True)
               if slot.name == "number 0")
    assert node.users
    assert all(condition.holds([*step.layout.options(), 0.3]) for condition in step.conditions)


def test_a_float_that_is_read_without_a_trace_stays_as_it_is():
    step = captured(scaled(math.exp))
    fits = [all(c.holds([*step.layout.options(), value]) for c in step.conditions) for value in (0.25, 0.3)]
    assert fits == [True, False]


@pytest.mark.parametrize("use", [lambda x: sum(1.0 for _ in range(int(x))), lambda x: float(np.floor(x)), math.floor])
def test_whole_parts_are_those_of_the_number_as_it_is(use):
    problem = Problem(scaled(use).model, lambda number: guide(), args=(10.0,))
    step = captured(problem)
    assert not any(all(c.holds([*step.layout.options(), value]) for c in step.conditions) for value in (9.0, 11.5))
    assert 10.0 in {value for node in step.draft.graph.nodes for value in node.args if isinstance(value, float | int)}


def test_what_a_program_asks_about_a_number_is_a_condition():
    step = captured(scaled(lambda x: x if x < 0.5 else 0.5))
    fits = [all(c.holds([*step.layout.options(), value]) for c in step.conditions) for value in (0.25, 0.4, 0.7)]
    assert fits == [True, True, False]


def test_an_argument_that_the_step_changes_is_state():
    def model(memory):
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        memory[1] += 1.0
        pyro.sample("x", dist.Normal(z, memory.sum()), obs=torch.tensor(0.0))

    memory = torch.ones(3)
    slot = slots(Problem(model, lambda memory: guide(), args=(memory,)))["argument 0"]
    assert slot.role is InputRole.STATE and torch.equal(memory, torch.tensor([1.0, 3.0, 1.0]))


@pytest.mark.parametrize("use", [
    lambda z: z * random.random(), lambda z: z + torch.from_numpy(np.random.randn(2)).sum(),
    lambda z: z if random.random() < 0.5 else z + 1 + z])
def test_a_program_that_is_another_one_each_time_is_refused(use):
    def model():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(use(z), 1.0), obs=torch.tensor(0.0))

    random.seed(3)
    with pytest.raises(CannotCapture, match="is another one each time"):
        captured(Problem(model, guide))
