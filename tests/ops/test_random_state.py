import random

import numpy as np
import pytest
import torch

from pyro.ops import random_state


def draw():
    return torch.rand(2).tolist(), random.random(), np.random.rand()


def test_a_seed_fixes_the_three_generators():
    random_state.set_rng_seed(3)
    first = draw()
    assert draw() != first
    random_state.set_rng_seed(3)
    assert draw() == first


@pytest.mark.parametrize("kept", [("torch", "random", "numpy"), ("torch",), ("random", "numpy"), ()])
def test_states_are_restored_where_they_are_given(kept):
    state = random_state.get_rng_state()
    assert list(state) == ["torch", "random", "numpy"]
    first = dict(zip(state, draw(), strict=True))
    random_state.set_rng_state({name: state[name] for name in kept})
    second = dict(zip(state, draw(), strict=True))
    assert [name for name in state if first[name] == second[name]] == list(kept)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_other_seeds_are_refused_and_change_nothing(seed):
    random_state.set_rng_seed(2**32 - 1)
    expected = draw()
    random_state.set_rng_seed(2**32 - 1)
    with pytest.raises(ValueError, match=rf"from 0 to 2\*\*32 - 1, got {seed}"):
        random_state.set_rng_seed(seed)
    assert draw() == expected


def test_numpy_need_not_be_there(monkeypatch):
    monkeypatch.setattr(random_state, "np", None)
    random_state.set_rng_seed(0)
    assert list(random_state.get_rng_state()) == ["torch", "random"]
