"""Expands distributions to the plates around them."""

from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message


class BroadcastMessenger(Messenger):
    """Expands the batch shape of every sample statement to the plates that it stands in.

    Plates do this by themselves; the handler is for programs that make their own contexts of independence.
    """

    @staticmethod
    def _pyro_sample(msg: Message) -> None:
        batch_shape = getattr(msg["fn"], "batch_shape", None)
        if msg["done"] or msg["type"] != "sample" or batch_shape is None:
            return
        target = list(batch_shape)
        for frame in msg["cond_indep_stack"]:
            if frame.dim is None or frame.size in (-1, None):
                continue
            if -frame.dim > len(target):
                target = [1] * (-frame.dim - len(target)) + target
            if target[frame.dim] not in (1, frame.size):
                raise ValueError(
                    f"Shape mismatch inside plate('{frame.name}') at site '{msg['name']}': dim {frame.dim} of the "
                    f"distribution's batch_shape {tuple(batch_shape)} has size {target[frame.dim]}, the plate has "
                    f"size {frame.size}. Correct the plate's size, or declare the dim as part of the event by "
                    ".to_event().")
            target[frame.dim] = frame.size
        if target != list(batch_shape):
            msg["fn"] = msg["fn"].expand(target)
