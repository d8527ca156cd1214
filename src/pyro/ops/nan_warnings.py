"""Warnings of values, and of gradients, that are NaN or infinite."""

import math
import warnings
from typing import Any

import torch
from torch import Tensor

__all__ = ["torch_float", "torch_isinf", "torch_isnan", "warn_if_inf", "warn_if_nan"]


def torch_isnan(x: Any) -> bool:
    """Whether a number is NaN, or a tensor has an element that is."""
    return math.isnan(x) if not isinstance(x, Tensor) else bool(torch.isnan(x).any())


def torch_isinf(x: Any) -> bool:
    """Whether a number is infinite, or a tensor has an element that is."""
    return math.isinf(x) if not isinstance(x, Tensor) else bool(torch.isinf(x).any())


def torch_float(x: Any) -> Any:
    """A number or tensor in floating point."""
    return x.float() if isinstance(x, Tensor) else float(x)


def _warn(problem: str, msg: str, filename: str | None, lineno: int | None) -> None:
    text = f"Encountered {problem}{': ' if msg else '.'}{msg}"
    if filename is None or lineno is None:
        warnings.warn(text, stacklevel=3)
    else:
        warnings.warn_explicit(text, UserWarning, filename, lineno)


def warn_if_nan(value: Any, msg: str = "", *, filename: str | None = None, lineno: int | None = None) -> Any:
    """Warns of NaN in a value, and later in its gradient.

    Args:
        value: a number or tensor.
        msg: says what the value is.
        filename: the file that the warning names; by default the caller's.
        lineno: the line that it names.

    Returns:
        The value.
    """
    if isinstance(value, Tensor) and value.requires_grad:
        value.register_hook(
            lambda grad: warn_if_nan(grad, f"backward {msg}", filename=filename, lineno=lineno))
    if torch_isnan(value):
        _warn("NaN", msg, filename, lineno)
    return value


def warn_if_inf(
    value: Any,
    msg: str = "",
    allow_posinf: bool = False,
    allow_neginf: bool = False,
    *,
    filename: str | None = None,
    lineno: int | None = None,
) -> Any:
    """Warns of infinity in a value, and later in its gradient.

    Args:
        value: a number or tensor.
        msg: says what the value is.
        allow_posinf: whether positive infinity is fine.
        allow_neginf: whether negative infinity is fine.
        filename: the file that the warning names; by default the caller's.
        lineno: the line that it names.

    Returns:
        The value.
    """
    if isinstance(value, Tensor) and value.requires_grad:
        value.register_hook(
            lambda grad: warn_if_inf(grad, f"backward {msg}", allow_posinf, allow_neginf, filename=filename,
                                     lineno=lineno))
    for allowed, infinity in ((allow_posinf, math.inf), (allow_neginf, -math.inf)):
        found = value == infinity
        if not allowed and (bool(found.any()) if isinstance(found, Tensor) else found):
            _warn("+inf" if infinity > 0 else "-inf", msg, filename, lineno)
    return value
