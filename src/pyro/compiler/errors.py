"""Why a step could not be captured or lowered."""

__all__ = ["CannotCapture", "Unsupported"]


class CannotCapture(Exception):
    """The step is no fixed program: it reads a tensor's value, its structure changes, or a parameter appears late.

    Args:
        reason: why, to stand after "because".
        in_optimizer: whether it is the optimiser's part that cannot be captured, in the style that was tried.
    """

    def __init__(self, reason: str, in_optimizer: bool = False) -> None:
        super().__init__(reason)
        self.in_optimizer = in_optimizer


class Unsupported(Exception):
    """A lowering does not know an operator, dtype or size of a captured step; another one may."""
