"""Families that only compute another family's parameters expand; those derived from them by a user do not."""

import pytest
import torch

from pyro.distributions.bernoulli import Bernoulli
from pyro.distributions.reparametrized import Reparametrized


class Odds(Reparametrized, Bernoulli):
    def __init__(self, odds: torch.Tensor) -> None:
        super().__init__(odds / (1 + odds))


class Marked(Odds):
    def __init__(self, odds: torch.Tensor, mark: str) -> None:
        self.mark = mark
        super().__init__(odds)


def test_expand_keeps_the_class() -> None:
    expanded = Odds(torch.tensor(3.0)).expand([2])
    assert type(expanded) is Odds
    assert expanded.mean.tolist() == [0.75, 0.75]


def test_state_of_its_own_is_not_dropped_silently() -> None:
    with pytest.raises(NotImplementedError):
        Marked(torch.tensor(3.0), "m").expand([2])
