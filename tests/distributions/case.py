"""One row of the table of distribution families: parameters in float64, and an independent reference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        family: the distribution's class.
        params: its arguments by name.
        reference: builds the frozen scipy distribution from the parameters, as arrays.
        log_density: the log density from the value and the parameters, as arrays.
        bad: for some parameters, a value that must be refused.
        outside: a value, broadcast over a draw's shape, that the support must refuse; NaN for the real line.
        without: laws that do not hold for the row, with the reason. ``capture``: the row's step cannot become a graph;
            ``loop program``: its graph is too large to be compiled in a test.
        label: what is special about the row.
    """

    family: Any
    params: Mapping[str, Any]
    reference: Callable[..., Any] | None = None
    log_density: Callable[..., Array] | None = None
    bad: Mapping[str, Any] = field(default_factory=dict)
    outside: float = float("nan")
    without: Mapping[str, str] = field(default_factory=dict)
    label: str = "usual"

    def __str__(self) -> str:
        return f"{self.family.__name__}-{self.label}"

    def build(self, **overrides: Any) -> Any:
        """The distribution, with some of its arguments replaced."""
        return self.family(**{**self.params, **overrides})

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The parameters that are tensors."""
        return {name: value for name, value in self.params.items() if isinstance(value, Tensor)}

    @property
    def arrays(self) -> dict[str, Any]:
        """The parameters, tensors among them as arrays."""
        return {name: value.numpy() if isinstance(value, Tensor) else value for name, value in self.params.items()}


def t(*values: Any) -> Tensor:
    """A tensor in double precision."""
    return torch.tensor(values, dtype=torch.float64)


def rows(log_density: Callable[..., Any]) -> Callable[..., Array]:
    """Applies a log density of one event to a value of shape (samples, batch, *event), row by row of the batch."""

    def apply(value: Array, **params: Any) -> Array:
        columns = [
            [log_density(draw[i], **{name: p[i] if isinstance(p, np.ndarray) else p for name, p in params.items()})
             for i in range(len(draw))]
            for draw in value
        ]
        return np.array(columns)

    return apply
