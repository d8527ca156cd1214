"""Replaces parameters by given values."""

from collections.abc import Mapping
from types import TracebackType

from torch import Tensor

from pyro.ops.shown_once import warn_once
from pyro.params.param_store import user_param_name
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message


class SubstituteMessenger(Messenger):
    """Gives parameters fixed constrained values; the parameter store is not looked at.

    Args:
        data: values by parameter name.
    """

    def __init__(self, data: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.data = data

    def __enter__(self) -> "SubstituteMessenger":
        self._names: set[str] = set()
        return super().__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if exc_type is None:
            unused = sorted(set(self.data) - self._names)
            if unused:
                warn_once(f"substitute: the data has entries {unused} that are no parameters of the program. "
                          "Correct the names.", stacklevel=2)
        return super().__exit__(exc_type, exc_value, traceback)

    def _pyro_param(self, msg: Message) -> None:
        name = str(msg["name"])
        key = name if name in self.data else user_param_name(name)
        if key in self.data:
            self._names.add(key)
            msg["value"] = self.data[key]
            msg["done"] = True
