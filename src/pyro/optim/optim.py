"""Optimisers for parameters that appear while a program runs, as those of the parameter store do.

A :class:`PyroOptim` is called with the parameters to step. It adds those that it has not met to the one torch optimiser
underneath (:mod:`pyro.optim.shared_optimizer`), with options that may depend on the parameter's name, and its state is
kept by name too.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias

from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from pyro.optim.adagrad_rmsprop import AdagradRMSProp as _AdagradRMSProp
from pyro.optim.clipped_adam import ClippedAdam as _ClippedAdam
from pyro.optim.dct_adam import DCTAdam as _DCTAdam
from pyro.optim.shared_optimizer import ParamOptimizer, SharedOptimizer
from pyro.params import safe_file
from pyro.params.param_store import (
    _PYRO_PARAM_STORE,
    module_from_param_with_module_name,
    normalize_param_name,
    user_param_name,
)

__all__ = ["AdagradRMSProp", "ClipArgs", "ClippedAdam", "DCTAdam", "OptimArgs", "PyroOptim", "is_scheduler"]

OptimArgs: TypeAlias = dict[str, Any] | Callable[..., dict[str, Any]]
ClipArgs: TypeAlias = dict[str, float] | Callable[..., dict[str, float]] | None


def is_scheduler(optimizer: object) -> bool:
    """Whether an object is a learning rate scheduler of torch."""
    return isinstance(optimizer, LRScheduler)


def check_options(options: Iterable[str], constructor: Callable[..., Any], owner: str) -> None:
    """Checks names of keyword arguments against a constructor whose first argument is positional.

    Args:
        options: the names.
        constructor: what will be called with them.
        owner: who gives them, for the error.

    Raises:
        TypeError: if the constructor takes no argument of some name.
    """
    try:
        _, *parameters = inspect.signature(constructor).parameters.values()
    except ValueError:  # a builtin that does not tell
        return
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    valid = [parameter.name for parameter in parameters]
    unknown = [repr(name) for name in options if name not in valid]
    if unknown:
        raise TypeError(f"{owner}: {_name(constructor)} takes no option {', '.join(unknown)}. "
                        f"Valid options: {', '.join(valid)}.")


class PyroOptim:
    """Steps parameters with a torch optimiser.

    Args:
        optim_constructor: an optimiser class of torch, or any with its interface.
        optim_args: the optimiser's options, or a function that returns the options of one parameter, called with its
            name as users know it (``module.weight``), or with two arguments: the names of its module and of itself.
        clip_args: ``clip_norm``, ``clip_value`` or both: bounds of the gradient's norm and of its elements, each
            parameter on its own; or a function that returns them, called as the one for options.

    Attributes:
        optim_objs: an optimiser for each parameter (with schedulers: a scheduler), to read and to change its options.

    Raises:
        AssertionError: if ``optim_args`` or ``clip_args`` is neither a dict nor callable.
        TypeError: if the optimiser or the clipping does not know an option.

    Example:
        >>> import torch
        >>> def options(param_name):
        ...     return {"lr": 0.1 if param_name == "loc" else 0.01}
        >>> optimizer = PyroOptim(torch.optim.Adam, options, {"clip_norm": 10.0})
        >>> x = torch.tensor(0.0, requires_grad=True)
        >>> (x - 1).square().backward()
        >>> optimizer([x])
        >>> x
        tensor(0.0100, requires_grad=True)
    """

    def __init__(
        self,
        optim_constructor: Callable[..., Optimizer],
        optim_args: OptimArgs,
        clip_args: ClipArgs = None,
    ) -> None:
        clip_args = {} if clip_args is None else clip_args
        _check_dict_or_callable(optim_args, "optim_args", "optimizer options")
        _check_dict_or_callable(clip_args, "clip_args", "'clip_norm' and 'clip_value'")
        if isinstance(optim_args, dict):
            check_options(optim_args, optim_constructor, "optim_args")
        if isinstance(clip_args, dict):
            check_options(clip_args, _clip_grad, "clip_args")
        self.pt_optim_constructor = optim_constructor
        self.pt_optim_args = optim_args
        self.pt_clip_args = clip_args
        self.optim_objs: dict[Tensor, Any] = {}
        self.grad_clip: dict[Tensor, Callable[[Tensor], None] | None] = {}
        self._shared = SharedOptimizer()
        self._names: dict[Tensor, str] = {}
        self._state_waiting_to_be_consumed: dict[str, dict[str, Any]] = {}

    @property
    def torch_optimizer(self) -> Optimizer | None:
        """The one torch optimiser underneath; ``None`` before the first step."""
        return self._shared.torch_optimizer

    def __call__(self, params: Iterable[Tensor], *args: Any, **kwargs: Any) -> None:
        """Steps parameters, each by its ``grad``. Others stay as they are.

        Args:
            params: leaf tensors. Those of the parameter store are known by their names there; any others are named by
                order of appearance.
            *args: passed to the torch optimiser's ``step``, as are the keyword arguments.
        """
        params = params if isinstance(params, list) else list(params)
        known = self._names
        if not all(map(known.__contains__, params)):
            self._add([p for p in dict.fromkeys(params) if p not in known])
        if self.pt_clip_args:
            for p in params:
                clip = self.grad_clip[p]
                if clip is not None:
                    clip(p)
        if params:
            self._shared.step(params, *args, **kwargs)

    def select(self, params: Sequence[Tensor]) -> Optimizer:
        """The one torch optimiser underneath, for some parameters.

        Args:
            params: parameters that have been stepped before.

        Returns:
            The optimiser; until the next step its ``param_groups`` hold these parameters alone.
        """
        return self._shared.select(params)

    def get_state(self) -> dict[str, dict[str, Any]]:
        """The optimiser's state: for each parameter's name, the state dict of a torch optimiser of it alone.

        Returns:
            A dict that :meth:`set_state` takes.
        """
        return {**self._state_waiting_to_be_consumed,
                **{name: self._get_state(self.optim_objs[p]) for p, name in self._names.items()}}

    def set_state(self, state_dict: dict[str, dict[str, Any]]) -> None:
        """Sets the state of parameters by name; that of parameters yet to come is kept for them.

        Args:
            state_dict: as :meth:`get_state` gives it.

        Raises:
            ValueError: if the state has another form.
        """
        for name, state in state_dict.items():
            self._check_state(name, state)
        known = {name: p for p, name in self._names.items()}
        self._state_waiting_to_be_consumed = {k: state for k, state in state_dict.items() if k not in known}
        for name, state in state_dict.items():
            if name in known:
                self._set_state(self.optim_objs[known[name]], state)

    def save(self, filename: safe_file.Filename) -> None:
        """Writes the state to a file.

        Args:
            filename: where to write.
        """
        safe_file.save(self.get_state(), filename)

    def load(self, filename: safe_file.Filename, map_location: safe_file.MAP_LOCATION = None) -> None:
        """Reads the state from a file that :meth:`save` wrote, here or in an older Pyro.

        Args:
            filename: the file.
            map_location: where to put tensors, as in :func:`torch.load`.

        Raises:
            ValueError: if the file holds anything else. The optimiser is left as it was.
        """
        state = safe_file.load(filename, map_location)
        if not isinstance(state, dict):
            raise ValueError(f"'{filename}' holds a {type(state).__name__}, expected a dict of optimizer states by "
                             "parameter name, as an optimizer's save() writes it.")
        self.set_state(state)

    def _add(self, params: list[Tensor]) -> None:
        """Adds parameters in the parameter store's order, all or, where one is refused, none."""
        place = {id(leaf): i for i, (_, leaf) in enumerate(_PYRO_PARAM_STORE.named_parameters())}
        used: list[str] = []
        try:
            for p in sorted(params, key=lambda p: place.get(id(p), len(place))):
                name = _PYRO_PARAM_STORE.param_name(p) or self._new_name()
                self._names[p] = name
                self.optim_objs[p] = self._new_optimizer(p, name)
                self.grad_clip[p] = self._new_clip(name)
                if name in self._state_waiting_to_be_consumed:
                    self._set_state(self.optim_objs[p], self._state_waiting_to_be_consumed[name])
                    used.append(name)
        except BaseException:
            for p in params:
                self._shared.discard(p)
                for table in (self._names, self.optim_objs, self.grad_clip):
                    table.pop(p, None)
            raise
        for name in used:
            del self._state_waiting_to_be_consumed[name]

    def _new_name(self) -> str:
        taken = {*self._names.values(), *_PYRO_PARAM_STORE.keys()}
        return next(name for i in range(len(taken) + 1) if (name := f"unnamed_{i}") not in taken)

    def _new_optimizer(self, param: Tensor, name: str) -> Any:
        """Adds a parameter to the shared optimiser; returns what ``optim_objs`` shows for it."""
        options = _for_param(self.pt_optim_args, name)
        if not isinstance(options, dict):
            raise AssertionError(f"optim_args returned {options!r} for parameter '{name}', expected a dict of "
                                 "optimizer options.")
        check_options(options, self.pt_optim_constructor, f"optim_args for parameter '{name}'")
        self._shared.adopt(self.pt_optim_constructor([param], **options))
        return ParamOptimizer(self._shared, param)

    def _new_clip(self, name: str) -> Callable[[Tensor], None] | None:
        bounds = _for_param(self.pt_clip_args, name)
        if not isinstance(bounds, dict):
            raise AssertionError(f"clip_args returned {bounds!r} for parameter '{name}', expected a dict with "
                                 "'clip_norm', 'clip_value' or both.")
        check_options(bounds, _clip_grad, f"clip_args for parameter '{name}'")
        return partial(_clip_grad, **bounds) if bounds else None

    def _get_state(self, optimizer: Any) -> dict[str, Any]:
        state: dict[str, Any] = optimizer.state_dict()
        return state

    def _set_state(self, optimizer: Any, state: dict[str, Any]) -> None:
        optimizer.load_state_dict(state)

    def _check_state(self, name: str, state: object) -> None:
        """Raises an error unless ``state`` has the form of a parameter's state."""
        if not isinstance(state, dict) or not {"state", "param_groups"} <= state.keys():
            raise ValueError(f"The state of parameter '{name}' has no 'state' and 'param_groups'. Expected what "
                             "get_state() of an optimizer without a scheduler returns.")


