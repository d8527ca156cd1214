"""Runs a program with a random seed of its own."""

from types import TracebackType

from pyro.ops.random_state import get_rng_state, set_rng_seed, set_rng_state
from pyro.poutine.messenger import Messenger


class SeedMessenger(Messenger):
    """Seeds torch's, NumPy's and Python's generators on entry and restores them on exit.

    Args:
        rng_seed: a non-negative number.

    Raises:
        AssertionError: if the seed is not an integer.
    """

    def __init__(self, rng_seed: int) -> None:
        if not isinstance(rng_seed, int):
            raise AssertionError(f"seed: expected an int, got {rng_seed!r}. Convert tensors by .item().")
        super().__init__()
        self.rng_seed = rng_seed

    def __enter__(self) -> "SeedMessenger":
        self.old_state = get_rng_state()
        set_rng_seed(self.rng_seed)
        return super().__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        set_rng_state(self.old_state)
        return super().__exit__(exc_type, exc_value, traceback)
