"""Compiled steps on disk: one file a step, named by what it was compiled from and by a checksum.

A file is written beside its place and renamed, so that it is there as a whole or not at all, whatever other processes
do. Its name is ``<key>-<checksum>.pt2``, the checksum that of key and content: a file that was changed, cut short or
copied from another key does not fit its name, and is removed instead of loaded. What was not used for longest goes
first when the store is full.
"""

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyro.compiler.inductor.folder import make_folder, verify_folder

__all__ = ["Entry", "Store"]

_NAME = re.compile(r"([0-9a-f]{64})-([0-9a-f]{64})\.pt2")
_WORK = "making-"
_ABANDONED = 24 * 3600.0


@dataclass(frozen=True)
class Entry:
    """One compiled step.

    Attributes:
        path: its file.
        key: what it was compiled from.
        checksum: of key and content.
        size: in bytes.
        used: when it was last used, in seconds since the epoch.
    """

    path: Path
    key: str
    checksum: str
    size: int
    used: float


class Store:
    """The compiled steps in a folder.

    Args:
        folder: absolute. It is made when something is put there.
        limit: how many bytes may be kept.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit

    def find(self, key: str) -> Path | None:
        """The file of a step, checked.

        Args:
            key: 64 hexadecimal digits.

        Raises:
            UnsafeFolder: if somebody else could have put it there.
        """
        found = None
        for entry in self.entries():
            if entry.key != key:
                continue
            if found is None and _is_own(entry.path) and _checksum(key, entry.path) == entry.checksum:
                with suppress(OSError):
                    os.utime(entry.path)
                found = entry.path
            else:
                self.remove(entry.path)
        return found

    def put(self, key: str, file: Path) -> Path:
        """Keeps a step, and removes others while there are too many.

        Args:
            key: 64 hexadecimal digits.
            file: what to keep; it is moved. It lies in a folder of :meth:`workplace`.

        Raises:
            UnsafeFolder: if somebody else could put files there.
        """
        make_folder(self.folder)
        place = self.folder / f"{key}-{_checksum(key, file)}.pt2"
        os.utime(file)
        os.replace(file, place)
        self._make_room(place)
        return place

    def workplace(self) -> Path:
        """A new empty folder for the user alone, on the store's disk.

        Raises:
            UnsafeFolder: if somebody else could put files into the store.
            OSError: if it cannot be made.
        """
        make_folder(self.folder)
        return Path(tempfile.mkdtemp(prefix=_WORK, dir=self.folder))

    def entries(self) -> list[Entry]:
        """What is kept, the least recently used first.

        Raises:
            UnsafeFolder: if somebody else could have put something there.
        """
        if not self.folder.exists():
            return []
        verify_folder(self.folder)
        return sorted(self._files(), key=lambda entry: entry.used)

    def _files(self) -> Iterator[Entry]:
        for path in self.folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if match is not None:
                with suppress(FileNotFoundError):  # another process may remove it
                    status = path.lstat()
                    yield Entry(path, match[1], match[2], status.st_size, status.st_mtime)

    def remove(self, path: Path) -> None:
        """Removes a file, unless another process did."""
        path.unlink(missing_ok=True)

    def clean(self) -> int:
        """Removes everything that the store made; says how many bytes that were.

        Raises:
            UnsafeFolder: if somebody else could have put something there.
        """
        entries = self.entries()
        for entry in entries:
            self.remove(entry.path)
        self._remove_abandoned(0.0)
        return sum(entry.size for entry in entries)

    def _make_room(self, latest: Path) -> None:
        entries = self.entries()
        total = sum(entry.size for entry in entries)
        for entry in entries:
            if total <= self.limit:
                break
            if entry.path != latest:
                self.remove(entry.path)
                total -= entry.size
        self._remove_abandoned(_ABANDONED)

    def _remove_abandoned(self, age: float) -> None:
        """Removes the workplaces of processes that were killed."""
        for path in self.folder.glob(f"{_WORK}*"):
            with suppress(FileNotFoundError):
                if time.time() - path.lstat().st_mtime >= age:
                    shutil.rmtree(path, ignore_errors=True)


def _is_own(path: Path) -> bool:
    """Whether a file is a plain one of the user's."""
    return not path.is_symlink() and path.is_file() and (
        sys.platform == "win32" or path.lstat().st_uid == os.getuid())


def _checksum(key: str, path: Path) -> str:
    digest = hashlib.sha256(key.encode())
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
