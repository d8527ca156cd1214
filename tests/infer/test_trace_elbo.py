"""Estimates of the loss and its gradient are unbiased, agree with each other, can be captured, and wait for nothing."""

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._python_dispatch import TorchDispatchMode

import pyro
import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.infer import Trace_ELBO
from pyro.ops.validation import collecting
from tests.infer.compiled_runs import check_compiled_is_eager
from tests.infer.partly_observed import PARTLY_OBSERVED
from tests.infer.problems import PROBLEMS

LOOPED = {"num_particles": 20}
REPEATS = 30


def gradient_of(problem, leaves):
    """The exact loss and its gradient, as one row."""
    loss = problem.exact_loss()
    return torch.cat([part.detach().reshape(-1) for part in (loss, *torch.autograd.grad(loss, leaves))])


def estimates(elbo, problem, leaves, repeats):
    """Independent estimates of the loss and its gradient, a row each."""
    rows = []
    with problem.warning():  # once
        for _ in range(repeats):
            for leaf in leaves:
                leaf.grad = None
            loss = elbo.loss_and_grads(problem.model, problem.guide)
            rows.append(torch.cat([torch.tensor([loss]), *(leaf.grad.reshape(-1) for leaf in leaves)]))
    return torch.stack(rows)


def check_unbiased(elbo, problem, precision, repeats=REPEATS):
    """The mean of the estimates is within five standard errors of the exact row, and those of gradients are small."""
    leaves = problem.start()
    expected = gradient_of(problem, leaves)
    rows = estimates(elbo, problem, leaves, repeats)
    error = rows.std(0) / repeats**0.5
    assert (error[1:] <= precision * expected[1:].abs().max().clamp(min=1.0)).all(), error
    rounding = 1e-4 * (1 + expected.abs())
    assert ((rows.mean(0) - expected).abs() <= 5 * error + rounding).all(), (rows.mean(0), expected, error)


ALL = {**PROBLEMS, **PARTLY_OBSERVED}


@pytest.mark.parametrize("problem", ALL.values(), ids=ALL.keys())
def test_gradients_are_unbiased_over_vectorized_particles(problem):
    num_particles, repeats = (100, 20 * REPEATS) if problem.has_random_rows else (20_000, REPEATS)
    elbo = Trace_ELBO(num_particles=num_particles, vectorize_particles=True)
    check_unbiased(elbo, problem, problem.precision, repeats)


@pytest.mark.parametrize("name", ["mixed", "random rows", "partly observed, from the prior"])
def test_gradients_are_unbiased_over_looped_particles(name):
    check_unbiased(Trace_ELBO(**LOOPED), ALL[name], precision=0.15)


def test_other_rows_of_a_plate_add_no_noise():
    """A row's score-function gradient does not see the data of the other rows of its plate."""

    def model(x):
        with pyro.plate("rows", 3):
            y = pyro.sample("y", dist.Bernoulli(0.3))
            pyro.sample("x", dist.Normal(y, 1.0), obs=x)

    def guide(x):
        with pyro.plate("rows", 3):
            pyro.sample("y", dist.Bernoulli(logits=pyro.param("logits", torch.zeros(3))))

    def gradient(x):
        pyro.set_rng_seed(0)
        (grad,) = torch.autograd.grad(Trace_ELBO().differentiable_loss(model, guide, x),
                                      [pyro.param("logits", torch.zeros(3))])
        return grad

    one, other = gradient(torch.tensor([1.0, 2.0, 3.0])), gradient(torch.tensor([1.0, 2.0, 30.0]))
    assert torch.equal(one[:2], other[:2])
    assert one[2] != other[2]


ELBOS = {"one": {}, "looped": {"num_particles": 3},
         "vectorized": {"num_particles": 3, "vectorize_particles": True},
         "vectorized, nesting given": {"num_particles": 3, "vectorize_particles": True, "max_plate_nesting": 2}}


@pytest.mark.parametrize("options", ELBOS.values(), ids=ELBOS.keys())
@pytest.mark.parametrize("name", ["normal", "mixed", "random rows", "discrete, masked"])
def test_the_three_ways_to_a_loss_agree(name, options):
    problem, elbo = PROBLEMS[name], Trace_ELBO(**options)
    leaves = problem.start()
    elbo.loss(problem.model, problem.guide)  # finds out the plates' dims, which draws random numbers

    def seeded(estimate, *programs):
        pyro.set_rng_seed(7)
        return estimate(*programs)

    programs = problem.model, problem.guide

    loss = seeded(elbo.differentiable_loss, *programs)
    grads = torch.autograd.grad(loss, leaves)
    assert seeded(elbo.loss_and_grads, *programs) == pytest.approx(loss.item(), rel=1e-5)
    for leaf, grad in zip(leaves, grads, strict=True):
        torch.testing.assert_close(leaf.grad, grad)
    assert seeded(elbo.loss, *programs) == pytest.approx(loss.item(), rel=1e-5)
    assert seeded(elbo(*programs)).item() == loss.item()


