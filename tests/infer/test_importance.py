import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import Importance
from pyro.infer.importance import LogWeightsMixin, psis_diagnostic, vectorized_importance_weights

OBS = torch.ones(5)
EVIDENCE = dist.MultivariateNormal(torch.zeros(5), torch.eye(5) + 1).log_prob(OBS)


def model(obs):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("rows", 5):
        pyro.sample("y", dist.Normal(z, 1.0), obs=obs)


def gaussian(loc, scale):
    def guide(obs):
        pyro.sample("z", dist.Normal(loc, scale))

    return guide


EXACT = gaussian(5 / 6, 6**-0.5)


def test_the_exact_posterior_has_equal_weights():
    posterior = Importance(model, EXACT, num_samples=4).run(OBS)
    torch.testing.assert_close(posterior.get_log_normalizer(), EVIDENCE)
    torch.testing.assert_close(posterior.get_ESS(), torch.tensor(4.0))
    torch.testing.assert_close(posterior.get_normalized_weights(), torch.full((4,), 0.25))
    torch.testing.assert_close(posterior.get_normalized_weights(log_scale=True), torch.full((4,), 0.25).log())


def test_the_prior_is_the_default_guide():
    pyro.set_rng_seed(0)
    posterior = Importance(model, num_samples=300).run(OBS)
    weights = (torch.stack(posterior.log_weights) - EVIDENCE).exp()
    assert (weights.mean() - 1).abs() < 5 * weights.std() / 300**0.5


def test_number_of_samples_by_default():
    with pytest.warns(UserWarning, match="defaulting to 10"):
        assert Importance(model).num_samples == 10


def test_no_weights_yet():
    posterior = Importance(model, EXACT, num_samples=3)
    with pytest.warns(UserWarning, match="effective sample size is zero"):
        assert posterior.get_ESS() == 0
    with pytest.warns(UserWarning, match="normalizing constant"):
        assert posterior.get_log_normalizer() is None
    with pytest.warns(UserWarning, match="nothing to normalize"):
        assert posterior.get_normalized_weights() is None


def test_effective_sample_size():
    class Weights(LogWeightsMixin):
        log_weights = torch.tensor([0.0, 0.0, -math.inf])

    torch.testing.assert_close(Weights().get_ESS(), torch.tensor(2.0))


@pytest.mark.parametrize("num_samples, shape", [(1, ()), (None, ()), (11, (11,))])
def test_vectorized_weights(num_samples, shape):
    log_weights, model_trace, guide_trace = vectorized_importance_weights(
        model, EXACT, OBS, num_samples=num_samples, max_plate_nesting=1)
    assert log_weights.shape == shape
    torch.testing.assert_close(log_weights, EVIDENCE.expand(shape))
    assert model_trace.nodes["z"]["value"] is guide_trace.nodes["z"]["value"]


def test_normalized_vectorized_weights():
    log_weights, _, _ = vectorized_importance_weights(
        model, gaussian(0.0, 1.0), OBS, num_samples=7, max_plate_nesting=1, normalized=True)
    torch.testing.assert_close(log_weights.exp().sum(), torch.tensor(1.0))


def test_vectorized_weights_need_the_nesting():
    with pytest.raises(ValueError, match="must provide max_plate_nesting"):
        vectorized_importance_weights(model, EXACT, OBS, num_samples=3)


@pytest.mark.parametrize("scale, low, high", [(1.0, -math.inf, 0.1), (0.9, -0.2, 0.5), (0.2, 0.7, 1.2)])
@pytest.mark.parametrize("at_once", [1000, 5000])
def test_pareto_shape_tells_a_good_guide_from_a_narrow_one(scale, low, high, at_once):
    """For draws of Normal(0, s), the density of Normal(0, 1) has ratios whose tail has the shape 1 - s^2."""
    pyro.set_rng_seed(0)

    def prior():
        pyro.sample("z", dist.Normal(0.0, 1.0))

    def guide():
        pyro.sample("z", dist.Normal(0.0, scale))

    shape = psis_diagnostic(prior, guide, num_particles=5000, max_simultaneous_particles=at_once, max_plate_nesting=0)
    assert low <= shape < high


@pytest.mark.parametrize("at_once", [10, 30])
def test_lesson_25f_as_many_particles_as_asked_for(at_once):
    sizes = []

    def guide():
        sizes.append(pyro.sample("z", dist.Normal(0.0, 0.9)).numel())

    psis_diagnostic(lambda: pyro.sample("z", dist.Normal(0.0, 1.0)), guide, num_particles=30,
                    max_simultaneous_particles=at_once, max_plate_nesting=0)
    assert sizes == [at_once] * (30 // at_once)


def test_lesson_25g_particles_stand_next_to_the_plates():
    """Just left of as many dims as plates take: one further out would be one more dim than declared."""
    def rows():
        with pyro.plate("rows", 2):
            pyro.sample("z", dist.Normal(0.0, 1.0))

    _, model_trace, _ = vectorized_importance_weights(rows, rows, num_samples=3, max_plate_nesting=1)
    site = model_trace.nodes["z"]
    assert site["value"].shape == (3, 2) and {frame.dim for frame in site["cond_indep_stack"]} == {-2, -1}


def test_too_few_particles():
    with pytest.warns(UserWarning, match="increase num_particles"):
        assert psis_diagnostic(model, EXACT, OBS, num_particles=10) == math.inf
    with pytest.raises(ValueError, match="divisible"):
        psis_diagnostic(model, EXACT, OBS, num_particles=10, max_simultaneous_particles=3)
