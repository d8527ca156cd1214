"""The diagonal guide's distributions agree with each other."""

import torch

from pyro.infer.autoguide import AutoDiagonalNormal
from pyro.infer.autoguide.diagonal_normal import standard_normal
from tests.infer.autoguide.cases import eight_schools


def test_posterior_is_the_transform_of_the_base() -> None:
    guide = AutoDiagonalNormal(eight_schools, init_scale=0.7)
    guide()
    x = torch.randn(10)
    image = torch.distributions.TransformedDistribution(guide.get_base_dist(), guide.get_transform())
    torch.testing.assert_close(image.log_prob(x), guide.get_posterior().log_prob(x))
    torch.testing.assert_close(guide.get_posterior().stddev, torch.full((10,), 0.7))


def test_base_follows_dtype() -> None:
    base = standard_normal(torch.zeros(3, dtype=torch.float64))
    assert base.sample().dtype == torch.float64
    assert base.event_shape == (3,)
