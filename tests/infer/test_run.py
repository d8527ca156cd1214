"""A run is as many steps, whatever runs it: it leaves the same state and goes on from there."""

import gc

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine, settings
from pyro.compiler import compiled as compiled_module
from pyro.compiler import plan as plan_module
from pyro.compiler.errors import Unsupported
from pyro.infer import JitTrace_ELBO
from pyro.infer import run as run_module
from pyro.optim import SGD, Adam, ExponentialLR
from tests.infer.inferences import DATA, assert_close, guide, make, model, state, values


@pytest.fixture
def captures(monkeypatch):
    """The arguments of every capture."""
    seen = []
    capture = compiled_module.capture
    monkeypatch.setattr(compiled_module, "capture", lambda *args: seen.append(args[1:]) or capture(*args))
    return seen


# ---- what a run is

def test_a_run():
    torch.manual_seed(0)
    svi = make(optim=Adam({"lr": 0.02}))
    result = svi.run(1000)
    assert result.losses.shape == (1000,) and result.losses.isfinite().all()
    assert [(part.how, part.steps) for part in result.parts] == [("eager", 2), (result.parts[1].how, 998)]
    assert result.parts[1].how in ("loop program", "captured graph")
    assert result.capture_seconds > 0 and not result.is_interrupted
    assert result.params.keys() == {"loc", "scale"} and result.params["scale"] > 0
    assert result.params["loc"].item() == pytest.approx(0.375, abs=0.15)
    assert result.params["scale"].item() == pytest.approx(0.5, abs=0.15)
    assert str(result).startswith("1000 steps: 2 eager")
    pyro.param("loc").data.fill_(9.0)
    assert result.params["loc"] != 9.0, "the result keeps what the run reached"


def test_the_result_holds_the_parameters_of_the_program_alone():
    pyro.param("of another program", torch.zeros(3))
    assert make().run(5).params.keys() == {"loc", "scale"}


@pytest.mark.parametrize(("num_steps", "parts"), [(0, []), (1, [1]), (2, [2]), (3, [2, 1])])
def test_short_runs(num_steps, parts):
    result = make().run(num_steps)
    assert len(result.losses) == num_steps and [part.steps for part in result.parts] == parts
    str(result)


def test_the_number_of_steps_may_be_any_whole_number():
    number = torch.tensor(3)
    assert len(make().run(number).losses) == 3 and number == 3


@pytest.mark.parametrize("data", [torch.ones(3), 1.5, None, "3"])
def test_data_in_place_of_the_number_of_steps(data):
    with pytest.raises(TypeError, match=f"expected num_steps, .* got a {type(data).__name__}. Write svi.run"):
        make().run(data)


def test_run_step_run_leaves_what_the_eager_loop_leaves(store):
    def loop(run_or_steps):
        with pyro.get_param_store().scope(), settings.context(eager_random_numbers=True):
            torch.manual_seed(3)
            svi = make()
            svi.step()
            before = {name: tensor.data_ptr() for name, tensor in state(svi).items()}
            run_or_steps(svi, 10)
            svi.step()
            run_or_steps(svi, 10)
            assert {name: tensor.data_ptr() for name, tensor in state(svi).items()} == before
            return values(svi)

    assert_close(loop(lambda svi, n: svi.run(n)), loop(lambda svi, n: [svi.step() for _ in range(n)]))


def test_two_runs_under_one_seed_have_the_same_numbers():
    def losses(seed):
        with pyro.get_param_store().scope():
            torch.manual_seed(seed)
            return make().run(50).losses

    assert torch.equal(losses(1), losses(1))
    assert not torch.equal(losses(1), losses(2))


def test_a_loss_in_double_precision_is_kept_so():
    def double_guide():
        pyro.sample("z", dist.Normal(pyro.param("loc", torch.tensor(1 / 3, dtype=torch.float64)), 1.0))

    svi = make(lambda: model(DATA.double()), double_guide)
    losses = svi.run(3).losses
    assert losses.dtype == torch.float64 and (losses.float().double() != losses).all()


# ---- what is captured, and when

def test_one_capture_serves_many_runs(captures):
    svi = make()
    for _ in range(3):
        svi.run(5)
    assert len(captures) == 1


def test_another_shape_is_captured_once_more(captures):
    svi = make()
    for data in (DATA, DATA[:2], DATA.clone(), DATA[:2] + 1):
        svi.run(5, data)
    assert [tuple(args[0].shape) for args, _ in captures] == [(3,), (2,)]


def test_the_capture_used_longest_ago_is_forgotten(captures, monkeypatch):
    monkeypatch.setattr(run_module, "_MAX_CAPTURES", 2)
    svi = make()
    for size in (1, 2, 1, 3, 1, 2):
        svi.run(3, torch.zeros(size))
    assert [len(args[0]) for args, _ in captures] == [1, 2, 3, 2]
    assert len(svi._runner._captured) == 2


@pytest.mark.parametrize("scales", [(1.0, 2.0, 0.5)])
def test_a_number_among_the_arguments(scales):
    """Each value counts, in the run that it is given to."""
    def losses(run_or_steps):
        with pyro.get_param_store().scope(), settings.context(eager_random_numbers=True):
            torch.manual_seed(0)
            svi = make()
            return torch.cat([run_or_steps(svi, scale) for scale in scales])

    compiled = losses(lambda svi, scale: svi.run(5, DATA, scale).losses)
    eager = losses(lambda svi, scale: torch.tensor([svi.step(DATA, scale) for _ in range(5)]))
    torch.testing.assert_close(compiled.float(), eager, rtol=1e-4, atol=1e-4)


