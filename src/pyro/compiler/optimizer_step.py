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
from torch.optim import Adam, AdamW, Optimizer

from pyro.compiler.errors import CannotCapture
from pyro.compiler.program import Clip

__all__ = ["STYLES", "OptimizerState", "Style", "pure_step"]


@dataclass(frozen=True)
class Style:
    """How an optimiser's step is run to be captured; not every optimiser takes every style.

    Attributes:
        foreach: whether torch's multi-tensor form is used.
    """

    foreach: bool = False


STYLES = (Style(), Style(foreach=True))
"""In order of preference."""


class OptimizerState:
    """The tensors and numbers that an optimiser keeps, in a fixed order, and how to find their places again.

    Args:
        optimizer: after at least one step.
        leaves: the parameters to look at, in order.
        style: how the step is run.
    """

    def __init__(self, optimizer: Optimizer, leaves: Sequence[Tensor], style: Style) -> None:
        self.optimizer = optimizer
        self.leaves = list(leaves)
        self.style = style
        self.places: list[tuple[int, str]] = []
        for i, leaf in enumerate(self.leaves):
            for key, value in optimizer.state.get(leaf, {}).items():
                if isinstance(value, Tensor):
                    self.places.append((i, key))
        # a float, or one entry of a tuple of floats such as betas
        self.group_places: list[tuple[int, str, int | None]] = []
        for g, group in enumerate(optimizer.param_groups):
            for key, value in group.items():
                if type(value) is float:
                    self.group_places.append((g, key, None))
                elif isinstance(value, tuple):
                    self.group_places += [(g, key, k) for k, part in enumerate(value) if type(part) is float]

    def tensors(self) -> list[Tensor]:
        """The state itself, no copies."""
        return [self.optimizer.state[self.leaves[i]][key] for i, key in self.places]

    def options(self) -> list[float]:
        """The options that are inputs."""
        return read_options(self.optimizer.param_groups, self.group_places)

    def option_names(self) -> list[str]:
        """A name for each option."""
        return [f"group {g}.{key}" + ("" if k is None else f"[{k}]") for g, key, k in self.group_places]

    def set_options(self, numbers: Sequence[float]) -> None:
        """Puts options back that a run has changed."""
        if numbers != self.options():
            write_options(self.optimizer.param_groups, self.group_places, numbers)


Place = tuple[int, str, int | None]


def read_options(groups: Sequence[Mapping[str, Any]], places: Sequence[Place]) -> list[Any]:
    """The numbers at some places of an optimiser's groups."""
    return [groups[g][key] if k is None else groups[g][key][k] for g, key, k in places]


def write_options(groups: Sequence[dict[str, Any]], places: Sequence[Place], numbers: Sequence[float]) -> None:
    """Puts numbers at some places of an optimiser's groups."""
    for (g, key, k), number in zip(places, numbers, strict=True):
        if k is None:
            groups[g][key] = number
        else:
            groups[g][key] = (*groups[g][key][:k], number, *groups[g][key][k + 1:])


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
    options: Sequence[float],
    clips: Mapping[int, Clip],
) -> tuple[list[Tensor], list[Tensor], list[Any]]:
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
    with torch.no_grad(), _as_if_compiling(), _not_dividing_by_zero(optimizer):
        optimizer.step()
    new_options = read_options(optimizer.param_groups, layout.group_places)
    return fresh, _new_state(layout, optimizer, fresh), new_options


@contextmanager
def _not_dividing_by_zero(optimizer: Optimizer) -> Iterator[None]:
    """Keeps parameters whose learning rate is zero; the capturable form of Adam's step divides by the rate."""
    still = [group for group in optimizer.param_groups if isinstance(optimizer, Adam | AdamW) and group["lr"] == 0]
    rates = [group["lr"] for group in still]
    values = [[param.clone() for param in group["params"]] for group in still]
    for group in still:
        group["lr"] = 1.0
    yield
    for group, rate, before in zip(still, rates, values, strict=True):
        group["lr"] = rate
        for param, value in zip(group["params"], before, strict=True):
            param.copy_(value)


def _groups(layout: OptimizerState, fresh: Sequence[Tensor], options: Sequence[float]) -> list[dict[str, Any]]:
    """The optimiser's groups, of the copies, with options set so that the step can be captured."""
    position = {id(leaf): i for i, leaf in enumerate(layout.leaves)}
    wanted = {"foreach": layout.style.foreach, "fused": False, "capturable": True}
    groups = []
    for group in layout.optimizer.param_groups:
        chosen = {key: value for key, value in wanted.items() if key in group}
        groups.append({**group, **chosen, "params": [fresh[position[id(p)]] for p in group["params"]]})
    write_options(groups, layout.group_places, options)
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
                    raise CannotCapture(f"adds state '{key}' during the run")
            elif key not in old or old[key] != value:
                raise CannotCapture(f"keeps state '{key}', which is no tensor and changes from step to step")
    old_tensors = zip(layout.places, layout.tensors(), strict=True)
    return [optimizer.state[fresh[i]][key].to(before.dtype) for (i, key), before in old_tensors]
