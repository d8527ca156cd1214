"""Compiled equals eager: fifty steps of parameters, optimiser state and loss, on the same random numbers."""

import functools
from collections.abc import Callable

import pytest
import torch

import pyro
from pyro import settings
from pyro.compiler.compiled import Compiled
from pyro.compiler.errors import CannotCapture
from pyro.compiler.plan import Lowering
from pyro.compiler.replay import Replay
from tests.compiler.models import MODELS
from tests.compiler.problem import Problem, guide, model
from tests.compiler.trajectories import Reference, compiled_step, largest_deviation, own_trajectory

# by name: the lowering of a step, or None if it does not take it
LOWERINGS: dict[str, Callable[[Compiled], Lowering | None]] = {
    "captured graph": lambda compiled: Replay(compiled.graph),
    "loop program": lambda compiled: compiled.plan.lowering if compiled.plan.name == "loop program" else None,
}

# which lowering does not take which model, and why; the list only shrinks
UNSUPPORTED: dict[tuple[str, str], str] = {
    **{("loop program", name): "its samplers have numbers of their own, see the law below"
       for name in ("gamma_guide", "beta_guide", "dirichlet_guide")},
}

TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-9}


@functools.cache
def reference(name: str) -> Reference:
    return Reference.of(MODELS[name](), num_steps=50)


@pytest.mark.parametrize("lowering", LOWERINGS)
@pytest.mark.parametrize("name", MODELS)
def test_compiled_equals_eager(name, lowering):
    expected = reference(name)
    lowered = LOWERINGS[lowering](expected.compiled)
    if lowered is None:
        assert (lowering, name) in UNSUPPORTED, f"{lowering}, {name}: {expected.compiled.plan.reasons}"
        pytest.skip(UNSUPPORTED[lowering, name])
    assert (lowering, name) not in UNSUPPORTED, "delete the entry: it is supported now"
    got = expected.run(lowered)
    dtype = next(iter(expected.start.values())).dtype
    deviation, where = largest_deviation(got, expected.eager)
    assert deviation < TOLERANCE[dtype], where


@pytest.fixture
def default_dtype(request):
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield request.param
    torch.set_default_dtype(before)


@pytest.mark.parametrize("default_dtype", TOLERANCE, indirect=True, ids=str)
@pytest.mark.parametrize("name", ["gamma_guide", "beta_guide", "dirichlet_guide"])
def test_lowerings_equal_each_other_where_samplers_have_keys(name, default_dtype):
    """Numbers of a run's own, which eager steps do not have."""
    compiled = compiled_step(MODELS[name]())
    assert compiled.plan.name == "loop program"
    got, expected = (own_trajectory(compiled, lowering, 50)
                     for lowering in (compiled.plan.lowering, Replay(compiled.graph)))
    deviation, where = largest_deviation(got, expected)
    assert deviation < TOLERANCE[default_dtype], where


def test_the_trajectories_move():
    """The law compares something: parameters change in every model, and the double precision row is one."""
    for name in MODELS:
        eager = reference(name).eager
        assert any(not torch.equal(value[0], value[-1]) for key, value in eager.items() if key != "loss"), name
    assert next(iter(reference("double_precision").start.values())).dtype == torch.float64


def test_a_deviation_is_found():
    expected = reference("normal").eager
    got = {**expected, "loc": expected["loc"] * 1.001}
    deviation, where = largest_deviation(got, expected)
    assert where == "loc" and deviation == pytest.approx(1e-3, rel=1e-3)


def reads_a_value():
    z = model()
    return 1.0 if pyro.param("loc") > 0 else z


# programs that only run eagerly, and what the warning says
NOT_CAPTURED = {
    "Adafactor": (lambda: Problem(model, guide, pyro.optim.Adafactor({"lr": 0.02})), "the optimiser reads the value"),
    "branch": (lambda: Problem(reads_a_value, guide), r"the program reads the value of a tensor\. At test_laws.py:\d+"),
}


@pytest.mark.parametrize("name", NOT_CAPTURED)
def test_programs_that_only_run_eagerly(name):
    make, reason = NOT_CAPTURED[name]
    with pytest.raises(CannotCapture, match=reason):
        compiled_step(make())


def svi_after(name, seed, num_steps, compiled):
    with pyro.get_param_store().scope() as _:
        problem = MODELS[name]()
        torch.manual_seed(seed)
        svi = problem.svi()
        if compiled:
            with settings.context(eager_random_numbers=True):
                losses = svi.run(num_steps, *problem.args, **problem.kwargs).losses
        else:
            losses = torch.tensor([svi.step(*problem.args, **problem.kwargs) for _ in range(num_steps)])
        return losses, {key: value.detach().clone() for key, value in pyro.get_param_store().items()}, torch.rand(())


@pytest.mark.parametrize("name", ["eight_schools", "subsampled_plate", "particles_in_a_loop", "dropout", "gamma_guide"])
def test_a_run_equals_a_loop_of_steps_under_the_same_seed(name):
    """With the setting for it; and the generator is left at the same place."""
    losses, params, after = svi_after(name, 3, 20, compiled=True)
    expected_losses, expected_params, expected_after = svi_after(name, 3, 20, compiled=False)
    torch.testing.assert_close(losses.float(), expected_losses, rtol=1e-4, atol=1e-4)
    assert params.keys() == expected_params.keys()
    for key, value in params.items():
        torch.testing.assert_close(value, expected_params[key], rtol=1e-4, atol=1e-5)
    assert torch.equal(after, expected_after)