def test_data_that_changes_in_place_is_seen():
    data = DATA.clone()
    svi = make(lambda: model(data), lambda: guide())
    first = svi.run(5).losses[-1]
    data.add_(1000.0)
    assert svi.run(5).losses[0] > 1e5 > first


def test_a_flag_chooses_between_parameters():
    def two_guides(flag):
        pyro.sample("z", dist.Normal(pyro.param("b" if flag else "a", torch.tensor(0.0)), 1.0))

    def flagged(flag):
        model()

    svi = make(flagged, two_guides)
    for flag, name in ((False, "a"), (True, "b"), (False, "a")):
        before = {name: pyro.get_param_store()[name].item() for name in pyro.get_param_store()}
        result = svi.run(20, flag)
        assert result.parts[-1].how != "eager"
        moved = {name for name, value in result.params.items() if value.item() != before.get(name, 0.0)}
        assert moved == {name}


def test_training_flags_options_handlers_and_particles_are_seen(captures):
    net = torch.nn.Dropout(0.5)
    svi = make(poutine.trace(model), guide)
    svi.guide = Guide(net)
    svi.run(5)
    svi.guide.eval()
    svi.run(5)
    svi._estimator.num_particles = 2
    svi.run(5)
    with poutine.scale(scale=2.0):
        svi.run(5)
    with pyro.validation_enabled(False):
        svi.run(5)
    assert len(captures) == 5


class Guide(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self):
        self.net(torch.ones(2))
        guide()


def test_rates_that_a_schedule_changes_need_no_capture(captures):
    def losses(run_or_steps):
        with pyro.get_param_store().scope(), settings.context(eager_random_numbers=True):
            torch.manual_seed(0)
            scheduler = ExponentialLR({"optimizer": torch.optim.Adam, "optim_args": {"lr": 0.1}, "gamma": 0.1})
            svi = make(optim=scheduler)
            result = []
            for _ in range(3):
                result.append(run_or_steps(svi, 5))
                scheduler.step()
            return torch.cat(result)

    compiled = losses(lambda svi, n: svi.run(n).losses)
    eager = losses(lambda svi, n: torch.tensor([svi.step() for _ in range(n)]))
    torch.testing.assert_close(compiled.float(), eager, rtol=1e-4, atol=1e-4)
    assert len(captures) <= 3


def test_two_inferences_share_an_optimiser():
    optim = Adam({"lr": 0.05})
    first = make(optim=optim)
    second = make(guide=lambda: pyro.sample("z", dist.Normal(pyro.param("other", torch.tensor(0.0)), 1.0)),
                  model=lambda: model(), optim=optim)
    for svi in (first, second, first, second):
        before = pyro.get_param_store().get_state()["params"].copy()
        before = {name: value.item() for name, value in before.items()}
        svi.run(5)
        moved = {name for name, leaf in pyro.get_param_store().named_parameters() if leaf.item() != before.get(name)}
        assert moved == ({"loc", "scale"} if svi is first else {"other"})


# ---- memory

def test_memory_stays_flat():
    svi = make()
    svi.run(10)

    def objects():
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    with settings.context(progress_bar=False):
        for _ in range(20):
            svi.run(10)
        before = objects()
        for _ in range(1000):
            svi.run(10)
    assert objects() <= before + 5


def test_a_heavy_step_that_no_loop_takes_stays_eager_and_says_why(monkeypatch):
    def refuse(graph, strict):
        raise Unsupported("no row for it")

    monkeypatch.setattr(plan_module, "compile_loop", refuse)
    monkeypatch.setattr(plan_module, "_LARGE", {"cpu": 0})
    svi = make(loss=JitTrace_ELBO())
    torch.manual_seed(4)
    result = svi.run(10)
    assert {part.how for part in result.parts} == {"eager"} and len(result.losses) == 10
    assert any("large tensors" in reason for reason in result.reasons)
    step = svi.step()
    with pyro.get_param_store().scope():
        torch.manual_seed(4)
        other = make()
        losses = [other.step() for _ in range(11)]
    assert losses == [*result.losses.tolist(), step]


def test_particles_for_one_run():
    torch.manual_seed(0)
    svi = make()
    few = svi.run(402).losses[2:].std()
    many = svi.run(400, num_particles=50).losses.std()
    assert many < few / 3 and svi._estimator.num_particles == 1
    assert svi.run(400).losses.std() > 2 * many


def test_strict_rounding_equals_the_captured_graph_to_the_last_bit(monkeypatch):
    """Where every operation is one that IEEE 754 rounds correctly."""
    def model():
        z = pyro.sample("z", dist.Normal(torch.tensor([1.0, -2.0, 0.3]), 2.0).to_event(1))
        pyro.factor("f", -((z * z + 1.0).sqrt() / 3.0 - 0.1 * z).sum())

    def guide():
        pyro.sample("z", dist.Delta(pyro.param("z_loc", torch.tensor([0.5, 0.25, -1.0])), event_dim=1))

    def reached(how, **options):
        with pyro.get_param_store().scope(), settings.context(**options):
            optim = SGD({"lr": 0.05, "momentum": 0.9})
            assert make(model, guide, optim).run(200).parts[-1].how == how
            return pyro.param("z_loc").detach().clone()

    def refuse(graph, strict):
        raise Unsupported("no row for it")

    strict = reached("loop program", strict_rounding=True)
    monkeypatch.setattr(plan_module, "compile_loop", refuse)
    assert torch.equal(strict, reached("captured graph"))
