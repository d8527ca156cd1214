"""A run changes the tensors that are there, or copies of them, and stops before a step that is not valid."""

from dataclasses import replace

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import settings
from pyro.compiler.compiled import BadStep, Run, compile_step
from pyro.compiler.errors import CannotCapture
from pyro.compiler.plan import Plan
from pyro.compiler.replay import Replay
from tests.compiler.models import MODELS
from tests.compiler.problem import DATA, Problem, guide, model
from tests.compiler.trajectories import apart, compiled_step, warmed_up


def replayed(compiled):
    return replace(compiled, plan=Plan(Replay(compiled.graph), "captured graph", 0.0, ()))


def leaves(store):
    return {name: leaf.detach().clone() for name, leaf in store.named_parameters()}


def losses_of(run, num_steps):
    return torch.cat([*run.steps(num_steps)])


@pytest.mark.parametrize("name", ["batch_norm", "ClippedAdam", "strided"])
def test_a_run_changes_the_tensors_that_are_there(name, store):
    problem = MODELS[name]()
    svi = warmed_up(problem)
    compiled = compile_step(svi._program(), problem.args, problem.kwargs)
    run = compiled.bind(problem.args, problem.kwargs)
    live = [run._live[i] for i in run._states]
    before, rate = [value.clone() for value in live], svi.optim.torch_optimizer.param_groups[0]["lr"]
    saved = live[0].requires_grad_().square().sum()
    assert losses_of(run, 5).shape == (5,)
    run.commit()
    assert all(not torch.equal(leaf, old) for leaf, old in zip(live[:1], before, strict=False))
    assert [leaf.data_ptr() for _, leaf in store.named_parameters()] == [
        run._live[i].data_ptr() for i in range(len(compiled._layout.leaves))]
    expected = rate * 0.99**5 if name == "ClippedAdam" else rate
    assert svi.optim.torch_optimizer.param_groups[0]["lr"] == pytest.approx(expected, rel=1e-6)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        saved.backward()


def test_states_that_share_memory_are_copied_and_written_back():
    problem = MODELS["normal"]()
    svi = warmed_up(problem)
    compiled = compile_step(svi._program(), (), {})
    memory = torch.zeros(2)
    leaves = [i for i, spec in enumerate(compiled.graph.inputs) if i < len(compiled._layout.leaves)]
    live = list(compiled.bind((), {})._live)
    live[leaves[0]], live[leaves[1]] = memory[0], memory[1]
    run = Run(compiled, live)
    losses_of(run, 5)
    assert memory.tolist() == [0.0, 0.0]
    run.commit()
    assert all(value != 0 for value in memory.tolist())


def test_a_bad_step_is_found_from_the_state_of_some_chunks_before():
    """Steps are gone through again from where the state was saved, whatever chunks they were run in."""
    problem = MODELS["normal"]()
    svi = warmed_up(problem)
    compiled = compile_step(svi._program(), (), {})
    lowering, chunks, first = Replay(compiled.graph), [], []

    class Failing:
        def run(self, inputs, records, num_steps, first_row=0):
            chunks.append((first_row, num_steps))
            lowering.run(inputs, records, num_steps, first_row)
            if first_row + num_steps > 20:
                records[1][20:] = False

    torch.manual_seed(3)
    run = replace(compiled, plan=Plan(Failing(), "", 0.0, ())).bind((), {})
    reference = apart(replayed(compiled).bind((), {}))
    with pytest.raises(BadStep) as caught:
        for losses in run.steps(1000):
            first += losses.tolist()
    assert caught.value.position == 20 and len(first) <= 20
    assert len(chunks) > 2 and chunks[-1] == (0, 20)
    torch.manual_seed(3)
    losses_of(_on_block(reference, 1000), 20)
    assert all(torch.equal(run._inputs[i], reference._inputs[i]) for i in run._states)


def test_an_option_that_does_not_change_keeps_its_value_to_the_last_bit():
    problem = MODELS["normal"]()
    svi = warmed_up(problem)
    run = compile_step(svi._program(), (), {}).bind((), {})
    losses_of(run, 3)
    run.commit()
    assert svi.optim.torch_optimizer.param_groups[0]["lr"] == 0.02


def test_loaded_state_is_the_state_that_a_run_starts_from(store):
    """Loading gives the optimiser other tensors than those that were there at the capture."""
    problem = MODELS["normal"]()
    svi = warmed_up(problem)
    compiled = compile_step(svi._program(), (), {})
    state = svi.optim.get_state()
    for value in state.values():
        value["state"][0]["exp_avg"] = torch.tensor(100.0)
    svi.optim.set_state(state)
    run = compiled.bind((), {})
    averages = [i for i, spec in enumerate(compiled.graph.inputs) if spec.name.endswith("exp_avg")]
    assert [run._inputs[i].item() for i in averages] == [100.0, 100.0]
    losses_of(run, 1)
    run.commit()
    now = [svi.optim.torch_optimizer.state[leaf]["exp_avg"].item() for _, leaf in store.named_parameters()]
    assert all(80.0 < value < 100.0 for value in now)


