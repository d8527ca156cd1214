"""One torch optimiser for all parameters, each with options of its own.

Parameters whose options are equal share a parameter group, so that torch's multi-tensor kernels work on all of them at
once. :class:`ParamOptimizer` shows one parameter as if it had an optimiser to itself; an option written there moves
the parameter to the group that has the new options.

A step touches the parameters that it is given and no other: a group of which only some take part is split.
"""

import copy
import operator
from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

__all__ = ["ParamGroup", "ParamOptimizer", "SharedOptimizer"]

# On the CPU torch's default is a loop over parameters. Its fused kernels of these optimisers take half to a fifth of
# the time and agree with the loop up to rounding. Those of SGD and Adagrad are not always faster.
_FUSED_ON_CPU = (torch.optim.Adam, torch.optim.AdamW)


class SharedOptimizer:
    """Parameters, their options and their states, in one torch optimiser.

    Attributes:
        torch_optimizer: the one optimiser, ``None`` before the first parameter. Its ``param_groups`` hold the
            parameters of the last step, its ``state`` the states of all.
    """

    def __init__(self) -> None:
        self.torch_optimizer: Optimizer | None = None
        self._groups: list[dict[str, Any]] = []
        self._group_of: dict[Tensor, dict[str, Any]] = {}
        self._active: list[Tensor] = []
        self._fused_on_cpu: list[Tensor] = []

    def __contains__(self, param: Tensor) -> bool:
        return param in self._group_of

    def adopt(self, optimizer: Optimizer) -> None:
        """Takes over, from an optimiser of a single parameter, that parameter with its options and its state.

        Args:
            optimizer: of the same class as those adopted before.
        """
        (group,) = optimizer.param_groups
        (param,) = group["params"]
        if self.torch_optimizer is None:
            self.torch_optimizer = optimizer
        elif param in optimizer.state:
            self.torch_optimizer.state[param] = optimizer.state[param]
        else:
            self.torch_optimizer.state.pop(param, None)
        options = {key: value for key, value in group.items() if key != "params"}
        if isinstance(optimizer, _FUSED_ON_CPU) and _may_fuse(options, param):
            options["fused"] = True
        self.set_options(param, options)

    def discard(self, param: Tensor) -> None:
        """Forgets a parameter, if it is known."""
        self._leave_group(param)
        if self.torch_optimizer is not None:
            self.torch_optimizer.state.pop(param, None)

    def options(self, param: Tensor) -> dict[str, Any]:
        """A copy of a parameter's options."""
        return {key: value for key, value in self._group_of[param].items() if key != "params"}

    def set_options(self, param: Tensor, options: dict[str, Any]) -> None:
        """Moves a parameter to the group that has these options, a new one if need be."""
        self._leave_group(param)
        for group in self._groups:
            if _equal_options(group, options):
                group["params"].append(param)
                break
        else:
            group = {"params": [param], **options}
            self._groups.append(group)
        self._group_of[param] = group

    def state(self, param: Tensor) -> dict[str, Any]:
        """A parameter's state; empty before its first step for most optimisers."""
        state: dict[str, Any] = self._optimizer().state.get(param, {})
        return state

    def load_state_dict(self, param: Tensor, state_dict: dict[str, Any]) -> None:
        """Gives a parameter the options and the state that the state dict of a one-parameter optimiser holds."""
        alone = copy.copy(self._optimizer())
        alone.param_groups = [{"params": [param], **self.options(param)}]
        alone.state = defaultdict(dict)
        alone.load_state_dict(copy.deepcopy(state_dict))  # torch's optimisers go on to change what they load
        self.adopt(alone)

    def step(self, params: Sequence[Tensor], *args: Any, **kwargs: Any) -> None:
        """Steps some of the known parameters.

        Args:
            params: those to step; the others and their states and options stay as they are.
            *args: passed to the torch optimiser's ``step``, as are the keyword arguments.
        """
        optimizer = self.select(params)
        for p in self._fused_on_cpu:  # torch's kernel takes it for granted that gradients are contiguous
            if p.grad is not None and not p.grad.is_contiguous():
                p.grad = p.grad.contiguous()
        optimizer.step(*args, **kwargs)

    def select(self, params: Sequence[Tensor]) -> Optimizer:
        """Leaves only some of the known parameters in the torch optimiser's groups.

        Args:
            params: those to keep there; the states of the others stay.

        Returns:
            The torch optimiser.
        """
        if len(params) != len(self._active) or not all(map(operator.is_, params, self._active)):
            self._activate(params)
        return self._optimizer()

    def _activate(self, params: Sequence[Tensor]) -> None:
        chosen = set(params)
        active = []
        for group in self._groups[:]:
            inside = [p for p in group["params"] if p in chosen]
            outside = [p for p in group["params"] if p not in chosen]
            if inside and outside:
                group["params"] = inside
                rest = {**group, "params": outside}
                self._groups.append(rest)
                self._group_of.update(dict.fromkeys(outside, rest))
            if inside:
                active.append(group)
        self._optimizer().param_groups = active
        self._active = list(params)
        self._fused_on_cpu = [p for group in active if group.get("fused") for p in group["params"] if p.is_cpu]

    def _leave_group(self, param: Tensor) -> None:
        group = self._group_of.pop(param, None)
        if group is None:
            return
        group["params"] = [p for p in group["params"] if p is not param]
        self._groups = [group for group in self._groups if group["params"]]
        self._active = []

    def _optimizer(self) -> Optimizer:
        assert self.torch_optimizer is not None, "no parameter was added yet"
        return self.torch_optimizer


