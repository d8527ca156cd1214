"""Laws that hold for every automatic guide: on prototypes, plates, copies, state, particles and compiled runs."""

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoCallable, AutoDelta, AutoDiagonalNormal, AutoGuide, AutoNormal
from pyro.infer.autoguide.guide import prototype_hide_fn
from tests.infer.autoguide.cases import (
    ALL,
    COSTS,
    DATA,
    EFFECTS,
    GUIDES,
    NAMES,
    conjugate,
    eight_schools,
    inverse_softplus,
    schools_alone,
)

every_guide = pytest.mark.parametrize(("make", "model"), [case[1:] for case in ALL], ids=NAMES)


def values_of(guide: Any, *args: Any) -> dict[str, torch.Tensor]:
    """A draw that depends on the guide's parameters and a fixed seed alone."""
    torch.manual_seed(1)
    return {name: value.detach() for name, value in guide(*args).items()}


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=0)


@every_guide
def test_has_every_latent_site_with_the_models_shape_and_support(make: Any, model: Any) -> None:
    latent = {name: site for name, site in poutine.trace(model).get_trace().iter_stochastic_nodes()
              if not prototype_hide_fn(site)}
    values = make(model)()
    assert values.keys() == latent.keys()
    for name, site in latent.items():
        assert values[name].shape == site["value"].shape
        assert bool(site["fn"].support.check(values[name]).all())


@every_guide
def test_compiled_run_takes_the_steps_of_the_eager_one(make: Any, model: Any) -> None:
    losses = []
    for is_compiled in (False, True):
        pyro.clear_param_store()
        torch.manual_seed(0)
        svi = SVI(model, make(model), pyro.optim.Adam({"lr": 0.01}), Trace_ELBO())
        if is_compiled:
            with pyro.settings.context(eager_random_numbers=True):
                result = svi.run(8, progress_bar=False)
            assert result.parts[-1].how != "eager", result.reasons
            losses.append(result.losses)
        else:
            losses.append(tensor([svi.step() for _ in range(8)], dtype=torch.float64))
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-4, atol=1e-4)


@every_guide
def test_particles_as_a_dim_are_particles_in_a_loop(make: Any, model: Any) -> None:
    guide = make(model)
    guide()
    elbo = Trace_ELBO(num_particles=3, vectorize_particles=True, max_plate_nesting=1)
    guide_trace, model_trace = reversed(list(next(iter(elbo._get_traces(model, guide, (), {})))))
    for particle in range(3):
        one = {name: site["value"][particle].reshape(site["value"].shape[1:]) if site["value"].dim() else site["value"]
               for name, site in model_trace.iter_stochastic_nodes()}
        one = {name: value.reshape(()) if name in ("mu", "tau") and value.numel() == 1 else value
               for name, value in one.items()}
        replayed = poutine.condition(model, data=one)
        together = sum(site["log_prob"].expand(3, -1)[particle].sum() if site["log_prob"].dim() == 2 else
                       site["log_prob_sum"] for site in model_trace.nodes.values() if site["type"] == "sample")
        torch.testing.assert_close(poutine.trace(replayed).get_trace().log_prob_sum(), together)
    assert guide_trace.log_prob_sum().isfinite()


@every_guide
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda guide: pickle.loads(pickle.dumps(guide))],
                         ids=["deepcopy", "pickle"])
def test_copies_draw_the_same_and_are_apart(make: Any, model: Any, duplicate: Any) -> None:
    guide = make(model)
    guide()
    before = values_of(guide)
    other = duplicate(guide)
    assert other.model is model
    with pyro.get_param_store().scope():
        assert_same(values_of(other), before)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.fill_(0.3)
    assert_same(values_of(guide), before)


@every_guide
def test_a_copy_before_the_first_call_can_be_called(make: Any, model: Any) -> None:
    guide = make(model)
    assert copy.deepcopy(guide)().keys() == {"mu", "tau", "theta"} - ({"mu"} if model is schools_alone else set())