def test_gradients_add_up_over_calls():
    problem = PROBLEMS["normal"]
    leaves = problem.start()
    elbo = Trace_ELBO()
    pyro.set_rng_seed(1)
    elbo.loss_and_grads(problem.model, problem.guide)
    once = [leaf.grad.clone() for leaf in leaves]
    pyro.set_rng_seed(1)
    elbo.loss_and_grads(problem.model, problem.guide)
    assert all(torch.equal(leaf.grad, 2 * grad) for leaf, grad in zip(leaves, once, strict=True))


def test_the_graph_is_kept_on_demand():
    x = torch.tensor(1.0, requires_grad=True)
    kept = (2 * x).exp()

    def model():
        pyro.factor("f", kept)

    for _ in range(2):
        Trace_ELBO(retain_graph=True).loss_and_grads(model, lambda: None)
    Trace_ELBO().loss_and_grads(model, lambda: None)
    with pytest.raises(RuntimeError, match="second time"):
        Trace_ELBO().loss_and_grads(model, lambda: None)


def test_nothing_to_differentiate():
    """Constants, and programs without sites, have losses."""
    assert Trace_ELBO().loss_and_grads(lambda: None, lambda: None) == 0.0
    assert Trace_ELBO().loss_and_grads(lambda: pyro.factor("f", torch.tensor(2.0)), lambda: None) == -2.0
    assert Trace_ELBO().differentiable_loss(lambda: None, lambda: None).item() == 0.0


@pytest.mark.parametrize("how", ["parallel", "sequential"])
def test_lesson_02_enumeration_is_not_done_silently(how):
    def model():
        pyro.sample("z", dist.Bernoulli(0.3))

    def guide():
        pyro.sample("z", dist.Bernoulli(0.5), infer={"enumerate": how})

    with pytest.warns(UserWarning, match="configured for enumeration: z"):
        Trace_ELBO().loss(model, guide)


@pytest.mark.parametrize("name", ["infer_discrete", "TraceEnum_ELBO"])
def test_lesson_02_and_06_wait_for_what_enumerates(name):
    """Who delivers these owes the two bugs' own tests: the posterior mean of a Binomial site, and its log-density."""
    assert not hasattr(pyro.infer, name)


def dirichlet_model():
    p = pyro.sample("p", dist.Dirichlet(torch.tensor([2.0, 1.0, 1.0])))
    with pyro.plate("rows", 4):
        pyro.sample("x", dist.Categorical(p), obs=torch.tensor([0, 0, 2, 1]))


def with_parameters(problem):
    """A problem's guide, which makes the parameters that it reads."""
    def guide():
        for name, (value, constraint) in problem.params.items():
            pyro.param(name, value.clone(), constraint)
        problem.guide()

    return problem.model, guide


def dirichlet_guide():
    concentration = pyro.param("concentration", torch.tensor([1.5, 0.7, 3.0]), constraint=constraints.positive)
    pyro.sample("p", dist.Dirichlet(concentration))


@pytest.mark.parametrize("elbo", [Trace_ELBO(), Trace_ELBO(num_particles=3, vectorize_particles=True)])
@pytest.mark.parametrize(("model", "guide"), [
    with_parameters(PROBLEMS["gamma-exponential"]), with_parameters(PROBLEMS["beta-bernoulli"]),
    (dirichlet_model, dirichlet_guide)], ids=["gamma", "beta", "dirichlet"])
def test_lesson_05_compiled_gradients_are_the_eager_ones(model, guide, elbo):
    """Of draws whose gradients are implicit, too."""
    check_compiled_is_eager(model, guide, elbo)


# ---- capture and waiting for devices

def coin_model(data):
    p = pyro.sample("p", dist.Beta(10.0, 10.0))
    for i in range(len(data)):
        pyro.sample(f"x_{i}", dist.Bernoulli(p), obs=data[i])


def coin_guide(data):
    heads = pyro.param("heads", torch.tensor(15.0), constraint=constraints.positive)
    tails = pyro.param("tails", torch.tensor(15.0), constraint=constraints.positive)
    pyro.sample("p", dist.Beta(heads, tails))


