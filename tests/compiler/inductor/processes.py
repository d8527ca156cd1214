"""What tests ask about processes."""

import os
import time
from collections.abc import Callable
from pathlib import Path

_PATIENCE = 60.0


def holds(condition: Callable[[], bool]) -> bool:
    """Whether something holds before long; the other process gets the processor meanwhile."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_alive(process: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    try:
        return not status.parent.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def has_died(process: int) -> bool:
    """Whether a process ends before long."""
    return holds(lambda: not is_alive(process))
