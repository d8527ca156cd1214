"""Capturing looks at a step and leaves everything as it was; what is no fixed program is refused with its line."""

import copy

import pytest
import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import get_proxy_mode

import pyro
import pyro.distributions as dist
from pyro.compiler.capture import capture
from pyro.compiler.errors import CannotCapture
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
    if get_proxy_mode() is not None:
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
    assert captured(problem).num_parameters == 1


@pytest.mark.parametrize("is_validated", [False, True])
def test_validation_stays_as_it_is(is_validated):
    with pyro.validation_enabled(is_validated):
        captured(Problem(model, guide))
        assert pyro.settings.get("validate_infer") == is_validated
        assert torch.distributions.Distribution._validate_args == is_validated


def test_the_inputs_have_names_and_examples():
    problem = MODELS["keywords"]()
    step = captured(problem)
    assert step.names == ["loc", "scale", "loc.step", "loc.exp_avg", "loc.exp_avg_sq", "scale.step", "scale.exp_avg",
                          "scale.exp_avg_sq", "group 0.lr", "argument 0"]
    assert (step.num_parameters, step.num_state, step.num_options) == (2, 6, 1)
    assert step.examples[-1] is problem.kwargs["observed"]


def test_buffers_that_a_step_changes_are_recognised():
    step = captured(MODELS["batch_norm"]())
    assert sorted(tuple(value.shape) for value in step.mutated.values()) == [(), (4,), (4,)]