def test_the_numbers_depend_on_the_seed_and_not_on_the_chunks():
    problem = MODELS["gamma_guide"]()
    compiled = compiled_step(problem)

    def losses(lowering):
        torch.manual_seed(5)
        return losses_of(apart(replace(compiled, plan=Plan(lowering, "", 0.0, ())).bind((), {})), 40)

    class Slow(Replay):
        """Makes all chunks small."""

        def run(self, inputs, records, num_steps, first_row=0):
            for i in range(num_steps):
                super().run(inputs, records, 1, first_row + i)

    assert torch.equal(losses(Replay(compiled.graph)), losses(Slow(compiled.graph)))


def test_the_draws_of_a_step():
    assert [draw.shape for draw in compiled_step(MODELS["eight_schools"]()).draws] == [(), (), (8,)]


@pytest.mark.parametrize("name", ["normal", "dropout", "subsampled_plate"])
def test_eagers_numbers(name):
    problem = MODELS[name]()
    svi = warmed_up(problem)
    run = apart(compile_step(svi._program(), problem.args, problem.kwargs).bind(problem.args, problem.kwargs))
    with settings.context(eager_random_numbers=True):
        torch.manual_seed(2)
        losses = losses_of(run, 6)
    torch.manual_seed(2)
    expected = [svi.step(*problem.args, **problem.kwargs) for _ in range(6)]
    assert losses.tolist() == pytest.approx(expected, rel=1e-4)


def turns_bad(countdown):
    """A model whose log-density is NaN once a counter, a tensor that each step decreases, is below zero."""
    def counting():
        countdown.sub_(1.0)
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.factor("trouble", countdown.sqrt() * z)

    return counting


@pytest.mark.parametrize("guided", [guide, MODELS["gamma_guide"]().guide])
def test_a_bad_step_leaves_the_state_from_before_it(guided, store):
    countdown = torch.tensor(30.5)  # two steps are taken eagerly, the 29th that follows goes below zero

    def counted():
        if guided is guide:
            turns_bad(countdown)()
        else:
            countdown.sub_(1.0)
            rate = pyro.sample("rate", dist.Gamma(2.0, 1.0))
            pyro.factor("trouble", countdown.sqrt() * rate)

    svi = warmed_up(Problem(counted, guided))
    compiled = replayed(compile_step(svi._program(), (), {}))
    run, reference = apart(compiled.bind((), {})), apart(compiled.bind((), {}))
    torch.manual_seed(8)
    with pytest.raises(BadStep) as caught:
        losses_of(run, 100)
    assert caught.value.position == 28 and len(caught.value.draws) == 1
    torch.manual_seed(8)
    done = losses_of(_on_block(reference, 100), caught.value.position)
    assert done.isfinite().all()
    for i in run._states:
        assert torch.equal(run._inputs[i], reference._inputs[i])


def _on_block(run, num_steps):
    """The run, which draws for more steps than it takes, as the one that was cut short did."""
    draw = run._draw
    run._draw = lambda size: draw(num_steps)
    return run


def test_without_validation_a_run_goes_on_as_eager_steps_do():
    countdown = torch.tensor(10.0)
    with pyro.validation_enabled(False):
        svi = warmed_up(Problem(turns_bad(countdown), guide))
        losses = losses_of(compile_step(svi._program(), (), {}).bind((), {}), 20)
    assert losses[:7].isfinite().all() and losses[-1].isnan()


def test_explaining():
    problem = MODELS["closure"]()
    text = compiled_step(problem).explain()
    for words in ("runs as: ", "operations", "carried from step to step", "1 random draws", "closed over", "(4,)"):
        assert words in text
    assert len(compiled_step(MODELS["normal"]()).explain(program=True)) > len(text)


def test_a_generator_of_the_users_own_is_refused():
    generator = torch.Generator()

    def own_numbers():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.factor("f", torch.rand((), generator=generator) * z)

    svi = warmed_up(Problem(own_numbers, guide))
    with pytest.raises(CannotCapture, match="a generator of its own"):
        compile_step(svi._program(), (), {})


def test_data_is_read_where_it_is():
    data = DATA.clone()
    svi = warmed_up(Problem(lambda: model(data), guide))
    run = compile_step(svi._program(), (), {}).bind((), {})
    (before,) = run.steps(1)
    data.add_(1000.0)
    (after,) = run.steps(1)
    assert after.item() > 1e5 > before.item()
