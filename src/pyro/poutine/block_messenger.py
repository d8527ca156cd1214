"""Hides sites from the handlers further out."""

from collections.abc import Callable, Iterable
from functools import partial

from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message

HideFn = Callable[[Message], bool | None]


def _hides(
    msg: Message,
    hide_all: bool,
    hide: frozenset[str],
    expose: frozenset[str],
    hide_types: frozenset[str],
    expose_types: frozenset[str],
) -> bool:
    kind = "observe" if msg["type"] == "sample" and msg["is_observed"] else msg["type"]
    if msg["name"] in hide or kind in hide_types:
        return True
    return hide_all and msg["name"] not in expose and kind not in expose_types


def _make_default_hide_fn(
    hide_all: bool,
    expose_all: bool,
    hide: Iterable[str] | None,
    expose: Iterable[str] | None,
    hide_types: Iterable[str] | None,
    expose_types: Iterable[str] | None,
) -> HideFn:
    """The condition that the arguments of :class:`BlockMessenger` describe.

    A list of what is hidden leaves the rest visible, a list of what is exposed hides it; the last list given decides.
    """
    names = frozenset(hide or ()), frozenset(expose or ())
    types = frozenset(hide_types or ()), frozenset(expose_types or ())
    both = sorted(names[0] & names[1] | types[0] & types[1])
    if both or (hide_all and expose_all):
        what = f"{both} stand in both lists" if both else "everything is hidden and everything exposed"
        raise AssertionError(f"block: cannot hide and expose a site, but {what}. Name each site or type once; with "
                             "expose_all=True pass hide_all=False.")
    for given, hides_the_rest in ((hide, False), (expose, True), (hide_types, False), (expose_types, True)):
        if given is not None:
            hide_all = hides_the_rest
    return partial(_hides, hide_all=hide_all, hide=names[0], expose=names[1], hide_types=types[0],
                   expose_types=types[1])


def _negate(expose_fn: HideFn, msg: Message) -> bool:
    return not expose_fn(msg)


class BlockMessenger(Messenger):
    """Hides sites; everything unless told otherwise.

    Args:
        hide_fn: says of a message whether it is hidden; the other arguments are then not looked at.
        expose_fn: says of a message whether it is visible.
        hide_all: hide what no other argument mentions.
        expose_all: hide nothing; needs ``hide_all=False``.
        hide: names to hide; the rest is visible.
        expose: names to show; the rest is hidden.
        hide_types: types to hide: ``"sample"``, ``"observe"`` for observed samples, ``"param"``, ...
        expose_types: types to show; the rest is hidden.

    Raises:
        AssertionError: if a site would be both hidden and visible.
    """

    def __init__(
        self,
        hide_fn: HideFn | None = None,
        expose_fn: HideFn | None = None,
        hide_all: bool = True,
        expose_all: bool = False,
        hide: Iterable[str] | None = None,
        expose: Iterable[str] | None = None,
        hide_types: Iterable[str] | None = None,
        expose_types: Iterable[str] | None = None,
    ) -> None:
        super().__init__()
        if hide_fn is not None and expose_fn is not None:
            raise ValueError("block: pass either hide_fn or expose_fn, got both.")
        if hide_fn is not None:
            self.hide_fn: HideFn = hide_fn
        elif expose_fn is not None:
            self.hide_fn = partial(_negate, expose_fn)
        else:
            self.hide_fn = _make_default_hide_fn(hide_all, expose_all, hide, expose, hide_types, expose_types)

    def _process_message(self, msg: Message) -> None:
        msg["stop"] = bool(self.hide_fn(msg))
