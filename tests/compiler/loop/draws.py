"""Draws of the loop program's samplers, for tests of their distributions."""

from torch import Tensor, full, tensor
from torch import float64 as double

from pyro.compiler.loop.arrays import run_array

N = 20_000


def draws(name: str, *parameters: float, key: int = 20230717, draw: int = 0, count: int = N) -> Tensor:
    """Independent draws with the same parameters."""
    operands = [full((count,), value, dtype=double) for value in parameters]
    return run_array(name, operands, (count,), [count, draw], tensor(key))
