import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import EmpiricalMarginal, Importance, TracePosterior, TracePredictive
from pyro.infer.abstract_infer import Marginals
from pyro.ops.stats import waic


def model(obs=None):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.deterministic("twice", 2 * z)
    with pyro.plate("rows", 5):
        return pyro.sample("y", dist.Normal(z, 1.0), obs=obs)


def guide(obs=None):
    pyro.sample("z", dist.Normal(5 / 6, 6**-0.5))


@pytest.fixture
def posterior():
    pyro.set_rng_seed(0)
    return Importance(model, guide, num_samples=20).run(torch.ones(5))


class TwoChains(TracePosterior):
    def _traces(self, *args, **kwargs):
        for index in range(4):
            run = pyro.poutine.trace(lambda index=index: pyro.sample("z", dist.Delta(torch.tensor(float(index)))))
            yield (run.get_trace(), index % 2), torch.tensor(0.0)


@pytest.mark.parametrize("sites, event_shape", [
    ("z", ()), (["z"], (1,)), (["z", "twice"], (2,)), (None, (5,)), ("y", (5,))])
def test_empirical_marginal(posterior, sites, event_shape):
    marginal = EmpiricalMarginal(posterior, sites)
    assert marginal.batch_shape == ()
    assert marginal.event_shape == event_shape
    assert marginal.sample_size == 20
    assert marginal.sample().shape == event_shape


def test_the_mean_weighs_the_draws(posterior):
    weights = posterior.get_normalized_weights()
    values = torch.stack([run.nodes["z"]["value"] for run in posterior.exec_traces])
    torch.testing.assert_close(EmpiricalMarginal(posterior, "z").mean, (weights * values).sum())


@pytest.mark.parametrize("sites, error, message", [
    ("nosuch", KeyError, r"no site 'nosuch'. They have \['z', 'twice', 'rows', 'y'\]"),
    (["z", "nosuch"], KeyError, "no site 'nosuch'"),
    (["z", "y"], RuntimeError, r"one shape, .* got \{'z': \(\), 'y': \(5,\)\}"),
    (3, AssertionError, "a site's name or a list of names, got 3"),
])
def test_sites_that_have_no_marginal(posterior, sites, error, message):
    with pytest.raises(error, match=message):
        EmpiricalMarginal(posterior, sites)


def test_a_posterior_that_has_not_been_run_has_no_marginals():
    with pytest.raises(RuntimeError, match="the Importance has no traces. Call its run"):
        EmpiricalMarginal(Importance(model, guide, num_samples=2), "z")


def test_marginals(posterior):
    marginals = posterior.marginal(["z", "twice"])
    assert list(marginals.empirical) == ["z", "twice"]
    torch.testing.assert_close(marginals.support()["twice"], 2 * marginals.support(flatten=True)["z"])
    assert posterior.marginal("z").support()["z"].shape == (20,)
    assert list(posterior.marginal().empirical) == ["_RETURN"]
    with pytest.raises(AssertionError, match="expected a TracePosterior"):
        Marginals("posterior")


def test_chains():
    posterior = TwoChains(num_chains=2).run()
    assert posterior.chain_ids == [0, 1, 0, 1]
    marginal = EmpiricalMarginal(posterior, "z")
    assert marginal.batch_shape == (2,)
    torch.testing.assert_close(marginal.mean, torch.tensor([1.0, 2.0]))
    torch.testing.assert_close(posterior.marginal("z").support()["z"], torch.tensor([[0.0, 2.0], [1.0, 3.0]]))
    assert posterior.marginal("z").support(flatten=True)["z"].shape == (4,)


def test_a_call_draws_a_trace(posterior):
    values = {run.nodes["z"]["value"].item() for run in posterior.exec_traces}
    drawn = {posterior().nodes["z"]["value"].item() for _ in range(10)}
    assert drawn <= values
    assert len(drawn) > 1
    with pytest.raises(AttributeError, match="Call run"):
        TwoChains(num_chains=2)()


def test_information_criterion(posterior):
    densities = torch.stack([run.nodes["y"]["fn"].log_prob(torch.ones(5)) for run in posterior.exec_traces])
    expected = waic(densities, torch.stack(posterior.log_weights))
    assert list(posterior.information_criterion().values()) == [*expected]
    assert posterior.information_criterion(pointwise=True)["waic"].shape == (5,)
    with pytest.raises(ValueError, match="one observation node"):
        Importance(guide, guide, num_samples=2).run().information_criterion()


def test_trace_predictive(posterior):
    with pytest.warns(FutureWarning, match="TracePredictive"):
        predictive = TracePredictive(model, posterior, 30)
    predictive.run()
    values = {run.nodes["z"]["value"].item() for run in posterior.exec_traces}
    assert {run.nodes["z"]["value"].item() for run in predictive.exec_traces} <= values
    assert predictive.marginal("y").support()["y"].shape == (30, 5)
    # y is drawn anew
    assert predictive.marginal("y").support()["y"].std() > 0
