"""Gives sites that match a pattern one common value."""

import re
from typing import Any

from pyro.distributions.delta import Delta
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message


class EqualizeMessenger(Messenger):
    """Gives all matching sites the value of the first of them.

    Args:
        sites: a regular expression that whole names match, or a list of names or expressions.
        type: ``"sample"`` or ``"param"``.
        keep_dist: whether later sample sites keep their distributions, so that the common value counts at each of
            them; otherwise they become deterministic.
    """

    def __init__(self, sites: str | list[str], type: str | None = "sample", keep_dist: bool | None = False) -> None:
        super().__init__()
        self.sites = sites
        self.type = type
        self.keep_dist = keep_dist

    def __enter__(self) -> "EqualizeMessenger":
        self._value: Any = None
        return super().__enter__()

    def _is_matching(self, msg: Message) -> bool:
        if msg["type"] != self.type:
            return False
        patterns = [self.sites] if isinstance(self.sites, str) else self.sites
        return any(re.fullmatch(pattern, str(msg["name"])) for pattern in patterns)

    def _process_message(self, msg: Message) -> None:
        if self._value is None or not self._is_matching(msg):
            return
        value = self._value
        msg["value"] = value
        if msg["type"] != "sample":
            msg["done"] = True
            return
        # the value is given from here on: the guide has no site for it
        msg["is_observed"] = True
        if not self.keep_dist:
            msg["infer"] = {**msg["infer"], "_deterministic": True}
            msg["fn"] = Delta(value, event_dim=msg["fn"].event_dim).mask(False)

    def _postprocess_message(self, msg: Message) -> None:
        if self._value is None and self._is_matching(msg):
            self._value = msg["value"]
