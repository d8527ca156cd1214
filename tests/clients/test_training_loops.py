"""A project trains in loops of its own: minibatches, schedules, checkpoints, plain PyTorch optimisers."""

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam, ClippedAdam, PyroOptim, StepLR
from pyro.optim.clipped_adam import ClippedAdam as ClippedAdamOptimizer
from pyro.optim.lr_scheduler import PyroLRScheduler

DATA = torch.tensor([1.0, 2.0, 3.0, 4.0])
EXACT_LOC, EXACT_SCALE = 2.0, 0.2**0.5


def model(data):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("data", len(data)):
        pyro.sample("x", dist.Normal(z, 1.0), obs=data)


def guide(data):
    loc = pyro.param("loc", torch.tensor(0.0))
    scale = pyro.param("scale", torch.tensor(1.0), constraint=dist.constraints.positive)
    pyro.sample("z", dist.Normal(loc, scale))


def values():
    return {name: value.detach().clone() for name, value in pyro.get_param_store().items()}


def adam():
    return Adam({"lr": 0.02})


def clipped():
    return ClippedAdam({"lr": 0.02, "lrd": 0.999, "clip_norm": 5.0})


def own_class():
    return PyroOptim(ClippedAdamOptimizer, {"lr": 0.02})


def by_name():
    return PyroOptim(torch.optim.AdamW, lambda name: {"lr": 0.02 if name == "loc" else 0.01}, {"clip_norm": 5.0})


def scheduled():
    return PyroLRScheduler(torch.optim.lr_scheduler.OneCycleLR, {
        "optimizer": torch.optim.Adam, "optim_args": {"lr": 0.02}, "max_lr": 0.05, "total_steps": 100})


def stepwise():
    return StepLR({"optimizer": torch.optim.SGD, "optim_args": {"lr": 0.01}, "step_size": 5, "gamma": 0.5})


OPTIMIZERS = [adam, clipped, own_class, by_name, scheduled, stepwise]


def train(optim, steps):
    svi = SVI(model, guide, optim, Trace_ELBO())
    losses = []
    for _ in range(steps):
        losses.append(svi.step(DATA))
        if isinstance(optim, PyroLRScheduler):
            optim.step()
    return losses


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_run_goes_on_from_its_checkpoint(make, tmp_path):
    """Parameters, optimiser and random numbers are written; a new process goes on as if it had never stopped."""
    assert isinstance(make(), PyroOptim)
    pyro.set_rng_seed(3)
    optim = make()
    train(optim, 4)
    pyro.get_param_store().save(tmp_path / "params.pt")
    optim.save(tmp_path / "optim.pt")
    torch.save(pyro.util.get_rng_state(), tmp_path / "rng.pt")
    losses, expected = train(optim, 6), values()

    pyro.clear_param_store()
    torch.randn(17)
    resumed = make()
    pyro.get_param_store().load(tmp_path / "params.pt")
    resumed.load(tmp_path / "optim.pt")
    pyro.util.set_rng_state(torch.load(tmp_path / "rng.pt", weights_only=False))
    assert train(resumed, 6) == losses
    assert values() == expected


def test_a_checkpoint_may_be_one_file(tmp_path):
    optim = adam()
    train(optim, 3)
    state = {"params": pyro.get_param_store().get_state()["params"], "optim": optim.get_state()}
    torch.save(state, tmp_path / "all.pt")
    before = values()
    state = torch.load(tmp_path / "all.pt", weights_only=True)
    pyro.clear_param_store()
    guide(DATA)
    store = pyro.get_param_store()
    constraints = store.get_state()["constraints"]
    store.set_state({"params": state["params"], "constraints": constraints})
    resumed = adam()
    resumed.set_state(state["optim"])
    assert values() == before
    train(optim, 1)
    train(resumed, 1)


def test_the_state_of_each_parameter_is_found_by_name():
    optim = adam()
    train(optim, 2)
    assert set(optim.get_state()) == {"loc", "scale"}
    for name, state in optim.get_state().items():
        assert state["param_groups"][0]["lr"] == 0.02, name
    for p, torch_optim in optim.optim_objs.items():
        assert pyro.get_param_store().param_name(p) in ("loc", "scale")
        for group in torch_optim.param_groups:
            group["lr"] *= 0.5
    assert [s["param_groups"][0]["lr"] for s in optim.get_state().values()] == [0.01, 0.01]


def test_learning_rates_follow_their_schedule():
    optim = stepwise()
    svi = SVI(model, guide, optim, Trace_ELBO())
    rates = []
    for _ in range(11):
        svi.step(DATA)
        optim.step()
        rates.append(next(iter(optim.optim_objs.values())).get_last_lr()[0])
    assert rates[::5] == pytest.approx([0.01, 0.005, 0.0025])