def test_a_model_that_cannot_be_pickled_is_left_out() -> None:
    guide = AutoNormal(lambda: pyro.sample("x", dist.Normal(0.0, 1.0)))
    guide()
    before = values_of(guide)
    with pyro.get_param_store().scope():
        assert_same(values_of(pickle.loads(pickle.dumps(guide))), before)
    fresh = pickle.loads(pickle.dumps(AutoNormal(lambda: pyro.sample("x", dist.Normal(0.0, 1.0)))))
    with pytest.raises(RuntimeError, match="cannot be pickled"):
        fresh()


@every_guide
@pytest.mark.parametrize("takes_data", [False, True])
def test_lesson_17d_state_is_loaded_before_the_first_call(make: Any, model: Any, takes_data: bool) -> None:
    args = (EFFECTS,) if takes_data else ()

    def with_data(effects: torch.Tensor) -> None:
        model()

    chosen = with_data if takes_data else model
    guide = make(chosen)
    guide(*args)
    with torch.no_grad():
        for parameter in guide.parameters():
            parameter.mul_(1.1)
    expected = values_of(guide, *args)
    state = copy.deepcopy(guide.state_dict())
    pyro.clear_param_store()
    other = make(chosen)
    other.load_state_dict(state)
    other(*args)
    assert_same(values_of(other, *args), expected)


def test_state_that_does_not_fit_is_refused_at_the_first_call() -> None:
    guide = AutoNormal(eight_schools)
    guide.load_state_dict({"locs.wrong_unconstrained": tensor(0.0)})
    with pytest.raises(RuntimeError, match=r"locs\.wrong_unconstrained"):
        guide()


def test_parameters_exist_before_the_first_call_of_a_model_without_arguments() -> None:
    guide = AutoNormal(lambda: pyro.sample("x", dist.Normal(0.0, 1.0)))
    module = Trace_ELBO()(lambda: None, guide)
    assert [name for name, _ in module.named_parameters()] == [
        "guide.locs.x_unconstrained", "guide.scales.x_unconstrained"]
    assert not list(AutoNormal(eight_schools).parameters())  # data, even optional, may decide what is latent


@pytest.mark.parametrize("make", [AutoNormal, AutoDiagonalNormal])
def test_lesson_21_loops_over_plates_are_accepted(make: Any) -> None:
    def model() -> None:
        for i in pyro.plate("rounds", 3):
            x = pyro.sample(f"x_{i}", dist.Normal(0.0, 1.0))
            pyro.sample(f"y_{i}", dist.Normal(x, 1.0), obs=DATA[i])

    guide = make(model)
    guide()
    with torch.no_grad():
        for name, parameter in guide.named_parameters():  # the posterior is N(y / 2, 1 / 2)
            if "loc" in name:
                row = slice(None, 3) if make is AutoDiagonalNormal else int(name[len("locs.x_")])
                parameter.copy_(DATA[row] / 2)
            else:
                parameter.fill_(inverse_softplus(0.5**0.5))
    # of the exact posterior the loss is minus the log-evidence, whatever is drawn
    assert Trace_ELBO().loss(model, guide) == pytest.approx(COSTS[:3].sum().item(), rel=1e-4)
    assert SVI(model, guide, pyro.optim.Adam({}), Trace_ELBO()).run(4, progress_bar=False).parts[-1].how != "eager"


def test_a_loop_that_draws_rows_is_refused() -> None:
    def model() -> None:
        for i in pyro.plate("rounds", 3, subsample_size=2):
            pyro.sample(f"x_{i}", dist.Normal(0.0, 1.0))

    with pytest.raises(NotImplementedError, match="plate 'rounds' draws 2 of 3"):
        AutoNormal(model)()


def model_with_own_rows(index: torch.Tensor) -> torch.Tensor:
    with pyro.plate("data", 4, subsample=index) as rows:
        pyro.sample("z", dist.Normal(0.0, 1.0))
    return torch.as_tensor(rows)


