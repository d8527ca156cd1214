"""Laws of discrete hidden Markov models beyond those of all families: filtering, length, impossible states."""

import itertools

import pytest
import torch

import pyro.distributions as dist

T, S = 4, 3


def model(duration: int | None = T, **changes: torch.Tensor) -> dist.DiscreteHMM:
    torch.manual_seed(0)
    parameters = {"initial_logits": torch.randn(S).double(), "transition_logits": torch.randn(S, S).double()}
    levels = dist.Categorical(logits=torch.randn(S, 5).double())
    return dist.DiscreteHMM(**{**parameters, **changes}, observation_dist=levels, duration=duration)


def test_filter_weighs_all_paths() -> None:
    hmm, value = model(), torch.tensor([0, 4, 2, 2])
    emission = hmm.observation_dist.logits[:, value].mT
    weights = torch.zeros(S).double()
    for path in itertools.product(range(S), repeat=T + 1):
        log_weight = hmm.initial_logits[path[0]] + sum(
            hmm.transition_logits[path[i], path[i + 1]] + emission[i, path[i + 1]] for i in range(T))
        weights[path[-1]] += log_weight.exp()
    torch.testing.assert_close(hmm.filter(value).probs, weights / weights.sum())
    assert hmm.expand([2]).filter(value).batch_shape == (2,)


def test_density_sums_to_one() -> None:
    values = torch.tensor(list(itertools.product(range(5), repeat=T)))
    torch.testing.assert_close(model().log_prob(values).logsumexp(0), torch.zeros(()).double(), atol=1e-9, rtol=0)


def test_any_length_is_scored_where_none_is_given() -> None:
    hmm = model(None)
    assert hmm.event_shape == (1,) and hmm.duration is None
    for length in (1, 2, 7):
        value = torch.zeros(length, dtype=torch.long)
        torch.testing.assert_close(hmm.log_prob(value), model(length).log_prob(value))
    with pytest.raises(ValueError, match="needs the number of steps"):
        hmm.sample()
    with pytest.raises(ValueError, match="must match event_shape"):
        model().log_prob(torch.zeros(7, dtype=torch.long))


def test_states_of_no_weight_do_not_occur() -> None:
    never = torch.tensor([[0.0, -torch.inf, 0.0]] * S).double().requires_grad_()
    hmm = dist.DiscreteHMM(torch.zeros(S).double(), never, dist.Normal(torch.tensor([0.0, 1e3, 0.0]).double(), 1.0),
                           duration=T)
    assert (hmm.sample((100,)) < 10).all()
    log_prob = hmm.log_prob(torch.zeros(T).double())
    assert log_prob.isfinite()
    (gradient,) = torch.autograd.grad(log_prob, never)
    assert gradient.isfinite().all()


def test_draws_have_the_density() -> None:
    torch.manual_seed(1)
    hmm = model(2)
    draws = hmm.sample((20_000,))
    for value in ((0, 0), (3, 1), (4, 4)):
        probability = hmm.log_prob(torch.tensor(value)).exp()
        share = (draws == torch.tensor(value)).all(-1).double().mean()
        assert abs(share - probability) < 5 * (probability * (1 - probability) / 20_000) ** 0.5


@pytest.mark.parametrize(("name", "shape"), [("initial_logits", ()), ("transition_logits", (S,))])
def test_missing_dimensions_are_named(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"{name} has shape"):
        model(**{name: torch.zeros(shape)})