def plain_loop_over_leaves():
    guide(DATA)
    params = [pyro.param(name).unconstrained() for name in pyro.get_param_store()]
    optim = torch.optim.Adam(params, lr=0.02)
    loss_fn = Trace_ELBO(num_particles=4, vectorize_particles=True).differentiable_loss
    for _ in range(300):
        optim.zero_grad()
        loss_fn(model, guide, DATA).backward()
        optim.step()


def plain_loop_over_a_recorded_run():
    elbo = Trace_ELBO(num_particles=4, vectorize_particles=True)
    with poutine.trace(param_only=True) as capture:
        elbo.differentiable_loss(model, guide, DATA)
    params = list(dict.fromkeys(site["value"].unconstrained() for site in capture.trace.nodes.values()))
    optim = torch.optim.Adam(params, lr=0.02)
    for _ in range(300):
        loss = elbo.differentiable_loss(model, guide, DATA)
        for p, grad in zip(params, torch.autograd.grad(loss, params), strict=True):
            p.grad = grad
        optim.step()


def plain_loop_over_named_parameters():
    guide(DATA)
    store = pyro.get_param_store()
    optim = torch.optim.Adam([{"params": [leaf], "lr": 0.02} for _, leaf in store.named_parameters()])
    loss = Trace_ELBO(num_particles=4, vectorize_particles=True)(model, guide)
    for _ in range(300):
        optim.zero_grad()
        loss(DATA).backward()
        optim.step()


def second_order_loop():
    guide(DATA)
    params = [leaf for _, leaf in pyro.get_param_store().named_parameters()]
    optim = torch.optim.LBFGS(params, lr=0.5)

    def closure():
        optim.zero_grad()
        pyro.set_rng_seed(0)
        loss = Trace_ELBO(num_particles=500, vectorize_particles=True).differentiable_loss(model, guide, DATA)
        loss.backward()
        return loss

    for _ in range(8):
        optim.step(closure)


@pytest.mark.parametrize("loop", [
    plain_loop_over_leaves, plain_loop_over_a_recorded_run, plain_loop_over_named_parameters, second_order_loop])
def test_plain_pytorch_loops_reach_the_posterior(loop):
    loop()
    assert pyro.param("loc").item() == pytest.approx(EXACT_LOC, abs=0.1)
    assert pyro.param("scale").item() == pytest.approx(EXACT_SCALE, abs=0.1)
    assert pyro.get_param_store().get_param("scale").item() > 0


def test_batches_of_a_data_loader_stand_for_the_whole():
    """The last batch is smaller; the densities of each are scaled to the number of all data."""
    loader = DataLoader(TensorDataset(DATA), batch_size=3, shuffle=True)

    def minibatch_model(batch):
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", size=len(DATA), subsample_size=len(batch)):
            pyro.sample("x", dist.Normal(z, 1.0), obs=batch)

    def minibatch_guide(batch):
        guide(batch)

    for (batch,) in loader:
        trace = poutine.trace(minibatch_model).get_trace(batch)
        assert trace.nodes["x"]["scale"] == len(DATA) / len(batch)
    svi = SVI(minibatch_model, minibatch_guide, Adam({"lr": 0.02}), Trace_ELBO())
    for _ in range(250):
        for (batch,) in loader:
            svi.step(batch)
    assert pyro.param("loc").item() == pytest.approx(EXACT_LOC, abs=0.3)


def test_local_parameters_are_cut_to_the_batch():
    def amortized(data, rows):
        with pyro.plate("data", len(data), subsample=rows):
            loc = pyro.param("locs", lambda: torch.zeros(len(data)), event_dim=0)
            batch = pyro.subsample(data, event_dim=0)
            pyro.sample("z", dist.Delta(loc))
            return loc, batch

    loc, batch = amortized(DATA, torch.tensor([2, 0]))
    assert loc.shape == (2,) and batch.tolist() == [3.0, 1.0] and pyro.param("locs").shape == (4,)
    loc.sum().backward()
    assert pyro.param("locs").unconstrained().grad.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert loc.unconstrained() is pyro.param("locs").unconstrained()


def test_training_and_held_out_losses_alternate():
    optim = clipped()
    svi = SVI(model, guide, optim, Trace_ELBO())
    history = {"train": [], "test": []}
    for _ in range(5):
        history["train"].append(svi.step(DATA))
        before = values()
        history["test"].append(svi.evaluate_loss(DATA))
        assert values() == before
    assert len(set(history["train"] + history["test"])) == 10