def test_lesson_01_the_models_own_rows_are_kept_or_it_is_said() -> None:
    index = tensor([3, 1])
    guide = AutoNormal(model_with_own_rows, create_plates=lambda index: pyro.plate("data", 4, subsample=index, dim=-1))
    guide_trace = poutine.trace(guide).get_trace(index)
    assert guide_trace.nodes["z"]["value"].shape == (2,)
    assert guide.locs.z.shape == (4,)
    model_trace = poutine.trace(poutine.replay(model_with_own_rows, trace=guide_trace)).get_trace(index)
    assert model_trace.nodes["_RETURN"]["value"].tolist() == [3, 1]
    pyro.clear_param_store()
    guide = AutoNormal(model_with_own_rows)
    with pytest.raises(ValueError, match="create_plates="):
        for _ in range(9):  # one time in twelve the guide happens to draw the model's rows
            Trace_ELBO().loss(model_with_own_rows, guide, index)


@pytest.mark.parametrize("make", [AutoNormal, AutoDelta, AutoDiagonalNormal, GUIDES["multivariate_normal"]])
def test_plates_that_draw_rows_have_parameters_for_all(make: Any) -> None:
    guide = make(conjugate)
    guide(2)
    assert guide.median()["z"].shape == (4,)
    with torch.no_grad():  # each row at its own number, and hardly any spread
        for name, parameter in guide.named_parameters():
            parameter.copy_(tensor([0.0, 1.0, 2.0, 3.0]) if "loc" in name or make is AutoDelta else
                            torch.full_like(parameter, -30.0) if "tril" not in name else torch.eye(4))
    run = poutine.trace(guide).get_trace(2)
    torch.testing.assert_close(run.nodes["z"]["value"].log(), run.nodes["data"]["value"].float())


def test_create_plates_returns_plates() -> None:
    with pytest.raises(AssertionError, match="create_plates"):
        AutoNormal(conjugate, create_plates=lambda rows: [3])(2)


def test_two_guides_that_share_parameters_by_accident_are_told() -> None:
    first, second = AutoNormal(conjugate), AutoNormal(conjugate)
    first()
    with pytest.warns(UserWarning) as record:
        second()
    assert "'AutoNormal.locs.z' belongs to two instances" in str(record[0].message)
    assert first.locs.z is second.locs.z or torch.equal(first.locs.z, second.locs.z)


def test_call_returns_a_tuple_in_the_order_of_names() -> None:
    guide = AutoDelta(eight_schools)
    values = guide()
    assert [value.shape for value in guide.call()] == [values[name].shape for name in sorted(values)]


def test_the_model_must_be_callable_and_is_no_submodule() -> None:
    with pytest.raises(ValueError, match="a model that can be called"):
        AutoNormal(3)

    class Model(pyro.nn.PyroModule):
        def forward(self) -> None:
            pyro.sample("x", dist.Normal(0.0, 1.0))

    model = Model()
    guide = AutoNormal(model)
    guide()
    assert guide.model is model
    assert model not in list(guide.modules())


def test_guides_in_attributes_use_the_plates_of_the_whole() -> None:
    class Whole(AutoGuide):
        def __init__(self, model: Any) -> None:
            super().__init__(model)
            self.part = AutoNormal(model)

        def forward(self, *args: Any) -> Any:
            self._set_up(*args)
            self._create_plates(*args)
            return self.part(*args)

    guide = Whole(conjugate)
    run = poutine.trace(guide).get_trace(2)
    assert guide.part.master() is guide
    assert run.nodes["z"]["value"].shape == run.nodes["data"]["value"].shape == (2,)
    assert copy.deepcopy(guide).part.master() is not guide


def test_guides_without_known_medians_say_so() -> None:
    with pytest.raises(NotImplementedError, match="has no known median"):
        AutoGuide(conjugate).median()
    assert AutoGuide(conjugate).sample_latent() is None
    assert AutoCallable(conjugate, lambda: None).median() == {}
