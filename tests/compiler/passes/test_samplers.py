"""Random operators become pure; runs with them are right, repeat under a seed, and agree between lowerings."""

import warnings

import pytest
import torch
from torch import Tensor
from torch.distributions import constraints

import pyro
import pyro.distributions as dist
from pyro import settings
from pyro.compiler import keyed
from pyro.compiler.compiled import compile_step
from pyro.compiler.graph import InputRole, OutputRole, StepGraph
from pyro.compiler.injected import InjectDraws
from pyro.compiler.keyed import keyed_draws
from pyro.compiler.loop import compile_loop
from pyro.compiler.noise import Draw, is_random
from pyro.compiler.passes.draft import Draft, Slot
from pyro.compiler.passes.draws import draws_to_inputs
from pyro.compiler.passes.samplers import key_samplers, keyed_call
from pyro.compiler.passes.simplify import simplify
from pyro.compiler.replay import Replay
from pyro.compiler.verify import verify
from pyro.infer import SVI, Trace_ELBO
from tests.compiler.recorded import recorded
from tests.compiler.trajectories import apart

P = torch.tensor([0.3, 0.6])
PROGRAMS = {
    "gamma": lambda p: torch._standard_gamma(p),
    "dirichlet": lambda p: torch._sample_dirichlet(p),
    "poisson": lambda p: torch.poisson(p * 10),
    "binomial": lambda p: torch.binomial(p * 0 + 20, p),
    "multinomial": lambda p: torch.multinomial(p, 1),
    "multinomial_with_replacement": lambda p: torch.multinomial(p, 5, replacement=True),
    "von_mises": lambda p: dist.VonMises(p, p * 10, validate_args=False).sample((3,)),
    "exponential": lambda p: torch.empty_like(p).exponential_(2.0),
    "geometric": lambda p: torch.empty_like(p).geometric_(0.3),
    "cauchy": lambda p: torch.empty_like(p).cauchy_(1.0, 2.0),
    "log_normal": lambda p: torch.empty_like(p).log_normal_(1.0, 2.0),
    "bernoulli": lambda p: torch.empty_like(p).bernoulli_(p),
    "bernoulli_of": lambda p: torch.bernoulli(p),
    "normal_of_scales": lambda p: torch.normal(1.0, p),
    "randint_like": lambda p: torch.randint_like(p, 2, 9),
    "negative_binomial": lambda p: dist.NegativeBinomial(p * 10, p, validate_args=False).sample(),
    "several": lambda p: torch._standard_gamma(p) + torch.randn(2) * torch._standard_gamma(p) + torch.poisson(p),
}
STEPS = 50


def captured(program, p: Tensor = P) -> tuple[StepGraph, list[Draw]]:
    """A program of one tensor after all passes, and its draws."""
    draft = Draft(recorded(program, p), (Slot("p", InputRole.CONSTANT, p),), (None,), ("result",))
    for rewrite in (simplify, key_samplers, draws_to_inputs, simplify):
        draft = rewrite(draft)
        verify(draft)
    return draft.finish(), [slot.draw for slot in draft.slots if slot.draw is not None]


def rows_of(draws: list[Draw]) -> list[Tensor]:
    torch.manual_seed(0)
    return [draw.rows(STEPS, torch.device("cpu")) for draw in draws]


def results(lowering, graph: StepGraph, inputs: list[Tensor]) -> Tensor:
    spec = graph.outputs[0].spec
    record = torch.zeros((STEPS, *spec.shape), dtype=spec.dtype)
    lowering.run(inputs, [record], STEPS)
    return record


@pytest.mark.parametrize("name", PROGRAMS)
def test_pure_and_the_same_in_every_lowering(name):
    graph, draws = captured(PROGRAMS[name])
    assert not any(is_random(node) for node in graph.module.graph.nodes)
    inputs = [P, *rows_of(draws)]
    record = results(Replay(graph), graph, inputs)
    torch.testing.assert_close(results(compile_loop(graph), graph, inputs), record, rtol=2e-6, atol=1e-6)
    assert len(record.double().reshape(STEPS, -1).unique(dim=0)) > 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_eager_step_repeats_the_draws(name):
    graph, draws = captured(PROGRAMS[name])
    rows = rows_of(draws)
    record = results(Replay(graph), graph, [P, *rows])
    for t in (0, 7):
        given = []
        for draw, row in zip(draws, rows, strict=True):
            given += keyed_draws(graph, row[t]) if draw.is_key else [row[t]]
        with InjectDraws(given):
            torch.testing.assert_close(PROGRAMS[name](P.clone()), record[t], rtol=2e-6, atol=1e-6)


def test_one_key_serves_all_samplers():
    graph, draws = captured(PROGRAMS["several"])
    assert [draw.is_key for draw in draws] == [True, False]
    numbers = [node.args[-1] for node in graph.module.graph.nodes if node.target in keyed.OPERATORS]
    assert numbers == [0, 2, 3]


