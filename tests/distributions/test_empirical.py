"""Empirical distributions: events of any shape, weights with gradients, whole numbers, batches."""

import pytest
import torch

from pyro.distributions.empirical import Empirical


def test_weights_of_equal_draws_add_up_and_have_gradients() -> None:
    log_weights = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64, requires_grad=True)
    samples = torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])
    d = Empirical(samples, log_weights)
    log_prob = d.log_prob(torch.tensor([[1.0, 2.0], [1.0, 4.0]]))
    weights = log_weights.softmax(-1)
    torch.testing.assert_close(log_prob, torch.stack([(weights[0] + weights[2]).log(), torch.tensor(-torch.inf)]))
    (gradient,) = torch.autograd.grad(log_prob[0], log_weights)
    expected = torch.where(torch.tensor([True, False, True]), weights / (weights[0] + weights[2]), 0) - weights
    torch.testing.assert_close(gradient, expected)
    (impossible,) = torch.autograd.grad(d.log_prob(torch.zeros(2)), log_weights)
    assert impossible.tolist() == [0.0, 0.0, 0.0]


def test_each_batch_element_has_its_own_support() -> None:
    samples = torch.randn(2, 4, 3)
    d = Empirical(samples, torch.zeros(2, 4))
    assert (d.batch_shape, d.event_shape, d.sample_size) == ((2,), (3,), 8)
    assert torch.equal(d.enumerate_support(), samples.transpose(0, 1))
    torch.testing.assert_close(d.log_prob(d.enumerate_support()).exp(), torch.full((4, 2), 0.25))


def test_whole_numbers_have_no_moments() -> None:
    d = Empirical(torch.tensor([1, 2, 1]), torch.tensor([0.0, 1.0, 2.0]))
    assert d.sample().dtype == torch.long
    torch.testing.assert_close(d.log_prob(torch.tensor(2)), torch.tensor([0.0, 1.0, 2.0]).log_softmax(-1)[1])
    for name in ("mean", "variance"):
        with pytest.raises(ValueError, match=f"the {name} of draws of dtype"):
            getattr(d, name)


@pytest.mark.parametrize(("samples", "log_weights"), [((3,), (4,)), ((3,), (3, 4)), ((3,), ())])
def test_shapes_that_do_not_fit_are_refused(samples: tuple[int, ...], log_weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="begins with that of log_weights"):
        Empirical(torch.zeros(samples), torch.zeros(log_weights))
