"""Runs a module in a process that must neither outlive another one nor be in its way: ``launch.py module argument``.

The process takes a low priority, and ends when its input does, together with the processes that it started: the other
one holds the end of the pipe, however it ends. Nothing but the standard library is imported before.
"""

import os
import runpy
import signal
import sys
import threading

__all__ = ["end_with", "main"]

# a share of three in a hundred where a processor is shared; all of it where one is free
_NICENESS = 15


def end_with(stream: int) -> None:
    """Waits for the end of a stream; then ends this process and the group that it leads.

    Args:
        stream: its descriptor. Python's own reader would hold a lock that the end of the interpreter waits for.
    """
    while os.read(stream, 1):
        pass
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def main(module: str) -> None:
    """Runs a module as ``python -m`` does.

    Args:
        module: its import path; it finds its arguments in ``sys.argv``.
    """
    if os.name == "posix":
        os.nice(_NICENESS)
    threading.Thread(target=end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1])
