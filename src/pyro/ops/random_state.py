"""The random number generators that a program may use: torch's, Python's and NumPy's."""

import random
from typing import Any

import torch

try:
    import numpy as np
except ImportError:  # torch runs without it
    np = None  # type: ignore[assignment]

__all__ = ["get_rng_state", "set_rng_seed", "set_rng_state"]


def set_rng_seed(rng_seed: int) -> None:
    """Seeds torch's, Python's and, where it is installed, NumPy's generators.

    Args:
        rng_seed: a number from 0 to 2**32 - 1.

    Raises:
        ValueError: for another number; no generator is changed then.
    """
    if not 0 <= rng_seed < 2**32:
        raise ValueError(f"Expected a seed from 0 to 2**32 - 1, got {rng_seed}.")
    torch.manual_seed(rng_seed)
    random.seed(rng_seed)
    if np is not None:
        np.random.seed(rng_seed)


def get_rng_state() -> dict[str, Any]:
    """The states of the three generators, for :func:`set_rng_state`."""
    state = {"torch": torch.get_rng_state(), "random": random.getstate()}
    return state if np is None else {**state, "numpy": np.random.get_state()}


def set_rng_state(state: dict[str, Any]) -> None:
    """Restores what :func:`get_rng_state` returned; generators that are not in the dict are left alone."""
    if "torch" in state:
        torch.set_rng_state(state["torch"])
    if "random" in state:
        random.setstate(state["random"])
    if "numpy" in state:
        np.random.set_state(state["numpy"])
