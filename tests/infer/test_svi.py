"""A step of SVI moves all parameters, or changes nothing and says what was wrong."""

import math
import threading

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import SGD, Adam
from pyro.poutine.runtime import am_i_wrapped, get_plates

DATA = torch.tensor([0.5, -1.0, 2.0])


def model(data=DATA):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("data", len(data)):
        pyro.sample("x", dist.Normal(z, 1.0), obs=data)


def guide(data=DATA):
    loc = pyro.param("loc", torch.tensor(0.3))
    scale = pyro.param("scale", torch.tensor(0.8), constraint=constraints.positive)
    pyro.sample("z", dist.Normal(loc, scale))


def make(model=model, guide=guide, optim=None, loss=None, **options):
    return SVI(model, guide, optim or Adam({"lr": 0.05}), loss or Trace_ELBO(**options))


# ---- steps

@pytest.mark.parametrize("options", [{}, {"num_particles": 3}, {"num_particles": 3, "vectorize_particles": True}])
def test_it_finds_the_posterior(options):
    """The posterior of the mean of three observations is normal, with mean 1.5 / 4 and variance 1 / 4."""
    svi = make(optim=Adam({"lr": 0.02}), **options)
    for _ in range(600):
        loss = svi.step()
        assert isinstance(loss, float)
    assert pyro.param("loc").item() == pytest.approx(0.375, abs=0.1)
    assert pyro.param("scale").item() == pytest.approx(0.5, abs=0.1)


def test_a_step_is_a_step_of_the_optimiser(store):
    svi = make(optim=SGD({"lr": 0.1}))
    guide()
    before = {name: leaf.detach().clone() for name, leaf in store.named_parameters()}
    pyro.set_rng_seed(1)
    expected = Trace_ELBO().loss_and_grads(model, guide)
    grads = {name: leaf.grad.clone() for name, leaf in store.named_parameters()}
    for _, leaf in store.named_parameters():
        leaf.grad = None
    pyro.set_rng_seed(1)
    assert svi.step() == expected
    for name, leaf in store.named_parameters():
        torch.testing.assert_close(leaf.detach(), before[name] - 0.1 * grads[name])
        assert leaf.grad is None, "the next step begins without gradients"


def test_only_parameters_that_a_step_uses_move(store):
    store["other"] = torch.tensor(1.0)
    svi = make()
    svi.step()
    assert store["other"].item() == 1.0
    assert set(svi.optim.get_state()) == {"loc", "scale"}


def test_a_parameter_that_a_handler_replaced_by_a_value_stays(store):
    svi = make(guide=poutine.substitute(guide, data={"loc": torch.tensor(0.1)}))
    svi.step()
    assert set(svi.optim.get_state()) == {"scale"}


def test_evaluating_the_loss_changes_nothing(store):
    svi = make()
    svi.step()
    before = {name: leaf.detach().clone() for name, leaf in store.named_parameters()}
    state = svi.optim.get_state()["loc"]["state"][0]["step"].clone()
    pyro.set_rng_seed(2)
    loss = svi.evaluate_loss()
    assert isinstance(loss, float)
    assert svi.optim.get_state()["loc"]["state"][0]["step"] == state
    for name, leaf in store.named_parameters():
        assert torch.equal(leaf, before[name]) and leaf.grad is None
    pyro.set_rng_seed(2)
    assert svi.step() == pytest.approx(loss)


def trajectory(options, seed):
    with pyro.get_param_store().scope():
        pyro.set_rng_seed(seed)
        svi = make(**options)
        return [svi.step() for _ in range(5)] + [pyro.param("loc").item(), pyro.param("scale").item()]


@pytest.mark.parametrize("options", [{}, {"num_particles": 2}, {"num_particles": 2, "vectorize_particles": True}])
def test_the_seed_decides_the_trajectory(options):
    assert trajectory(options, 3) == trajectory(options, 3)
    assert trajectory(options, 3) != trajectory(options, 4)


# ---- arguments of a call

@pytest.mark.parametrize("method", ["step", "evaluate_loss"])
@pytest.mark.parametrize("options", [{}, {"vectorize_particles": True}, {"num_particles": 2},
                                     {"num_particles": 2, "vectorize_particles": True, "max_plate_nesting": 1}])
@pytest.mark.parametrize("num_particles", [1, 4])
def test_particles_for_one_call(method, options, num_particles):
    svi, other = make(**options), make(**{**options, "num_particles": num_particles})
    guide()
    for each in (svi, other):
        each.optim = SGD({"lr": 0.0})
    pyro.set_rng_seed(0)
    got = getattr(svi, method)(num_particles=num_particles)
    pyro.set_rng_seed(0)
    assert got == getattr(other, method)()


@pytest.mark.parametrize("method", ["step", "evaluate_loss"])
def test_a_program_may_take_num_particles_itself(method):
    seen = []

    def own_guide(num_particles):
        seen.append(num_particles)
        guide()

    svi = make(lambda num_particles: flat(), own_guide)
    getattr(svi, method)(num_particles=7)
    assert seen == [7]


