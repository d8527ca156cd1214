"""Arithmetic that estimators share: sums over plates, numbers that may be tensors, gradients."""

import math
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Self

import torch
from torch import Tensor

from pyro.distributions.util import is_identically_zero
from pyro.infer.dice import Dice, compute_site_dice_factor
from pyro.ops.validation import enable_validation, is_validation_enabled, validation_enabled
from pyro.poutine.frame import CondIndepStackFrame
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

__all__ = ["CloneMixin", "Dice", "MultiFrameTensor", "check_fully_reparametrized", "compute_site_dice_factor",
           "enable_validation", "get_dependent_plate_dims", "get_plate_stacks", "is_validation_enabled",
           "plate_log_prob_sum", "torch_backward", "torch_exp", "torch_item", "torch_sum", "validation_enabled",
           "zero_grads"]

Frames = tuple[CondIndepStackFrame, ...]


def torch_item(x: Any) -> Any:
    """The number in a scalar tensor; numbers as they are."""
    return x.item() if isinstance(x, Tensor) else x


def torch_backward(x: Any, retain_graph: bool | None = None) -> None:
    """Adds the gradients of a scalar tensor to its leaves; does nothing for numbers and constants.

    Args:
        x: a number or scalar tensor.
        retain_graph: as in :meth:`torch.Tensor.backward`.
    """
    if isinstance(x, Tensor) and x.requires_grad:
        x.backward(retain_graph=retain_graph)


def torch_exp(x: Any) -> Any:
    """The exponential of a number or tensor."""
    return x.exp() if isinstance(x, Tensor) else math.exp(x)


def torch_sum(tensor: Tensor, dims: Iterable[int]) -> Tensor:
    """Sums over some dims, which are dropped.

    Args:
        tensor: any tensor.
        dims: negative dims, none twice; none for no sum.
    """
    dims = tuple(dims)
    if any(dim >= 0 for dim in dims) or len(set(dims)) != len(dims):
        raise AssertionError(f"torch_sum: expected distinct negative dims, got {dims}.")
    return tensor.sum(dims) if dims else tensor


def zero_grads(tensors: Iterable[Tensor]) -> None:
    """Sets the gradients of tensors, where they have some, to zero.

    Args:
        tensors: leaves.
    """
    for tensor in tensors:
        if tensor.grad is not None:
            tensor.grad = torch.zeros_like(tensor.grad)


def get_plate_stacks(trace: Trace) -> dict[str, Frames]:
    """The tensor plates around each sample site.

    Args:
        trace: a run.

    Returns:
        Frames, outermost first, by site name.
    """
    return {name: tuple(frame for frame in site["cond_indep_stack"] if frame.vectorized)
            for name, site in trace.nodes.items() if site["type"] == "sample" and not site_is_subsample(site)}


class MultiFrameTensor(dict[Frames, Tensor]):
    """A sum of terms that live in different nests of plates, each kept at its own.

    Args:
        *items: pairs of the frames of a term and the term.

    Example:
        >>> frame = CondIndepStackFrame("data", -1, 3, 0, 3)
        >>> total = MultiFrameTensor(((frame,), torch.ones(3)), ((), torch.tensor(2.0)))
        >>> total.sum_to(()), total.sum_to((frame,))
        (tensor(5.), tensor([3., 3., 3.]))
    """

    def __init__(self, *items: tuple[Frames, Tensor]) -> None:
        super().__init__()
        self.add(*items)

    def add(self, *items: tuple[Frames, Tensor]) -> None:
        """Adds terms.

        Args:
            *items: pairs of the frames of a term and the term.
        """
        for frames, value in items:
            frames = tuple(frame for frame in frames if frame.vectorized)
            self[frames] = self[frames] + value if frames in self else value

    def sum_to(self, target_frames: Frames) -> Tensor | None:
        """The sum of all terms, summed over every plate but the given ones.

        Args:
            target_frames: the plates to keep.

        Returns:
            A tensor that broadcasts over the kept plates; ``None`` if there are no terms.
        """
        total: Tensor | None = None
        for frames, value in self.items():
            for frame in frames:
                dim = frame.dim
                if frame not in target_frames and dim is not None and -dim <= value.dim() and value.shape[dim] != 1:
                    value = value.sum(dim, keepdim=True)
            while value.dim() and value.shape[0] == 1:
                value = value.squeeze(0)
            total = value if total is None else total + value
        return total

    def __repr__(self) -> str:
        terms = ",\n ".join(f"({tuple(frame.name for frame in frames)}, ...)" for frames in self)
        return f"MultiFrameTensor({terms})"


def check_fully_reparametrized(guide_site: Any) -> None:
    """Checks that a guide's site needs no score-function gradient.

    Args:
        guide_site: a site with its score parts.

    Raises:
        NotImplementedError: if it does; names the site.
    """
    if not is_identically_zero(guide_site["score_parts"].score_function):
        raise NotImplementedError(f"Site '{guide_site['name']}': this estimator needs guides whose values carry "
                                  "gradients, and this site's distribution has has_rsample=False. Use Trace_ELBO.")


def _clone(value: Any) -> Any:
    if isinstance(value, dict):
        return type(value)((name, _clone(part)) for name, part in value.items())
    if isinstance(value, tuple):
        return tuple(_clone(part) for part in value)
    return value.clone() if hasattr(value, "clone") else value


class CloneMixin:
    """Gives dataclasses of tensors, and of dicts and tuples of tensors, a copy of their own."""

    def clone(self) -> Self:
        """A copy that shares no memory with the original."""
        parts = {field.name: _clone(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]
        return type(self)(**parts)


def get_dependent_plate_dims(sites: Iterable[Any]) -> list[int]:
    """The dims of the tensor plates that some of the sites stand in, but not all of them.

    Args:
        sites: sample sites.

    Returns:
        Negative dims, in increasing order.
    """
    stacks = [{frame for frame in site["cond_indep_stack"] if frame.vectorized} for site in sites]
    if not stacks:
        return []
    return sorted(frame.dim for frame in set.union(*stacks) - set.intersection(*stacks))


def plate_log_prob_sum(trace: Trace, plate_symbol: str) -> Tensor:
    """The sum of a trace's log-densities, apart for each row of one plate.

    Args:
        trace: a run with packed log-densities, see :meth:`~pyro.poutine.Trace.pack_tensors`.
        plate_symbol: the plate's symbol.

    Returns:
        A tensor of the plate's size.

    Raises:
        ValueError: if a sample site does not stand in the plate; names the site.
    """
    total: Tensor | None = None
    for name, site in trace.nodes.items():
        if site["type"] != "sample" or site_is_subsample(site):
            continue
        packed = site["packed"]["log_prob"]
        if plate_symbol not in packed.dims:
            raise ValueError(f"Site '{name}': its log-density has the dims '{packed.dims}', expected the plate "
                             f"'{plate_symbol}' among them. Put the site into the plate.")
        others = [dim for dim, symbol in enumerate(packed.dims) if symbol != plate_symbol]
        term = packed.tensor.sum(others) if others else packed.tensor
        total = term if total is None else total + term
    return torch.tensor(0.0) if total is None else total
