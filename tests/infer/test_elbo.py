"""What all estimators share: particles, the dims of plates, and the loss as a module."""

import copy
import logging
import math
import pickle
import warnings

import pytest
import torch
import torch.distributed
from torch.nn.parallel import DistributedDataParallel

import pyro
import pyro.distributions as dist
from pyro.infer import ELBO, SVI, Trace_ELBO
from pyro.infer.elbo import ELBOModule

DATA = torch.tensor([0.5, -1.0, 2.0])


def flat_model():
    pyro.sample("z", dist.Normal(0.0, 1.0))


def plated_model():
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("outer", 2, dim=-3), pyro.plate("inner", 3):
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.zeros(2, 1, 3))


def plated_guide():
    with pyro.plate("aux", 2, dim=-4):
        pyro.sample("u", dist.Normal(0.0, 1.0), infer={"is_auxiliary": True})
    flat_model()


class Model(torch.nn.Module):
    def forward(self, data):
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", len(data)):
            pyro.sample("x", dist.Normal(z, 1.0), obs=data)


class Guide(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.loc = torch.nn.Parameter(torch.tensor(0.0))
        self.log_scale = torch.nn.Parameter(torch.tensor(0.0))

    def forward(self, data):
        pyro.sample("z", dist.Normal(self.loc, self.log_scale.exp()))


class Mean(ELBO):
    """An estimator that defines the least: the model's log-density in place of the ELBO."""

    def _get_trace(self, model, guide, args, kwargs):
        return pyro.poutine.trace(model).get_trace(*args, **kwargs), pyro.poutine.trace(guide).get_trace()

    def differentiable_loss(self, model, guide, *args, **kwargs):
        runs = [run.log_prob_sum() for run, _ in self._get_traces(model, guide, args, kwargs)]
        return -torch.stack(runs).mean()


# ---- options

@pytest.mark.parametrize(("model", "guide", "particles", "expected"), [
    (flat_model, flat_model, 1, 0), (flat_model, flat_model, 2, 1), (plated_model, flat_model, 1, 3),
    (plated_model, flat_model, 2, 4), (plated_model, plated_guide, 1, 4), (plated_model, plated_guide, 2, 5)])
def test_the_plates_nesting_is_found_out_by_a_run(model, guide, particles, expected):
    elbo = Trace_ELBO(num_particles=particles, vectorize_particles=True)
    assert elbo.max_plate_nesting == math.inf
    with pyro.poutine.trace() as outside:
        elbo._guess_max_plate_nesting(model, guide, (), {})
    assert elbo.max_plate_nesting == expected
    assert not outside.trace.nodes, "the run is unseen"
    assert pyro.settings.get("validate_infer")


def test_a_guess_is_told():
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    pyro.log.addHandler(handler)
    try:
        Trace_ELBO(vectorize_particles=True).loss(plated_model, flat_model)
    finally:
        pyro.log.removeHandler(handler)
    assert [record.getMessage() for record in records] == ["Guessed max_plate_nesting = 3"]


@pytest.mark.parametrize(("options", "expected"), [
    ({}, math.inf), ({"max_plate_nesting": 2}, 2), ({"max_plate_nesting": 2, "num_particles": 5}, 2),
    ({"max_plate_nesting": 2, "vectorize_particles": True}, 2),
    ({"max_plate_nesting": 2, "vectorize_particles": True, "num_particles": 5}, 3)])
def test_particles_take_a_dim_beside_the_given_ones(options, expected):
    assert Trace_ELBO(**options).max_plate_nesting == expected


@pytest.mark.parametrize("before", [1, 2, 5])
@pytest.mark.parametrize("after", [1, 2, 5])
@pytest.mark.parametrize("nesting", [3, math.inf])
def test_another_number_of_particles(before, after, nesting):
    elbo = Trace_ELBO(before, nesting, vectorize_particles=True)
    expected = Trace_ELBO(after, nesting, vectorize_particles=True)
    assert vars(elbo._with_num_particles(after)) == vars(expected)
    assert elbo.num_particles == before


@pytest.mark.parametrize("num_particles", [0, -1])
def test_no_particles_make_no_estimate(num_particles):
    with pytest.raises(ValueError, match=f"Trace_ELBO: expected num_particles >= 1, got {num_particles}"):
        Trace_ELBO(num_particles=num_particles)
    with pytest.raises(ValueError, match=f"Trace_ELBO: expected num_particles >= 1, got {num_particles}"):
        Trace_ELBO()._with_num_particles(num_particles)


def test_the_old_name_of_max_plate_nesting():
    with pytest.warns(DeprecationWarning, match="use max_plate_nesting instead"):
        assert Trace_ELBO(max_iarange_nesting=2).max_plate_nesting == 2


def test_options_of_old_programs_are_kept():
    elbo = Trace_ELBO(ignore_jit_warnings=True, jit_options={"a": 1}, strict_enumeration_warning=False,
                      tail_adaptive_beta=-0.5, retain_graph=True)
    assert (elbo.ignore_jit_warnings, elbo.jit_options, elbo.strict_enumeration_warning) == (True, {"a": 1}, False)
    assert (elbo.tail_adaptive_beta, elbo.retain_graph) == (-0.5, True)


@pytest.mark.parametrize("vectorize", [False, True])
def test_particles_shape_the_values(vectorize):
    shapes = []

    def model():
        with pyro.plate("rows", 2):
            shapes.append(tuple(pyro.sample("z", dist.Normal(0.0, 1.0)).shape))

    Trace_ELBO(num_particles=3, vectorize_particles=vectorize, max_plate_nesting=1).loss(model, model)
    assert shapes == ([(3, 2)] * 2 if vectorize else [(2,)] * 6)


# ---- the base alone

def test_an_estimator_must_have_traces_and_may_lack_a_differentiable_loss():
    with pytest.raises(TypeError, match="abstract"):
        ELBO()

    class NoLoss(Mean):
        differentiable_loss = ELBO.differentiable_loss

    with pytest.raises(NotImplementedError, match="NoLoss has no differentiable loss"):
        NoLoss()(flat_model, flat_model)()


@pytest.mark.parametrize("options", [{}, {"num_particles": 3}, {"num_particles": 3, "vectorize_particles": True}])
def test_the_base_makes_losses_of_the_differentiable_one(options):
    def model():
        pyro.factor("f", -pyro.param("a", torch.tensor(3.0)))

    elbo = Mean(**options)
    particles = 3.0 if options.get("vectorize_particles") else 1.0  # this estimator sums over the particles' dim
    assert elbo.loss(model, lambda: None) == 3.0 * particles
    assert elbo.loss_and_grads(model, lambda: None) == 3.0 * particles
    assert pyro.param("a").grad.item() == particles


def test_the_base_takes_constants():
    assert Mean().loss_and_grads(lambda: pyro.factor("f", torch.tensor(1.0)), lambda: None) == -1.0


def test_a_loss_that_is_nan_names_the_site():
    def model():
        pyro.sample("big", dist.Normal(0.0, 1.0), obs=torch.tensor(1e30))

    def guide():
        pyro.sample("far", dist.Normal(0.0, 1.0), obs=torch.tensor(1e30), infer={"is_auxiliary": True})

    with pytest.warns(UserWarning, match="The loss is NaN: the log-density at site '(big|far)' is -inf"):
        assert math.isnan(Trace_ELBO().loss(model, guide))
    with pyro.validation_enabled(False), pytest.warns(UserWarning, match=r"The loss is NaN\. "):
        Trace_ELBO().loss(model, guide)
    with warnings.catch_warnings(action="error"):
        assert Trace_ELBO().loss(model, lambda: None) == math.inf


# ---- the loss as a module

def train(step, module, steps=20):
    """A training loop of plain PyTorch."""
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05, fused=True)  # as pyro.optim does on the CPU
    pyro.set_rng_seed(0)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = step(DATA)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_the_module_has_the_programs_parameters():
    module = Trace_ELBO()(Model(), Guide())
    assert isinstance(module, ELBOModule)
    assert [name for name, _ in module.named_parameters()] == ["guide.loc", "guide.log_scale"]