def flat():
    pyro.sample("z", dist.Normal(0.0, 1.0))


@pytest.mark.parametrize("num_particles", [0, -2])
def test_a_call_needs_a_particle(num_particles):
    with pytest.raises(ValueError, match="expected num_particles >= 1"):
        make().step(num_particles=num_particles)


def test_a_loss_function_takes_no_particles():
    with pytest.raises(TypeError, match="needs an estimator such as Trace_ELBO"):
        make(loss=lambda model, guide: 0.0).step(num_particles=3)


@pytest.mark.parametrize(("model", "args", "kwargs", "message"), [
    (lambda x: flat(), (), {}, r"the model <lambda>\(x\) cannot be called .* missing a required argument: 'x'"),
    (flat, (1,), {}, r"the model flat\(\) cannot be called .* too many positional arguments"),
    (flat, (), {"y": 1}, r"the model flat\(\) cannot be called .* unexpected keyword argument 'y'"),
])
def test_arguments_that_do_not_fit(model, args, kwargs, message):
    with pytest.raises(TypeError, match=message):
        make(model, lambda *args, **kwargs: guide()).step(*args, **kwargs)


def test_a_type_error_of_the_program_is_its_own():
    def broken():
        return 1 + "1"

    with pytest.raises(TypeError, match="unsupported operand"):
        make(broken).step()


# ---- losses of one's own

def custom(model, guide, *args):
    pyro.param("loc", torch.tensor(0.3))
    return (pyro.param("loc") - 2.0) ** 2


@pytest.mark.parametrize("method", ["step", "evaluate_loss"])
def test_a_loss_function(method):
    svi = make(optim=SGD({"lr": 0.25}), loss=custom)
    assert getattr(svi, method)(DATA) == pytest.approx(2.89)
    # the gradient is 2 * (0.3 - 2)
    assert pyro.param("loc").item() == pytest.approx(0.3 + 0.25 * 3.4 * (method == "step"))


def test_a_loss_function_with_its_own_gradients():
    def loss_and_grads(model, guide):
        value = custom(model, guide)
        (10 * value).backward()
        return value

    svi = SVI(model, guide, SGD({"lr": 0.025}), custom, loss_and_grads)
    assert svi.step() == pytest.approx(2.89)
    assert pyro.param("loc").item() == pytest.approx(0.3 + 0.25 * 3.4)


def test_losses_in_a_tuple():
    def losses(model, guide):
        return custom(model, guide), torch.tensor(7.0), 1.0

    def loss_and_grads(model, guide):
        values = losses(model, guide)
        values[0].backward()
        return values

    svi = SVI(model, guide, SGD({"lr": 0.25}), losses, loss_and_grads)
    assert svi.evaluate_loss() == pytest.approx((2.89, 7.0, 1.0))
    assert svi.step() == pytest.approx((2.89, 7.0, 1.0))
    assert pyro.param("loc").item() == pytest.approx(1.15)


# ---- construction

def test_arguments_without_effect_are_deprecated():
    with pytest.warns(FutureWarning, match=r"\['num_samples', 'num_steps', 'pi'\] are deprecated"):
        svi = SVI(model, guide, Adam({}), Trace_ELBO(), num_samples=3, num_steps=2, pi=3)
    assert (svi.num_samples, svi.num_steps) == (3, 2)


@pytest.mark.parametrize(("optim", "loss", "error", "message"), [
    (None, Trace_ELBO(), ValueError, "PyroOptim class, got NoneType"),
    (torch.optim.Adam, Trace_ELBO(), ValueError, "got the class Adam. Use for example"),
    (torch.optim.Adam([torch.zeros(1)]), Trace_ELBO(), ValueError, "got torch.optim.Adam, whose parameters are fixed"),
    (Adam({}), "ELBO", TypeError, "expected an estimator such as .* got 'ELBO'"),
])
def test_what_svi_is_made_of(optim, loss, error, message):
    with pytest.raises(error, match=message):
        SVI(model, guide, optim, loss)


# ---- failures

def optimiser_fails(params):
    raise RuntimeError("the optimiser fails")


def site(name, fn, obs=None):
    def program():
        flat()
        pyro.param("new", torch.tensor(1.0))
        pyro.sample(name, fn(), obs=obs)

    return program


def raising():
    pyro.param("new", torch.tensor(1.0))
    with pyro.plate("left", 2), poutine.scale(scale=2.0):
        raise KeyError("the model fails")


def steep():
    pyro.param("new", torch.tensor(1.0))
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.factor("root", torch.sqrt(0.0 * z))


