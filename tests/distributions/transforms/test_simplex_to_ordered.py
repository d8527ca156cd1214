"""Laws of the map to cut points; see test_laws.py for those that it shares."""

import torch

import pyro.distributions as dist
from pyro.distributions.transforms.simplex_to_ordered import SimplexToOrderedTransform


def test_logistic_distribution_has_the_probabilities() -> None:
    probs = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    anchor = torch.tensor(0.7, dtype=torch.float64)
    cuts = SimplexToOrderedTransform(anchor)(probs)
    torch.testing.assert_close(dist.Logistic(anchor, 1.0).cdf(cuts), probs.cumsum(-1)[:-1])


def test_far_cut_points_lose_no_digits() -> None:
    cuts = torch.tensor([-60.0, -20.0, 20.0, 60.0], dtype=torch.float64)
    transform = SimplexToOrderedTransform()
    torch.testing.assert_close(transform(transform.inv(cuts)), cuts, rtol=1e-12, atol=0)


def test_batch_of_anchors() -> None:
    transform = SimplexToOrderedTransform(torch.tensor([0.0, 1.0]))
    probs = torch.full((3,), 1 / 3)
    y = transform(probs)
    assert y.shape == transform.forward_shape((3,)) == (2, 2)
    assert transform.inverse_shape((2,)) == (2, 3)
    assert transform.log_abs_det_jacobian(probs, y).shape == (2,)
    assert transform != SimplexToOrderedTransform()
