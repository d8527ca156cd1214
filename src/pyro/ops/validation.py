"""Validation: whether inputs are checked, and when the verdicts are read.

There is one flag, ``settings.values.validate``. A check computes a tensor of verdicts with :func:`require`; reading it
makes the host wait for the device. So verdicts on an accelerator, inside a :func:`collecting` block, are kept and read
together by the block's owner, at a moment when it waits anyhow. Elsewhere a bad input raises at once.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor, maybe_get_bdim
from torch._subclasses.fake_tensor import is_fake
from torch.nn import Parameter

from pyro.settings import values

__all__ = ["Verdicts", "collecting", "enable_validation", "is_validation_enabled", "readable", "require",
           "surely_all", "surely_none", "unwrapped", "validation_enabled", "watch"]


def is_validation_enabled() -> bool:
    """Whether distributions, handlers and inference check their inputs."""
    return values.validate


def enable_validation(is_validate: bool) -> None:
    """Switches validation on or off for the process, in torch's own distributions too.

    Args:
        is_validate: whether inputs are checked from here on.
    """
    values.validate = bool(is_validate)
    torch.distributions.Distribution.set_default_validate_args(bool(is_validate))


@contextmanager
def validation_enabled(is_validate: bool = True) -> Iterator[None]:
    """Switches validation on or off inside a ``with`` block and restores it after the block.

    Args:
        is_validate: whether inputs are checked inside the block.
    """
    ours, torchs = values.validate, torch.distributions.Distribution._validate_args
    enable_validation(is_validate)
    try:
        yield
    finally:
        values.validate = ours
        torch.distributions.Distribution.set_default_validate_args(torchs)


@dataclass
class Verdicts:
    """Checks whose results have not been read yet, with the errors to raise where they failed.

    Attributes:
        everything: keep verdicts of CPU tensors too; for an owner that must not read any tensor.
        pending: tensors of verdicts, each with what builds its error.
        watched: log-densities by site, looked at only to find out which site made a loss bad.
    """

    everything: bool = False
    pending: list[tuple[Tensor, Callable[[], Exception]]] = field(default_factory=list)
    watched: list[tuple[str, Tensor]] = field(default_factory=list)

    def raise_first(self) -> None:
        """Reads the pending verdicts at once and raises the error of the first check that failed, if any did."""
        pending, self.pending = self.pending, []
        if not pending or bool(torch.stack([ok.all() for ok, _ in pending]).all()):
            return
        raise next(error() for ok, error in pending if not bool(ok.all()))

    def first_not_finite(self) -> tuple[str, float] | None:
        """The first site whose log-density is NaN or infinite, with that value."""
        for name, value in self.watched:
            total = float(value.detach().sum())
            if not math.isfinite(total):
                return name, total
        return None


_verdicts: ContextVar[Verdicts | None] = ContextVar("verdicts", default=None)


class collecting:
    """A ``with`` block that keeps verdicts of device tensors and reads them once, at its end.

    A block inside another one leaves the reading to the outer one.

    Args:
        everything: keep those of CPU tensors too, and leave the reading to the caller; for an owner that must not read
            any tensor.
    """

    def __init__(self, everything: bool = False) -> None:
        self._everything = everything
        self._token: Token[Verdicts | None] | None = None

    def __enter__(self) -> Verdicts:
        outer = _verdicts.get()
        if outer is not None and not self._everything:
            return outer
        self._own = Verdicts(self._everything)
        self._token = _verdicts.set(self._own)
        return self._own

    def __exit__(self, exc_type: type[BaseException] | None, *exc_info: object) -> None:
        if self._token is None:
            return
        _verdicts.reset(self._token)
        if exc_type is None and not self._everything:
            self._own.raise_first()


def readable(tensor: Tensor) -> bool:
    """Whether a tensor's values may be read at once.

    They may if it is on the CPU, has values (while ``torch.export`` runs a program tensors have shapes alone), stands
    for itself (under ``torch.func.vmap`` it stands for many) and nobody collects verdicts of such tensors.
    """
    if not tensor.is_cpu or is_functorch_wrapped_tensor(tensor) or not _has_values(tensor):
        return False
    verdicts = _verdicts.get()
    return verdicts is None or not verdicts.everything


def _has_values(tensor: Tensor) -> bool:
    return type(tensor) is Tensor or type(tensor) is Parameter or not is_fake(tensor)


def surely_all(condition: Tensor) -> bool:
    """Whether a condition is seen to hold everywhere; false where it may not be read."""
    return readable(condition) and bool(condition.all())


def surely_none(condition: Tensor) -> bool:
    """Whether a condition is seen to hold nowhere; false where it may not be read."""
    return readable(condition) and not condition.any()


def unwrapped(tensor: Tensor) -> Tensor:
    """The values that a tensor stands for under ``torch.func`` transforms, their mapped dimensions on the left."""
    while is_functorch_wrapped_tensor(tensor):
        mapped = maybe_get_bdim(tensor)
        tensor = get_unwrapped(tensor)
        if mapped >= 0:
            tensor = tensor.movedim(mapped, 0)
    return tensor


def require(ok: Tensor, error: Callable[[], Exception]) -> None:
    """Raises, at once or when the enclosing :class:`collecting` block reads its verdicts, unless all of ``ok`` is true.

    A verdict without a value, as a program has while ``torch.export`` runs it, says nothing.

    Args:
        ok: boolean tensor of any shape.
        error: builds the exception; called only if the check failed.
    """
    verdicts = _verdicts.get()
    if verdicts is not None and (verdicts.everything or not ok.is_cpu):
        verdicts.pending.append((ok, error))
    elif _has_values(ok) and not bool(unwrapped(ok).all()):
        raise error()


def watch(name: str, log_density: Tensor) -> None:
    """Warns of a log-density that is NaN or positive infinity, or leaves it to the enclosing :class:`collecting` block.

    Args:
        name: the site.
        log_density: its value, a scalar.
    """
    verdicts = _verdicts.get()
    if verdicts is not None:
        verdicts.watched.append((name, log_density))
        return
    if not _has_values(log_density):
        return
    value = float(log_density.detach())
    if math.isnan(value) or value == math.inf:
        warnings.warn(f"Site '{name}': the log-density is {value}. Look at the distribution's parameters and at the "
                      "site's value.", stacklevel=3)
