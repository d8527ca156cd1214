"""Scaling and masking leaves the score function, which multiplies costs that are scaled and masked themselves."""

import torch

from pyro.distributions.score_parts import ScoreParts


def test_scale_and_mask() -> None:
    parts = ScoreParts(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.tensor([5.0, 6.0]))
    scaled = parts.scale_and_mask(10.0, torch.tensor([True, False]))
    assert scaled.log_prob.tolist() == [10.0, 0.0]
    assert scaled.score_function is parts.score_function
    assert isinstance(scaled.entropy_term, torch.Tensor)
    assert scaled.entropy_term.tolist() == [50.0, 0.0]


def test_missing_terms_stay_missing() -> None:
    parts = ScoreParts(torch.tensor([1.0, 2.0]), 0, 0).scale_and_mask(torch.tensor(3.0), torch.tensor([True, False]))
    assert (parts.score_function, parts.entropy_term) == (0, 0)
    assert parts.log_prob.tolist() == [3.0, 0.0]