@pytest.mark.parametrize("options", [{}, {"num_particles": 3, "vectorize_particles": True}])
def test_a_plain_training_loop_takes_the_steps_of_svi(options):
    model, guide = Model(), Guide()
    by_svi = copy.deepcopy(guide)

    def registered(data):
        pyro.module("guide", by_svi)
        by_svi(data)

    module = Trace_ELBO(max_plate_nesting=1, **options)(model, guide)
    losses = train(module, module)
    pyro.set_rng_seed(0)
    svi = SVI(model, registered, pyro.optim.Adam({"lr": 0.05}), Trace_ELBO(max_plate_nesting=1, **options))
    assert [svi.step(DATA) for _ in range(20)] == losses
    assert all(torch.equal(p, q) for p, q in zip(guide.parameters(), by_svi.parameters(), strict=True))
    assert guide.loc.item() != 0.0


def test_distributed_training_takes_the_same_steps(tmp_path):
    alone = Trace_ELBO()(Model(), Guide())
    module = copy.deepcopy(alone)
    losses = train(alone, alone)
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/rendezvous", rank=0, world_size=1)
    try:
        wrapped = DistributedDataParallel(module)
        assert train(wrapped, wrapped) == losses
    finally:
        torch.distributed.destroy_process_group()
    assert all(torch.equal(p, q) for p, q in zip(alone.parameters(), module.parameters(), strict=True))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))],
                         ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("registered", [False, True])
def test_copies_of_the_module_are_independent(duplicate, registered):
    """Modules that went through the parameter store can be copied too."""
    module = Trace_ELBO(num_particles=2)(Model(), Guide())
    if registered:
        pyro.module("guide", module.guide)
    losses = train(module, module)
    twin = duplicate(module)
    assert twin.elbo.num_particles == 2
    assert all(p is not q and torch.equal(p, q)
               for p, q in zip(module.parameters(), twin.parameters(), strict=True))
    before = [p.clone() for p in module.parameters()]
    assert train(twin, twin) != losses
    assert all(torch.equal(p, q) for p, q in zip(module.parameters(), before, strict=True))
