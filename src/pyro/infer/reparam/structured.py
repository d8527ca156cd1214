"""A model in the coordinates of a structured guide that was fitted to it."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from pyro.distributions.delta import Delta
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult
from pyro.poutine.handlers import condition, mask, reparam
from pyro.poutine.indep_messenger import IndepMessenger
from pyro.poutine.messenger import block_messengers
from pyro.poutine.runtime import Message

__all__ = ["StructuredReparam"]