def _check_dict_or_callable(args: object, argument: str, content: str) -> None:
    if not isinstance(args, dict) and not callable(args):
        raise AssertionError(f"{argument} is {args!r}, expected a dict of {content}, or a function of a parameter's "
                             "name that returns one.")


def _for_param(args: Any, name: str) -> Any:
    """The arguments of one parameter: ``args`` itself, or what it returns for the parameter's name."""
    if not callable(args):
        return args
    if len(inspect.signature(args).parameters) == 1:
        return args(normalize_param_name(name))
    return args(module_from_param_with_module_name(name), user_param_name(name))


def _clip_grad(param: Tensor, clip_norm: float | None = None, clip_value: float | None = None) -> None:
    if clip_norm is not None:
        clip_grad_norm_(param, clip_norm)
    if clip_value is not None:
        clip_grad_value_(param, clip_value)


def _name(constructor: Callable[..., Any]) -> str:
    return getattr(constructor, "__name__", repr(constructor))


def AdagradRMSProp(optim_args: OptimArgs) -> PyroOptim:
    """:class:`pyro.optim.adagrad_rmsprop.AdagradRMSProp` for Pyro's parameters."""
    return PyroOptim(_AdagradRMSProp, optim_args)


def ClippedAdam(optim_args: OptimArgs) -> PyroOptim:
    """:class:`pyro.optim.clipped_adam.ClippedAdam` for Pyro's parameters."""
    return PyroOptim(_ClippedAdam, optim_args)


def DCTAdam(optim_args: OptimArgs) -> PyroOptim:
    """:class:`pyro.optim.dct_adam.DCTAdam` for Pyro's parameters."""
    return PyroOptim(_DCTAdam, optim_args)
