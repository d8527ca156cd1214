"""Ignores the log-density of some sites, or of some elements of their batches."""

from typing import Any

import torch
from torch import Tensor

from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message


class MaskMessenger(Messenger):
    """Multiplies log-densities by zero where a mask is false. Masks of nested handlers are combined by "and".

    Args:
        mask: a boolean, or a boolean tensor that broadcasts to the sites' batch shapes.

    Raises:
        ValueError: if the mask is not boolean.
    """

    def __init__(self, mask: bool | Tensor) -> None:
        if isinstance(mask, Tensor):
            if mask.dtype != torch.bool:
                raise ValueError(f"mask: expected a boolean tensor, got dtype {mask.dtype}. Convert it by .bool().")
        elif mask not in (True, False):
            raise ValueError(f"mask: expected a boolean or a boolean tensor, got {mask!r}.")
        super().__init__()
        self.mask = mask

    def _process_message(self, msg: Message) -> None:
        outer: Any = msg["mask"]
        msg["mask"] = self.mask if outer is None else outer & self.mask
