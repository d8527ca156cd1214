"""``python -m pyro.compiler.inductor``: lists compiled steps that are kept on disk, or removes them."""

import argparse
import sys
import time
from collections.abc import Sequence

from pyro.compiler.inductor.folder import UnsafeFolder, chosen_folder
from pyro.compiler.inductor.store import Store
from pyro.settings import values

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> str:
    """What the command prints.

    Args:
        arguments: of the command line.
    """
    parser = argparse.ArgumentParser("python -m pyro.compiler.inductor", description="Compiled steps kept on disk.")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--list", action="store_true", help="list them, the least recently used first (default)")
    action.add_argument("--clean", action="store_true", help="remove them all")
    chosen = parser.parse_args(arguments)
    store = Store(chosen_folder(), int(values.inductor_gigabytes * 1e9))
    try:
        if chosen.clean:
            return f"removed {store.clean() / 1e6:.1f} MB from {store.folder}"
        entries = store.entries()
    except UnsafeFolder as e:
        parser.error(str(e))
    lines = [f"{entry.key[:16]}  {entry.size / 1e6:6.1f} MB  used {_when(entry.used)}" for entry in entries]
    return "\n".join([*lines, f"{len(entries)} compiled steps, {sum(e.size for e in entries) / 1e6:.1f} MB of "
                              f"{store.limit / 1e6:.0f} MB, in {store.folder}"])


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


if __name__ == "__main__":
    sys.stdout.write(main() + "\n")