class ParamGroup(MutableMapping[str, Any]):
    """One parameter's options, as a parameter group that holds it alone.

    Args:
        shared: the optimiser it belongs to.
        param: the parameter.
    """

    def __init__(self, shared: SharedOptimizer, param: Tensor) -> None:
        self._shared = shared
        self._param = param

    def __getitem__(self, key: str) -> Any:
        return [self._param] if key == "params" else self._shared.options(self._param)[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "params":
            raise KeyError("The parameter of a parameter group cannot be replaced. Pass another one to the optimizer.")
        self._shared.set_options(self._param, {**self._shared.options(self._param), key: value})

    def __delitem__(self, key: str) -> None:
        options = self._shared.options(self._param)
        del options[key]
        self._shared.set_options(self._param, options)

    def __iter__(self) -> Iterator[str]:
        yield "params"
        yield from self._shared.options(self._param)

    def __len__(self) -> int:
        return 1 + len(self._shared.options(self._param))

    def __repr__(self) -> str:
        return repr(dict(self))


class ParamOptimizer(Optimizer):
    """One parameter of a :class:`SharedOptimizer`, as a torch optimiser of that parameter alone.

    What is written to ``param_groups[0]`` holds from the next step on, so torch's learning rate schedulers work on it.

    Args:
        shared: the optimiser it is a part of.
        param: the parameter.
    """

    def __init__(self, shared: SharedOptimizer, param: Tensor) -> None:
        # Optimizer.__init__ would make groups and states that nobody steps.
        self._shared = shared
        self._param = param
        self._opt_called = True  # what torch's schedulers look at to find out whether the optimiser steps before them
        self.__setstate__({"defaults": shared.options(param)})

    @property
    def param_groups(self) -> list[Any]:  # type: ignore[override]
        """One group, with the parameter and its options."""
        return [ParamGroup(self._shared, self._param)]

    @property
    def state(self) -> dict[Tensor, dict[str, Any]]:  # type: ignore[override]
        """The parameter's state, by parameter."""
        state = self._shared.state(self._param)
        return {self._param: state} if state else {}

    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Steps this parameter.

        Args:
            closure: computes the loss and its gradients anew.
        """
        self._shared.step([self._param], *(() if closure is None else (closure,)))

    def state_dict(self) -> dict[str, Any]:
        """The state and the options, as a torch optimiser of this parameter alone gives them."""
        state = self._shared.state(self._param)
        return {"state": {0: state} if state else {},
                "param_groups": [{**self._shared.options(self._param), "params": [0]}]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes the state and the options of a torch optimiser of one parameter.

        Args:
            state_dict: as :meth:`state_dict` gives it.
        """
        self._shared.load_state_dict(self._param, state_dict)

    def __getstate__(self) -> dict[str, Any]:
        return {"_shared": self._shared, "_param": self._param, "_opt_called": True, "defaults": self.defaults}


def _may_fuse(options: dict[str, Any], param: Tensor) -> bool:
    """Whether torch's own choice is left to torch, and its fused kernel on the CPU is right for the parameter."""
    return (options.get("fused") is None and options.get("foreach") is None
            and not options["capturable"] and not options["differentiable"]
            and not isinstance(options["lr"], Tensor)
            and param.is_cpu and param.dtype in (torch.float32, torch.float64) and param.is_contiguous())


def _equal_options(group: dict[str, Any], options: dict[str, Any]) -> bool:
    """Whether a group has these options; tensors are equal only if they are the same."""
    return len(group) == len(options) + 1 and all(
        key in group and (group[key] is value or (
            not isinstance(value, Tensor) and not isinstance(group[key], Tensor) and bool(group[key] == value)))
        for key, value in options.items())
