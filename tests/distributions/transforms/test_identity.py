"""Law of the transform that changes nothing."""

import torch

from pyro.distributions.transforms.identity import IdentityTransform


def test_changes_nothing() -> None:
    transform, x = IdentityTransform(), torch.randn(3)
    assert transform(x) is x and transform.inv(x) is x
    assert (transform.log_abs_det_jacobian(x, x) == 0).all()
    assert transform == IdentityTransform()
