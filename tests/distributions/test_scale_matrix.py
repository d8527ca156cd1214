"""The three forms of a scale matrix mean the same, and exactly one is given."""

from typing import Any

import pytest
import torch

import pyro.distributions as dist
from tests.distributions.case import t

TRIL = t([[1.0, 0.0], [0.5, 2.0]], [[0.3, 0.0], [-1.0, 1.0]])
FAMILIES = [dist.WishartCholesky, dist.InverseWishart, dist.InverseWishartCholesky]


@pytest.mark.parametrize("family", FAMILIES)
def test_forms_of_the_scale_agree(family: Any) -> None:
    scale = TRIL @ TRIL.mT
    forms = {"scale_tril": TRIL, "scale_matrix": scale, "rate_matrix": torch.linalg.inv(scale)}
    value = family(5.0, scale_tril=TRIL).sample((3,))
    expected = family(5.0, scale_tril=TRIL).log_prob(value)
    for name, form in forms.items():
        d = family(5.0, **{name: form})
        torch.testing.assert_close(d.log_prob(value), expected)
        for other, tensor in forms.items():
            torch.testing.assert_close(getattr(d, other), tensor)


@pytest.mark.parametrize("family", FAMILIES)
def test_exactly_one_form_is_given(family: Any) -> None:
    with pytest.raises(ValueError, match="got none"):
        family(5.0)
    with pytest.raises(ValueError, match="got scale_matrix, scale_tril"):
        family(5.0, scale_matrix=TRIL, scale_tril=TRIL)


def test_mode_of_the_inverse_wishart_is_a_stationary_point() -> None:
    d = dist.InverseWishart(5.0, scale_tril=TRIL)
    mode = d.mode.requires_grad_()
    (gradient,) = torch.autograd.grad(d.log_prob(mode).sum(), mode)
    torch.testing.assert_close(gradient + gradient.mT, torch.zeros_like(gradient))


def test_moments_that_are_undefined_are_nan() -> None:
    assert dist.InverseWishart(2.5, scale_tril=TRIL).mean.isnan().all()
    assert dist.InverseWishart(4.5, scale_tril=TRIL).variance.isnan().all()
    assert dist.InverseWishartCholesky(1.5, scale_tril=TRIL).mean[:, 0, 0].isnan().all()