SIGMA = torch.tensor([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


def schools_model(y):
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(5.0))
    with pyro.plate("schools", 8):
        theta = pyro.sample("theta", dist.Normal(mu, tau))
        pyro.sample("y", dist.Normal(theta, SIGMA), obs=y)


def schools_guide(y):
    def normal(name, shape):
        loc = pyro.param(f"{name}_loc", torch.zeros(shape))
        return dist.Normal(loc, pyro.param(f"{name}_scale", torch.ones(shape), constraint=constraints.positive))

    pyro.sample("mu", normal("mu", ()))
    pyro.sample("tau", dist.TransformedDistribution(normal("tau", ()), dist.transforms.ExpTransform()))
    with pyro.plate("schools", 8):
        pyro.sample("theta", normal("theta", (8,)))


def discrete_model(data):
    with pyro.plate("rows", 4, subsample=torch.tensor([2, 0])) as rows:
        k = pyro.sample("k", dist.Categorical(torch.tensor([0.2, 0.8])))
        with pyro.poutine.mask(mask=torch.tensor([True, False])):
            pyro.sample("x", dist.Normal(k.float(), 1.0), obs=data[rows])
        pyro.sample("n", dist.Poisson(1.0 + k), obs=data[rows].round())


def discrete_guide(data):
    with pyro.plate("rows", 4, subsample=torch.tensor([2, 0])):
        probs = pyro.param("probs", torch.full((4, 2), 0.5), constraint=constraints.simplex, event_dim=1)
        pyro.sample("k", dist.Categorical(probs))


PROGRAMS = {
    "coin": (coin_model, coin_guide, torch.tensor([1.0, 0.0, 1.0, 1.0])),
    "eight schools": (schools_model, schools_guide, torch.tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])),
    "discrete": (discrete_model, discrete_guide, torch.tensor([0.5, 1.0, 2.0, 3.0])),
}


@pytest.mark.parametrize("options", ELBOS.values(), ids=ELBOS.keys())
@pytest.mark.parametrize(("model", "guide", "data"), PROGRAMS.values(), ids=PROGRAMS.keys())
def test_loss_and_gradients_can_be_captured(model, guide, data, options, store):
    elbo = Trace_ELBO(**options)
    elbo.loss(model, guide, data)
    names, leaves = zip(*store.named_parameters(), strict=True)
    constrained = store.get_state()["constraints"]

    def step(leaves, data):
        leaves = [leaf.detach().requires_grad_() for leaf in leaves]
        params = {"params": dict(zip(names, leaves, strict=True)), "constraints": constrained}
        with store.scope(params), collecting(everything=True):
            loss = elbo.differentiable_loss(model, guide, data)
        return loss.detach(), torch.autograd.grad(loss, leaves)

    graph = make_fx(step)(leaves, data)
    moved = [leaf + 0.1 for leaf in leaves]
    for seed in range(2):
        pyro.set_rng_seed(seed)
        expected = step(moved, data * 0.5)
        pyro.set_rng_seed(seed)
        torch.testing.assert_close(graph(moved, data * 0.5), expected, rtol=0, atol=0)


class Decoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.ReLU(), torch.nn.Linear(5, 4))

    def forward(self, x):
        with pyro.plate("images", x.shape[0]):
            z = pyro.sample("z", dist.Normal(torch.zeros(x.shape[0], 2), 1.0).to_event(1))
            pyro.sample("x", dist.Bernoulli(logits=self.net(z)).to_event(1), obs=x)


class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 4))

    def forward(self, x):
        with pyro.plate("images", x.shape[0]):
            loc, log_scale = self.net(x).chunk(2, -1)
            pyro.sample("z", dist.Normal(loc, log_scale.exp()).to_event(1))


def test_a_variational_autoencoder_can_be_captured():
    module = Trace_ELBO()(Decoder(), Encoder())
    params = {name: p.detach() for name, p in module.named_parameters()}
    x = torch.bernoulli(torch.full((3, 4), 0.5))

    def step(params, x):
        params = {name: p.detach().requires_grad_() for name, p in params.items()}
        with collecting(everything=True):
            loss = torch.func.functional_call(module, params, (x,))
        return loss.detach(), torch.autograd.grad(loss, list(params.values()))

    graph = make_fx(step)(params, x)
    pyro.set_rng_seed(3)
    expected = step(params, 1 - x)
    pyro.set_rng_seed(3)
    torch.testing.assert_close(graph(params, 1 - x), expected, rtol=0, atol=0)


class CountReads(TorchDispatchMode):
    """Counts the operators that make the host wait for a device."""

    WAITS = (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.equal.default, torch.ops.aten.nonzero.default)

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func in self.WAITS
        return func(*args, **(kwargs or {}))


def reads(estimate, *args):
    with collecting(everything=True), CountReads() as reads:
        estimate(*args)
    return reads.count


@pytest.mark.parametrize("options", ELBOS.values(), ids=ELBOS.keys())
@pytest.mark.parametrize(("model", "guide", "data"), PROGRAMS.values(), ids=PROGRAMS.keys())
def test_only_the_returned_loss_is_read(model, guide, data, options):
    """Where nobody reads verdicts, the host waits once, for the number that it returns; each check costs nothing."""
    elbo = Trace_ELBO(**options)
    elbo.loss(model, guide, data)
    assert reads(elbo.differentiable_loss, model, guide, data) == 0
    assert reads(elbo.loss_and_grads, model, guide, data) == 1
    assert reads(elbo.loss, model, guide, data) == 1


def test_checks_read_where_they_may():
    """The counter sees the reads of checks on the CPU outside of such a block."""
    with CountReads() as reads:
        dist.Normal(torch.tensor(0.0), torch.tensor(1.0))
    assert reads.count > 0
