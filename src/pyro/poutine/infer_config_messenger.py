"""Tells the inference algorithm how to treat sites."""

from collections.abc import Callable, Mapping
from typing import Any

from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message


class InferConfigMessenger(Messenger):
    """Extends the ``infer`` dict of sample and param sites.

    Args:
        config_fn: maps a message to the entries to add.
    """

    def __init__(self, config_fn: Callable[[Message], Mapping[str, Any]]) -> None:
        super().__init__()
        self.config_fn = config_fn

    def _pyro_sample(self, msg: Message) -> None:
        msg["infer"].update(self.config_fn(msg))

    def _pyro_param(self, msg: Message) -> None:
        msg["infer"].update(self.config_fn(msg))