def test_gradients_are_ours():
    def program(p):
        return torch._standard_gamma_grad(p, p) + torch._dirichlet_grad(p, p, p + 1)

    graph, _ = captured(program)
    names = [str(node.target) for node in graph.module.graph.nodes if "grad" in str(node.target)]
    assert names == ["flashover.standard_gamma_grad.default", "flashover.dirichlet_grad.default"]
    record = results(Replay(graph), graph, [P])
    assert torch.equal(results(compile_loop(graph), graph, [P]), record)
    torch.testing.assert_close(record[0], program(P), rtol=1e-3, atol=0)


def test_dependent_draws_are_left_alone():
    graph, _ = captured(lambda p: torch.multinomial(p, 2))
    assert any(is_random(node) for node in graph.module.graph.nodes)
    assert keyed_call(torch.ops.aten.multinomial.default, (P, 2), {}) is None
    assert keyed_call(torch.ops.aten.poisson.default, (P,), {"generator": torch.Generator()}) is None
    assert keyed_call(torch.ops.aten.add.Tensor, (P, P), {}) is None


DATA = [torch.tensor(1.0)] * 6 + [torch.tensor(0.0)] * 4


def coin(data):
    fairness = pyro.sample("fairness", dist.Beta(torch.tensor(10.0), torch.tensor(10.0)))
    for i, observed in enumerate(data):
        pyro.sample(f"obs_{i}", dist.Bernoulli(fairness), obs=observed)


def coin_guide(data):
    alpha = pyro.param("alpha", torch.tensor(15.0), constraint=constraints.positive)
    beta = pyro.param("beta", torch.tensor(15.0), constraint=constraints.positive)
    pyro.sample("fairness", dist.Beta(alpha, beta))


def counts(data):
    rate = pyro.sample("rate", dist.Gamma(2.0, 0.5))
    angles = dist.VonMises(torch.tensor(0.0), torch.tensor(3.0)).sample((10,))
    pyro.sample("x", dist.Poisson(rate * (2 + angles.cos())).to_event(1), obs=torch.stack(data) * 5)


def counts_guide(data):
    shape = pyro.param("shape", torch.tensor(3.0), constraint=constraints.positive)
    rate = pyro.param("inverse", torch.tensor(1.0), constraint=constraints.positive)
    pyro.sample("rate", dist.Gamma(shape, rate))


def inference(model, guide, rate=0.0005) -> SVI:
    return SVI(model, guide, pyro.optim.Adam({"lr": rate, "betas": (0.9, 0.999)}), Trace_ELBO())


@pytest.mark.parametrize(("model", "guide"), [(coin, coin_guide), (counts, counts_guide)])
def test_trajectories_agree(model, guide):
    svi = inference(model, guide, 0.01)
    for _ in range(2):
        svi.step(DATA)
    compiled = compile_step(svi._program(), (DATA,), {})
    assert compiled.plan.name == "loop program", compiled.plan.reasons
    trajectories = []
    for lowering in (compiled.plan.lowering, Replay(compiled.graph)):
        run = apart(compiled.bind((DATA,), {}))
        torch.manual_seed(1)
        run._draw(STEPS)
        outputs = [out.spec for out in compiled.graph.outputs if out.role is OutputRole.RECORD]
        records = [torch.empty((STEPS, *spec.shape), dtype=spec.dtype) for spec in outputs]
        lowering.run(run._inputs, records, STEPS)
        trajectories.append([records[0], *(run._inputs[i] for i in run._states)])
    for got, expected in zip(*trajectories, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_the_coin():
    """Adam settles at the exact posterior: it is in the guide's family."""
    torch.manual_seed(0)
    svi = inference(coin, coin_guide, 0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = svi.run(2000, DATA)
        assert result.parts[-1].how == "loop program"
        last = []
        for _ in range(40):
            svi.run(100, DATA)
            last.append([pyro.param("alpha").item(), pyro.param("beta").item()])
    alpha, beta = torch.tensor(last).mean(0).tolist()
    assert alpha / (alpha + beta) == pytest.approx(16 / 30, abs=0.02)
    assert alpha + beta == pytest.approx(30, rel=0.15)


def test_same_seed_same_run():
    losses = []
    for seed in (3, 3, 4):
        with pyro.get_param_store().scope():
            torch.manual_seed(seed)
            losses.append(inference(coin, coin_guide).run(100, DATA).losses)
    assert torch.equal(losses[0], losses[1])
    assert not torch.equal(losses[0], losses[2])


def test_eagers_numbers_where_they_are_wanted():
    runs = []
    for compiled in (True, False):
        with pyro.get_param_store().scope(), settings.context(eager_random_numbers=True):
            torch.manual_seed(3)
            svi = inference(coin, coin_guide)
            runs.append(svi.run(20, DATA).losses if compiled else torch.tensor([svi.step(DATA) for _ in range(20)]))
    torch.testing.assert_close(runs[0].float(), runs[1], rtol=1e-4, atol=1e-5)
