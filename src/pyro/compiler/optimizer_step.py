"""An optimiser's step as a pure function: new parameters and state from old ones and gradients.

The optimiser's own ``step`` runs on copies, so each optimiser is captured as it is written. ``capturable`` makes
torch's optimisers keep numbers that change, such as the step count, in tensors.
"""

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from pyro.compiler.errors import CannotCapture
from pyro.compiler.program import Clip

__all__ = ["STYLES", "OptimizerState", "Style", "pure_step"]


@dataclass(frozen=True)
class Style:
    """How an optimiser's step is run to be captured; not every optimiser takes every style.

    Attributes:
        scheduled: options that become tensors, so that a schedule can change them without a new capture.
        foreach: whether torch's multi-tensor form is used.
    """

    scheduled: tuple[str, ...] = ("lr",)
    foreach: bool = False


STYLES = (Style(), Style(foreach=True), Style(scheduled=()), Style(scheduled=(), foreach=True))
"""In order of preference."""


class OptimizerState:
    """The tensors that an optimiser keeps, in a fixed order, and how to find their places again.

    Args:
        optimizer: after at least one step.
        leaves: the parameters to look at, in order.
        style: how the step is run.

    Raises:
        CannotCapture: if a parameter has no state although others have; it would appear during the run.
    """

    def __init__(self, optimizer: Optimizer, leaves: Sequence[Tensor], style: Style) -> None:
        self.optimizer = optimizer
        self.leaves = list(leaves)
        self.style = style
        self.places: list[tuple[int, str]] = []
        self.group_places: list[tuple[int, str]] = []
        for i, leaf in enumerate(self.leaves):
            for key, value in optimizer.state.get(leaf, {}).items():
                if isinstance(value, Tensor):
                    self.places.append((i, key))
        # what cannot be an input holds as it was when the step was captured
        self._fixed = [group.get("lr") for group in optimizer.param_groups] if "lr" not in style.scheduled else None
        for g, group in enumerate(optimizer.param_groups):
            self.group_places += [(g, key) for key in style.scheduled if isinstance(group.get(key), float | Tensor)]

    def fits(self) -> bool:
        """Whether the options that are part of the captured step are still the same."""
        return self._fixed is None or self._fixed == [group.get("lr") for group in self.optimizer.param_groups]

    def tensors(self) -> list[Tensor]:
        """The state itself, no copies."""
        return [self.optimizer.state[self.leaves[i]][key] for i, key in self.places]

    def options(self) -> list[float]:
        """The options that are inputs, as numbers."""
        return [float(self.optimizer.param_groups[g][key]) for g, key in self.group_places]

    def set_options(self, numbers: Sequence[float]) -> None:
        """Puts options back that a run has changed."""
        for (g, key), number in zip(self.group_places, numbers, strict=True):
            old = self.optimizer.param_groups[g][key]
            if isinstance(old, Tensor):
                old.fill_(number)
            elif old != number:
                self.optimizer.param_groups[g][key] = number


@contextmanager
def _as_if_compiling() -> Iterator[None]:
    """Lets torch's optimisers take ``capturable`` on every device, as they do while torch's own compiler runs."""
    before = torch.compiler._is_compiling_flag
    torch.compiler._is_compiling_flag = True
    try:
        yield
    finally:
        torch.compiler._is_compiling_flag = before


def pure_step(
    layout: OptimizerState,
    params: Sequence[Tensor],
    grads: Sequence[Tensor | None],
    state: Sequence[Tensor],
    options: Sequence[Tensor],
    clips: Mapping[int, Clip],
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Steps copies of parameters.

    Args:
        layout: which state belongs where.
        params: the parameters, in the layout's order.
        grads: their gradients; ``None`` where the loss does not depend on them.
        state: the layout's tensors.
        options: the layout's options.
        clips: by position, what bounds a parameter's gradient.

    Returns:
        New parameters, new state and new options.

    Raises:
        CannotCapture: if the step adds state, or changes what is no tensor.
    """
    fresh = [param.clone() for param in params]
    for i, (leaf, grad) in enumerate(zip(fresh, grads, strict=True)):
        leaf.__dict__.update(layout.leaves[i].__dict__)  # marks that an optimiser looks at, such as a time dim
        leaf.grad = grad
        if grad is not None and i in clips:
            leaf.grad = grad.clone()
            clips[i](leaf)
    optimizer = copy.copy(layout.optimizer)
    optimizer.param_groups = _groups(layout, fresh, options)
    optimizer.state = _states(layout, fresh, state)
    with torch.no_grad(), _as_if_compiling():
        optimizer.step()
    new_options = [optimizer.param_groups[g][key] for g, key in layout.group_places]
    return fresh, _new_state(layout, optimizer, fresh), new_options


def _groups(layout: OptimizerState, fresh: Sequence[Tensor], options: Sequence[Tensor]) -> list[dict[str, Any]]:
    """The optimiser's groups, of the copies, with options set so that the step can be captured."""
    position = {id(leaf): i for i, leaf in enumerate(layout.leaves)}
    wanted = {"foreach": layout.style.foreach, "fused": False, "capturable": True}
    groups = []
    for group in layout.optimizer.param_groups:
        chosen = {key: value for key, value in wanted.items() if key in group}
        groups.append({**group, **chosen, "params": [fresh[position[id(p)]] for p in group["params"]]})
    for (g, key), value in zip(layout.group_places, options, strict=True):
        groups[g][key] = value
    return groups


def _states(
    layout: OptimizerState, fresh: Sequence[Tensor], state: Sequence[Tensor]
) -> defaultdict[Tensor, dict[str, Any]]:
    """The optimiser's state, of the copies."""
    tensors = {place: value.clone() for place, value in zip(layout.places, state, strict=True)}
    states: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
    for i, leaf in enumerate(fresh):
        kept = layout.optimizer.state.get(layout.leaves[i], {})
        states[leaf] = {key: _count(tensors.get((i, key), value)) if key == "step" else tensors.get((i, key), value)
                        for key, value in kept.items()}
    return states


def _count(step: Tensor) -> Tensor:
    """A step count in double precision: powers of it are taken, which eager steps compute in Python."""
    return step.double() if isinstance(step, Tensor) and step.dim() == 0 else step


def _new_state(layout: OptimizerState, optimizer: Optimizer, fresh: Sequence[Tensor]) -> list[Tensor]:
    for i, leaf in enumerate(fresh):
        old: Mapping[str, Any] = layout.optimizer.state.get(layout.leaves[i], {})
        for key, value in optimizer.state[leaf].items():
            if isinstance(value, Tensor):
                if (i, key) not in layout.places:
                    raise CannotCapture(f"the optimiser adds state '{key}' during the run")
            elif key not in old or old[key] != value:
                raise CannotCapture(f"the optimiser's state '{key}' is no tensor and changes from step to step")
    old_tensors = zip(layout.places, layout.tensors(), strict=True)
    return [optimizer.state[fresh[i]][key].to(before.dtype) for (i, key), before in old_tensors]