FAILURES = {
    "in the model": (raising, {}, KeyError, "the model fails"),
    "in the optimiser": (flat, {"optim": optimiser_fails}, RuntimeError, "the optimiser fails"),
    "in the loss": (flat, {"loss": lambda model, guide: guide() or 1 / 0}, ZeroDivisionError, "division"),
    "infinite log-density": (site("x", lambda: dist.Normal(0.0, 1.0), torch.tensor(1e30)), {}, ValueError,
                             "SVI step 2: the log-density at site 'x' is -inf"),
    "gradient": (steep, {}, ValueError, "SVI step 2: the gradient of parameter '(loc|scale)' has NaN or infinite"),
    "loss function": (flat, {"loss": lambda model, guide: math.nan}, ValueError, "SVI step 2: the loss is nan"),
    "losses": (flat, {"loss": lambda model, guide: (1.0, math.inf)}, ValueError, r"the loss is \(1.0, inf\)"),
    "outside of the support": (site("x", lambda: dist.Bernoulli(0.5), torch.tensor(0.5)), {}, ValueError, "site 'x'"),
    "outside of the plates": (site("x", lambda: dist.Normal(torch.zeros(2), 1.0), torch.zeros(2)), {}, ValueError,
                              "at site 'x', invalid log_prob shape"),
    "shapes": (lambda: pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1)), {}, ValueError,
               "event_dims disagree at site 'z': 1 vs 0"),
}


@pytest.mark.parametrize(("failing", "options", "error", "message"), FAILURES.values(), ids=FAILURES.keys())
def test_a_step_that_fails_changes_nothing(failing, options, error, message, store):
    svi = make()
    first = [svi.step() for _ in range(2)]
    assert all(map(math.isfinite, first))
    before = {name: leaf.detach().clone() for name, leaf in store.named_parameters()}
    state = repr(svi.optim.get_state())
    good = svi.model, svi.optim, svi.loss_and_grads
    svi.model = failing
    svi.optim = options.get("optim", svi.optim)
    svi.loss_and_grads = options.get("loss", svi.loss_and_grads)
    with pytest.raises(error, match=message):
        svi.step()
    assert list(store.keys()) == list(before), "no parameter was added"
    for name, leaf in store.named_parameters():
        assert torch.equal(leaf, before[name]) and leaf.grad is None
    svi.model, svi.optim, svi.loss_and_grads = good
    assert repr(svi.optim.get_state()) == state
    assert not am_i_wrapped()
    with pyro.plate("after", 2):
        assert get_plates()[0].dim == -1, "no plate stayed open"
    assert math.isfinite(svi.step()), "the next step works"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_parameter_that_was_not_finite_is_named(value, store):
    """The error of the site that met the value first is the cause of the error that names the parameter."""
    svi = make()
    svi.step()
    store["loc"].data.fill_(value)
    with pytest.raises(ValueError, match="SVI step 1: parameter 'loc' has NaN or infinite values before the step"):
        svi.step()


def test_without_validation_nothing_is_looked_for():
    svi = make(site("x", lambda: dist.Normal(0.0, 1.0), torch.tensor(1e30)))
    with pyro.validation_enabled(False):
        assert svi.step() == math.inf


def test_gradients_of_all_kinds_are_looked_at():
    """Sparse, empty and half-precision gradients pass, and are caught."""
    embedding = torch.nn.Embedding(5, 2, sparse=True)

    def lookup(model, guide):
        pyro.module("embedding", embedding)
        pyro.param("empty", torch.zeros(0))
        half = pyro.param("half", torch.zeros(2, dtype=torch.bfloat16))
        return embedding(torch.tensor([1, 3])).sum() + pyro.param("empty").sum() + (bad * half).sum().float()

    svi = make(loss=lookup, optim=SGD({"lr": 0.1}))
    before = embedding.weight.detach().clone()
    bad = 1.0
    svi.step()
    moved = embedding.weight.detach() - before
    torch.testing.assert_close(moved, -0.1 * torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0])[:, None].expand(5, 2))
    pyro.get_param_store()["half"] = torch.zeros(2, dtype=torch.bfloat16)
    bad = math.inf
    with pytest.raises(ValueError, match="the gradient of parameter 'half'|the loss is nan"):
        svi.step()


# ---- threads

def fit(size, results):
    """A run of its own: no random numbers, since threads share torch's generator."""

    def map_model(data):
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate(f"outer_{size}", 2, dim=-2), pyro.plate("data", size):
            barrier.wait(timeout=60)
            pyro.sample("x", dist.Normal(z, 1.0), obs=data)

    def map_guide(data):
        pyro.sample("z", dist.Delta(pyro.param("z_map", torch.tensor(float(size)))))

    barrier = results["barrier"]
    with pyro.get_param_store().scope():
        svi = make(map_model, map_guide, vectorize_particles=True, num_particles=2)
        losses = [svi.step(torch.ones(2, size)) for _ in range(10)]
        results[size] = (losses, list(pyro.get_param_store().keys()), pyro.param("z_map").item())


def test_two_threads_at_once_get_what_each_gets_alone(store):
    alone, together = ({"barrier": threading.Barrier(parties)} for parties in (1, 2))
    for size in (2, 5):
        fit(size, alone)
    threads = [threading.Thread(target=fit, args=(size, together)) for size in (2, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together[2] == alone[2] and together[5] == alone[5]
    assert together[2][1] == ["z_map"] and together[2][2] != together[5][2]
    assert not store and pyro.settings.get("validate_infer")
