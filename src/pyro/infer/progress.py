"""The progress bar of long runs: steps a second, a smoothed loss, and how the steps run.

It is drawn on a terminal or in a notebook, and not in logs or in continuous integration. The setting ``progress_bar``
switches all bars on or off; ``None``, the default, leaves it to where the output goes.
"""

import math
import os
import sys
from types import TracebackType
from typing import Any

from tqdm.auto import tqdm

from pyro.settings import values

__all__ = ["Progress"]

_SMOOTHING = 0.2


def _is_wanted(progress_bar: bool) -> bool:
    if not progress_bar or values.progress_bar is False:
        return False
    if values.progress_bar:
        return True
    in_notebook = "ipykernel" in sys.modules
    return "CI" not in os.environ and (in_notebook or sys.stderr.isatty())


class Progress:
    """A progress bar, or nothing.

    Args:
        total: how many steps there will be.
        progress_bar: whether the caller wants one.
    """

    def __init__(self, total: int, progress_bar: bool) -> None:
        self._bar: Any = tqdm(total=total, unit="step", mininterval=0.1) if _is_wanted(progress_bar) else None
        self._loss = math.nan

    def update(self, steps: int, loss: float, how: str) -> None:
        """Tells of finished steps.

        Args:
            steps: how many.
            loss: their mean loss.
            how: what ran them.
        """
        if self._bar is None:
            return
        self._loss = loss if math.isnan(self._loss) else self._loss + _SMOOTHING * (loss - self._loss)
        self._bar.set_postfix_str(f"loss {self._loss:.4g}, {how}", refresh=False)
        self._bar.update(steps)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
