"""Plates as users have them: subsampling, and expansion of the distributions inside."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyro.poutine.broadcast_messenger import BroadcastMessenger
from pyro.poutine.messenger import Messenger, block_messengers
from pyro.poutine.runtime import Message
from pyro.poutine.subsample_messenger import SubsampleMessenger

__all__ = ["PlateMessenger", "block_plate"]


class PlateMessenger(SubsampleMessenger):
    """What :class:`pyro.plate` is; see there."""

    def _process_message(self, msg: Message) -> None:
        super()._process_message(msg)
        BroadcastMessenger._pyro_sample(msg)

    def __enter__(self) -> Any:
        super().__enter__()
        if self._vectorized and self._indices is not None:
            return self.indices
        return None


@contextmanager
def block_plate(name: str | None = None, dim: int | None = None, *, strict: bool = True) -> Iterator[None]:
    """Steps out of one plate inside a ``with`` block.

    Args:
        name: the plate's name.
        dim: its dim, negative; either name or dim must be given.
        strict: whether it is an error if there is no such plate.

    Raises:
        ValueError: if not exactly one of name and dim is given, or there is no such plate.
        AssertionError: if the dim is not negative.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> with pyro.plate("outer", 2), pyro.plate("inner", 3):
        ...     with block_plate("outer"):
        ...         pyro.sample("x", dist.Normal(0.0, 1.0)).shape
        torch.Size([3, 1])
    """
    if (name is None) == (dim is None):
        raise ValueError(f"block_plate: expected exactly one of name and dim, got name={name!r} and dim={dim!r}.")
    if dim is not None and dim >= 0:
        raise AssertionError(f"block_plate: expected a negative dim, got {dim}.")

    def is_the_plate(handler: Messenger) -> bool:
        if not isinstance(handler, PlateMessenger):
            return False
        return handler.name == name if name is not None else handler.dim == dim

    with block_messengers(is_the_plate) as blocked:
        if strict and len(blocked) != 1:
            what = f"name={name!r}" if name is not None else f"dim={dim}"
            raise ValueError(f"block_plate matched {len(blocked)} active plates with {what}, expected one. Pass "
                             "strict=False if there may be none.")
        yield


