"""Where compiled code is kept, and whether that place is safe.

Code that is kept will be executed. So the folder belongs to the user, nobody else may write to it, and nobody else may
put another folder in its place: every folder on the way to it, symbolic links followed, belongs to the user or to the
administrator and is not writable for others, or else is sticky, as ``/tmp`` is.
"""

import os
import stat
import sys
from pathlib import Path

from pyro.settings import values

__all__ = ["UnsafeFolder", "chosen_folder", "make_folder", "verify_folder"]

VARIABLE = "FLASHOVER_INDUCTOR_DIR"
"""The environment variable that names the folder."""


class UnsafeFolder(Exception):
    """Somebody else could put code into a folder whose code would be executed."""


def chosen_folder() -> Path:
    """The folder of the setting ``inductor_directory``, else of the environment variable, else in the user's cache."""
    chosen = values.inductor_directory or os.environ.get(VARIABLE)
    return Path(os.path.abspath(os.path.expanduser(chosen))) if chosen else _user_cache() / "flashover" / "inductor"


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    return Path(chosen) if os.path.isabs(chosen) else Path.home() / ".cache"


def make_folder(path: Path) -> None:
    """Makes a folder for the user alone, unless it is there.

    Args:
        path: absolute.

    Raises:
        UnsafeFolder: see :func:`verify_folder`.
        OSError: if it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    verify_folder(path)


def verify_folder(path: Path) -> None:
    """Makes sure that nobody but the user can put code into a folder.

    Args:
        path: absolute.

    Raises:
        UnsafeFolder: if somebody else could; says where and what to do.
        OSError: if it is not there.
    """
    if sys.platform == "win32":  # the user's profile is guarded by the system's own lists
        return
    user = os.getuid()
    what = path.stat()
    if not stat.S_ISDIR(what.st_mode):
        raise UnsafeFolder(f"{path} is no folder. Remove it, or choose another place.")
    if what.st_uid != user:
        raise UnsafeFolder(f"{path} belongs to user {what.st_uid}, expected {user}. Choose a folder of your own.")
    if what.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafeFolder(f"others may write to {path}. Remove it, since what is in it may not be yours, or choose "
                           "another place.")
    for folder in _on_the_way(path):
        what = folder.stat()
        if what.st_uid not in (user, 0):
            raise UnsafeFolder(f"{folder}, on the way to {path}, belongs to user {what.st_uid}. Choose another place.")
        if what.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not what.st_mode & stat.S_ISVTX:
            raise UnsafeFolder(f"others may write to {folder}, on the way to {path}. Run `chmod go-w {folder}`, or "
                               "choose another place.")


def _on_the_way(path: Path) -> list[Path]:
    """The folders whose owners decide what a path leads to, those of symbolic links among them."""
    found: dict[Path, None] = {}
    todo = [path, Path(os.path.realpath(path))]
    while todo:
        last = todo.pop()
        for place in (last, *last.parents):
            if place in found:
                continue
            found[place] = None
            if place.is_symlink():
                todo.append(Path(os.path.abspath(place.parent / os.readlink(place))))
    return [place for place in found if place != path]
