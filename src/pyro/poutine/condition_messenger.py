"""Fixes latent sites to observed values."""

from collections.abc import Mapping

from torch import Tensor

from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace


class ConditionMessenger(Messenger):
    """Observes data at sites that the program samples.

    Args:
        data: values by site name, or a trace that has them.
    """

    def __init__(self, data: Mapping[str, Tensor] | Trace) -> None:
        super().__init__()
        self.data = data

    def _pyro_sample(self, msg: Message) -> None:
        name = str(msg["name"])
        if name not in self.data:
            return
        value = self.data.nodes[name]["value"] if isinstance(self.data, Trace) else self.data[name]
        if value is None and isinstance(self.data, Mapping):
            return
        msg["value"] = value
        msg["is_observed"] = True
