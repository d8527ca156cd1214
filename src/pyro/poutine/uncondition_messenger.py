"""Forgets observations: samples the sites instead."""

from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message


class UnconditionMessenger(Messenger):
    """Samples observed sites; their data stand in ``infer["obs"]``, and ``infer["was_observed"]`` is true."""

    def __init__(self) -> None:
        super().__init__()

    def _pyro_sample(self, msg: Message) -> None:
        if msg["is_observed"] and not msg["infer"].get("_deterministic"):
            msg["is_observed"] = False
            msg["infer"]["was_observed"] = True
            msg["infer"]["obs"] = msg["value"]
            msg["value"] = None
            msg["done"] = False
