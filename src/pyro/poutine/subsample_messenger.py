"""Plates of which only some rows are looked at, with log-densities scaled to stand for all."""

import math
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.distribution import Distribution
from pyro.ops.shown_once import warn_once
from pyro.ops.subsample import sample_without_replacement
from pyro.ops.validation import is_validation_enabled
from pyro.poutine.frame import CondIndepStackFrame
from pyro.poutine.indep_messenger import IndepMessenger
from pyro.poutine.runtime import Message, apply_stack, new_message

__all__ = ["SubsampleMessenger"]


class _Subsample(Distribution):
    """The uniform distribution of ordered samples without replacement from ``range(size)``.

    Args:
        size: the population.
        subsample_size: how many rows; ``None`` for all, in order.
        device: where to put the rows.
    """

    def __init__(
        self,
        size: int,
        subsample_size: int | None,
        device: torch.device | str | None = None,
    ) -> None:
        self.size = size
        self.subsample_size = subsample_size
        self.device = device

    def sample(self, sample_shape: Any = torch.Size()) -> Tensor:
        """Draws the rows.

        Args:
            sample_shape: must be empty.

        Returns:
            Integers, shape ``(subsample_size,)``.
        """
        if sample_shape:
            raise NotImplementedError("The rows of a plate are drawn once a run; sample_shape must be empty.")
        if self.subsample_size is None or self.subsample_size >= self.size:
            return torch.arange(self.size, device=self.device)
        return sample_without_replacement(self.size, self.subsample_size, self.device)

    def log_prob(self, x: Tensor) -> Tensor:
        """Zero: the choice of rows does not count."""
        return torch.zeros((), device=x.device)


def _device_named(
    name: str, use_cuda: bool | None, device: torch.device | str | None
) -> torch.device | str | None:
    """The device that a plate's arguments mean."""
    if use_cuda is None:
        return device
    if device is not None and use_cuda == (torch.device(device).type == "cpu"):
        raise ValueError(f"Plate '{name}': incompatible arg values use_cuda={use_cuda}, device={device}. Pass device= "
                         "alone.")
    return device or ("cuda" if use_cuda else "cpu")


class SubsampleMessenger(IndepMessenger):
    """A context of independence over some rows of a population.

    Args:
        name: names the context.
        size: the population; ``None`` or -1 if it is not known, then nothing is scaled or expanded.
        subsample_size: how many rows to draw, by default all.
        subsample: the rows, chosen by the caller; anything with a length or a shape.
        dim: the tensor dim, negative; by default the rightmost one that is free.
        use_cuda: old name of ``device="cuda"``.
        device: where drawn rows are put.

    Raises:
        ValueError: if the sizes contradict each other, or ``use_cuda`` and ``device`` do.
        AssertionError: if rows are to be chosen from a population whose size is not given.
        ZeroDivisionError: if the size is zero.

    Warns:
        UserWarning: if there are more chosen rows than the population has, which predictions for new data may mean.
    """

    def __init__(
        self,
        name: str,
        size: int | None = None,
        subsample_size: int | None = None,
        subsample: Any = None,
        dim: int | None = None,
        use_cuda: bool | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        device = _device_named(name, use_cuda, device)
        full_size, self.subsample_size, rows = self._subsample(name, size, subsample_size, subsample, device)
        super().__init__(name, full_size, dim, device)
        self._scale: float = full_size / self.subsample_size
        self._indices = rows
        self._has_all_rows = subsample is None and self.subsample_size == full_size

    @staticmethod
    def _subsample(
        name: str,
        size: int | None,
        subsample_size: int | None,
        subsample: Any,
        device: torch.device | str | None,
    ) -> tuple[int, int, Any]:
        """Chooses the rows by a message, so that handlers can choose them.

        Returns:
            The size of the population, the number of rows, and the rows.
        """
        if size is None or size == -1:
            if subsample_size is not None or subsample is not None:
                raise AssertionError(f"Plate '{name}': subsample_size and subsample need a size. Pass the size of the "
                                     "whole data.")
            return -1, -1, None
        if size == 0:
            raise ZeroDivisionError("size cannot be zero")
        most = size if subsample is None else math.inf
        if size < 0 or (subsample_size is not None and not 0 < subsample_size <= most):
            raise ValueError(f"Plate '{name}': expected 0 < subsample_size <= size, got "
                             f"subsample_size={subsample_size} and size={size}.")
        msg = new_message("sample", name, _Subsample(size, subsample_size, device), value=subsample)
        rows = apply_stack(msg)["value"]
        count = len(rows) if not isinstance(rows, Tensor) else rows.shape[0]
        if subsample_size is not None and subsample_size != count:
            raise ValueError(f"Plate '{name}': subsample_size does not match len(subsample), {subsample_size} vs "
                             f"{count}. Did you accidentally use different subsample_size in the model and guide?")
        if is_validation_enabled() and count > size:
            warn_once(f"Plate '{name}': the subsample has {count} rows, the plate only {size}, so that "
                      "log-densities are scaled down. Pass the size of the whole data.", stacklevel=3)
        return int(size), count, rows

    def _rows(self) -> Any:
        # a loop over all rows needs no tensor's values, so a step that has one is a fixed program
        return super()._rows() if self._has_all_rows or self._indices is None else self._indices

    def _process_message(self, msg: Message) -> None:
        frame = CondIndepStackFrame(self.name, self.dim, self.subsample_size, self.counter, self.size)
        msg["cond_indep_stack"] = (frame, *msg["cond_indep_stack"])
        if self._scale != 1.0:
            msg["scale"] = msg["scale"] * self._scale

    def _postprocess_message(self, msg: Message) -> None:
        if msg["type"] in ("param", "subsample") and self.dim is not None:
            event_dim = msg["kwargs"].get("event_dim")
            if event_dim is not None:
                self._take_rows(msg, event_dim)

    def _take_rows(self, msg: Message, event_dim: int) -> None:
        """Cuts this plate's rows out of a parameter or of data that has all of them."""
        assert self.dim is not None
        value = msg["value"]
        dim = self.dim - event_dim
        if value.dim() < -dim or value.shape[dim] == 1:
            return
        if is_validation_enabled() and value.shape[dim] != self.size:
            what = f"pyro.param({msg['name']}, ..., event_dim={event_dim})" if msg["type"] == "param" else \
                f"pyro.subsample(..., event_dim={event_dim})"
            raise ValueError(f"Inside pyro.plate({self.name}, {self.size}, dim={self.dim}) invalid shape of {what}: "
                             f"{tuple(value.shape)}. Expected size {self.size}, that of the whole plate, or 1 at dim "
                             f"{dim}.")
        if self.subsample_size < self.size:
            rows = value.index_select(dim, torch.as_tensor(self._indices, device=value.device))
            if msg["type"] == "param":
                rows.unconstrained = value.unconstrained
            msg["value"] = rows
