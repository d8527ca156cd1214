import random

import numpy as np
import pytest
import torch

from pyro import poutine


def draw():
    return torch.rand(2).tolist(), random.random(), np.random.rand()


def test_a_seed_fixes_every_generator():
    with poutine.seed(rng_seed=4):
        first = draw()
    assert poutine.seed(draw, rng_seed=4)() == first != poutine.seed(draw, rng_seed=5)()


def test_the_generators_go_on_afterwards_as_if_nothing_had_been():
    torch.manual_seed(0), random.seed(0), np.random.seed(0)
    expected = draw()
    torch.manual_seed(0), random.seed(0), np.random.seed(0)
    with pytest.raises(KeyError), poutine.seed(rng_seed=4):
        draw()
        raise KeyError
    assert draw() == expected


@pytest.mark.parametrize("seed", [1.0, "1", None, torch.tensor(1)])
def test_a_seed_is_an_integer(seed):
    with pytest.raises(AssertionError, match=r"seed: expected an int, got .*\.item\(\)"):
        poutine.seed(rng_seed=seed)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_refused_seed_changes_nothing(seed):
    torch.manual_seed(0), random.seed(0), np.random.seed(0)
    expected = draw()
    torch.manual_seed(0), random.seed(0), np.random.seed(0)
    with pytest.raises(ValueError, match=rf"from 0 to 2\*\*32 - 1, got {seed}"):
        poutine.seed(draw, rng_seed=seed)()
    assert draw() == expected
