"""Optimisers that are given a differentiable loss instead of gradients, such as Newton's method.

They take dicts from names to leaf tensors, and differentiate the loss themselves.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from pyro.ops.newton import newton_step
from pyro.optim.optim import OptimArgs, PyroOptim

__all__ = ["MixedMultiOptimizer", "MultiOptimizer", "Newton", "PyroMultiOptimizer", "TorchMultiOptimizer"]

Params = dict[str, Tensor]


class MultiOptimizer:
    """An optimiser of named parameters. A subclass defines :meth:`get_step`, or :meth:`_prepare_step`."""

    def get_step(self, loss: Tensor, params: Params) -> Params:
        """Computes new values, differentiably where the method allows it, and changes nothing.

        Args:
            loss: a scalar, differentiable with respect to the parameters.
            params: parameters by name.

        Returns:
            New values by name.

        Raises:
            NotImplementedError: if the method cannot tell new values without changing the parameters.
        """
        raise NotImplementedError(f"{type(self).__name__} has no get_step(). Use step(), which changes the parameters.")

    def step(self, loss: Tensor, params: Params) -> None:
        """Takes one step, in place.

        Args:
            loss: a scalar, differentiable with respect to the parameters.
            params: parameters by name.
        """
        self._prepare_step(loss, params)()

    def _prepare_step(self, loss: Tensor, params: Params) -> Callable[[], None]:
        """Differentiates, and returns what changes the parameters; so several optimisers can share one loss."""
        updated = self.get_step(loss, params)

        @torch.no_grad()
        def take() -> None:
            for name, value in updated.items():
                params[name].copy_(value)

        return take


class PyroMultiOptimizer(MultiOptimizer):
    """Makes a :class:`~pyro.optim.optim.PyroOptim` a :class:`MultiOptimizer`.

    Args:
        optim: the optimiser.

    Raises:
        TypeError: if it is no PyroOptim.
    """

    def __init__(self, optim: PyroOptim) -> None:
        if not isinstance(optim, PyroOptim):
            raise TypeError(f"optim is {optim!r}, expected a PyroOptim such as pyro.optim.Adam({{'lr': 0.01}}). Wrap "
                            "a torch optimizer class with TorchMultiOptimizer.")
        self.optim = optim

    def _prepare_step(self, loss: Tensor, params: Params) -> Callable[[], None]:
        leaves = list(params.values())
        grads = torch.autograd.grad(loss, leaves, retain_graph=True)

        def take() -> None:
            for leaf, grad in zip(leaves, grads, strict=True):
                leaf.grad = grad.clone()
            self.optim(leaves)

        return take


class TorchMultiOptimizer(PyroMultiOptimizer):
    """Makes a torch optimiser class a :class:`MultiOptimizer`.

    Args:
        optim_constructor: the class.
        optim_args: its options, or a function that returns those of one parameter.
    """

    def __init__(self, optim_constructor: Callable[..., Optimizer], optim_args: OptimArgs) -> None:
        super().__init__(PyroOptim(optim_constructor, optim_args))


class MixedMultiOptimizer(MultiOptimizer):
    """Different optimisers for different parameters. All differentiate the loss before any changes a parameter.

    Args:
        parts: pairs of parameter names and the optimiser that steps those.

    Raises:
        ValueError: if two parts name the same parameter.
    """

    def __init__(self, parts: Iterable[tuple[Iterable[str], MultiOptimizer]]) -> None:
        self.parts = [(list(names), optimizer) for names, optimizer in parts]
        owner: dict[str, MultiOptimizer] = {}
        for names, optimizer in self.parts:
            for name in names:
                if name in owner:
                    raise ValueError(f"Parameter '{name}' is named by two parts, of {owner[name]} and of {optimizer}. "
                                     "Name it in one of them.")
                owner[name] = optimizer

    def get_step(self, loss: Tensor, params: Params) -> Params:
        """Computes new values with each part.

        Args:
            loss: a scalar, differentiable with respect to the parameters.
            params: parameters by name; those that no part names are left out.

        Returns:
            New values by name.
        """
        updated: Params = {}
        for names, optimizer in self.parts:
            updated.update(optimizer.get_step(loss, {name: params[name] for name in names}))
        return updated

    def _prepare_step(self, loss: Tensor, params: Params) -> Callable[[], None]:
        steps = [optimizer._prepare_step(loss, {name: params[name] for name in names})
                 for names, optimizer in self.parts]

        def take() -> None:
            for step in steps:
                step()

        return take


class Newton(MultiOptimizer):
    """Newton's method on each parameter apart, see :func:`pyro.ops.newton.newton_step`.

    Each parameter is a batch of independent variables of 1, 2 or 3 dimensions: its last dimension.

    Args:
        trust_radii: for some names, a bound on the length of the step.
    """

    def __init__(self, trust_radii: dict[str, Any] = {}) -> None:  # noqa: B006 the documented default, never changed
        self.trust_radii = trust_radii

    def get_step(self, loss: Tensor, params: Params) -> Params:
        """Computes new values, differentiable with respect to whatever else the loss depends on.

        Args:
            loss: a scalar, twice differentiable with respect to the parameters.
            params: parameters by name.

        Returns:
            New values by name.
        """
        return {name: newton_step(loss, value, self.trust_radii.get(name))[0] for name, value in params.items()}
