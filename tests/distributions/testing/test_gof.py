"""Tests of goodness of fit accept draws of the distribution, and refuse others and too few."""

import pytest
import torch

from pyro.distributions.testing.gof import (
    InvalidTest,
    auto_goodness_of_fit,
    exp_goodness_of_fit,
    multinomial_goodness_of_fit,
    print_histogram,
    unif01_goodness_of_fit,
    volume_of_sphere,
)

NORMAL = torch.distributions.Normal(0.0, 1.0)


@pytest.mark.parametrize("shape", [(), (1,), (2,), (2, 1)])
def test_draws_are_judged_by_their_densities(shape):
    torch.manual_seed(0)
    x = torch.randn(5000, *shape)
    density = lambda scale: torch.distributions.Normal(0.0, scale).log_prob(x).reshape(5000, -1).sum(-1).exp()
    assert auto_goodness_of_fit(x, density(1.0)) > 1e-3
    assert auto_goodness_of_fit(x, density(1.3)) < 1e-3


def test_directions_lie_on_a_surface():
    torch.manual_seed(0)
    x = torch.nn.functional.normalize(torch.randn(5000, 3), dim=-1)
    density = torch.full((5000,), 1 / (4 * torch.pi))
    assert auto_goodness_of_fit(x, density, dim=2) > 1e-3
    assert auto_goodness_of_fit(x, 2 * density, dim=2) < 1e-3


def test_uniform_and_exponential():
    torch.manual_seed(0)
    u = torch.rand(2000)
    assert unif01_goodness_of_fit(u) > 1e-3
    assert unif01_goodness_of_fit(u**2) < 1e-3
    assert exp_goodness_of_fit(-u.log()) > 1e-3


def test_counts():
    probs, counts = torch.tensor([0.2, 0.3, 0.5]), torch.tensor([21, 28, 51])
    assert multinomial_goodness_of_fit(probs, counts) == pytest.approx(0.8637, abs=1e-4)
    assert multinomial_goodness_of_fit(probs, counts, total_count=100) == pytest.approx(0.9613, abs=1e-4)
    assert multinomial_goodness_of_fit(probs, 100 * counts.flip(0)) < 1e-9


@pytest.mark.parametrize(("test", "error", "message"), [
    (lambda: unif01_goodness_of_fit(torch.rand(50)), InvalidTest, "more samples"),
    (lambda: auto_goodness_of_fit(torch.rand(2000, 3), torch.ones(2000)), InvalidTest, "more samples"),
    (lambda: unif01_goodness_of_fit(torch.randn(1000)), AssertionError, "from 0 to 1"),
    (lambda: auto_goodness_of_fit(torch.rand(3), torch.ones(4)), AssertionError, "each draw"),
    (lambda: multinomial_goodness_of_fit(torch.ones(2), torch.ones(3)), AssertionError, "one length"),
])
def test_what_cannot_be_judged_is_refused(test, error, message):
    with pytest.raises(error, match=message):
        test()


def test_histogram_shows_bars(capsys):
    print_histogram([0.2, 0.8], [2, 8])
    assert capsys.readouterr().out.splitlines()[1].endswith("8 " + "-" * 60)


def test_volumes():
    assert volume_of_sphere(3, 2.0) == pytest.approx(33.5103, abs=1e-4)
    torch.testing.assert_close(volume_of_sphere(2, torch.tensor([1.0])), torch.tensor([torch.pi]))
