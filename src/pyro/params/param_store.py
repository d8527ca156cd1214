"""The parameter store: a mapping from names to the values of learnable parameters.

Reading a name computes the parameter's constrained value from its unconstrained leaf tensor
(:mod:`pyro.params.parameter`). Each thread or asynchronous task may work on contents of its own, see
:meth:`ParamStoreDict.scope`; outside any scope all share the store's default contents.
"""

import re
import warnings
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TypedDict

from torch import Tensor
from torch.distributions import constraints
from torch.distributions.constraints import Constraint

from pyro.params import safe_file
from pyro.params.parameter import Contents, Parameter, from_state, from_value
from pyro.params.safe_file import MAP_LOCATION, Filename

__all__ = ["ParamStoreDict", "StateDict", "module_from_param_with_module_name", "normalize_param_name",
           "param_with_module_name", "user_param_name"]

_MODULE_NAMESPACE_DIVIDER = "$$$"


class StateDict(TypedDict):
    """The contents of a parameter store: leaf tensors and constraints, by name."""

    params: dict[str, Tensor]
    constraints: dict[str, Constraint]


_scopes: ContextVar[Mapping["ParamStoreDict", Contents]] = ContextVar("scopes", default=MappingProxyType({}))


class ParamStoreDict:
    """A mapping from parameter names to constrained values; most users meet it through :func:`pyro.param`.

    Every value has an attribute ``unconstrained``, a function that returns the leaf tensor.

    Example:
        >>> import torch
        >>> store = ParamStoreDict()
        >>> scale = store.setdefault("scale", torch.tensor(1.0), constraint=constraints.positive)
        >>> scale.unconstrained()
        tensor(0., requires_grad=True)
        >>> store["scale"] = torch.tensor(2.0)
        >>> store["scale"]
        tensor(2., grad_fn=<ExpBackward0>)
    """

    def __init__(self) -> None:
        self._default = Contents()

    @property
    def _contents(self) -> Contents:
        return _scopes.get().get(self, self._default)

    def clear(self) -> None:
        """Removes all parameters."""
        self._contents.clear()

    def items(self) -> Iterator[tuple[str, Tensor]]:
        """Iterates over pairs of a name and a constrained value."""
        for name, parameter in self._contents.parameters.items():
            yield name, parameter.value()

    def keys(self) -> KeysView[str]:
        """The names, in order of creation."""
        return self._contents.parameters.keys()

    def values(self) -> Iterator[Tensor]:
        """Iterates over constrained values."""
        for parameter in self._contents.parameters.values():
            yield parameter.value()

    def __bool__(self) -> bool:
        return bool(self._contents.parameters)

    def __len__(self) -> int:
        return len(self._contents.parameters)

    def __contains__(self, name: str) -> bool:
        return name in self._contents.parameters

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents.parameters)

    def __delitem__(self, name: str) -> None:
        """Removes a parameter.

        Raises:
            KeyError: if there is none of that name.
        """
        self._find(name)
        self._contents.drop(name)

    def __getitem__(self, name: str) -> Tensor:
        """The constrained value of a parameter.

        Raises:
            KeyError: if there is none of that name.
        """
        return self._find(name).value()

    def __setitem__(self, name: str, new_constrained_value: Tensor) -> None:
        """Gives a parameter a new value under its old constraint; a new parameter is unconstrained.

        Args:
            name: the parameter's name.
            new_constrained_value: its value, of any shape.

        Raises:
            ValueError: if the value is outside the constraint.
        """
        old = self._contents.parameters.get(name)
        constraint = constraints.real if old is None else old.constraint
        self._contents.put(name, from_value(name, new_constrained_value, constraint))

    def setdefault(
        self,
        name: str,
        init_constrained_value: Tensor | Callable[[], Tensor],
        constraint: Constraint = constraints.real,
    ) -> Tensor:
        """The value of a parameter, which is created first if there is none of that name.

        Args:
            name: the parameter's name.
            init_constrained_value: its first value, or a function that returns it and is called only if needed.
                Without a constraint the tensor itself becomes the parameter, as a module's own parameters must.
            constraint: the first value's constraint; an existing parameter keeps its own.

        Returns:
            The constrained value.

        Raises:
            ValueError: if the first value is outside the constraint, or if the parameter was created here with a first
                value of another shape. One that was set, or loaded, may have any shape.

        Example:
            >>> import torch
            >>> store = ParamStoreDict()
            >>> store.setdefault("x", torch.tensor(0.5))
            tensor(0.5000, requires_grad=True)
            >>> store.setdefault("x", lambda: torch.randn(()))
            tensor(0.5000, requires_grad=True)
        """
        init = init_constrained_value
        parameter = self._contents.parameters.get(name)
        if parameter is None:
            first = init if isinstance(init, Tensor) else init()
            parameter = from_value(name, first, constraint)
            parameter.initial_shape = first.shape
            return self._contents.add(name, parameter).value()
        created = parameter.initial_shape
        if isinstance(init, Tensor) and created is not None and created != init.shape:
            raise ValueError(
                f"Parameter '{name}' was created with an initial value of shape {tuple(created)}, now comes one of "
                f"shape {tuple(init.shape)}. If another model left the parameter, call pyro.clear_param_store() first; "
                "if both are wanted, rename one; to change the shape on purpose, set "
                f"pyro.get_param_store()['{name}'] to a value.")
        return parameter.value()

    def named_parameters(self) -> ItemsView[str, Tensor]:
        """Pairs of a name and the leaf tensor, which an optimiser may change."""
        return {name: parameter.leaf for name, parameter in self._contents.parameters.items()}.items()

    def get_all_param_names(self) -> KeysView[str]:
        """Deprecated name of :meth:`keys`."""
        warnings.warn("get_all_param_names() of the parameter store is deprecated: use keys().", DeprecationWarning,
                      stacklevel=2)
        return self.keys()

    def replace_param(self, param_name: str, new_param: Tensor, old_param: Tensor) -> None:
        """Deprecated form of ``store[param_name] = new_param``.

        Args:
            param_name: the parameter's name.
            new_param: its new constrained value.
            old_param: the value that is replaced.

        Raises:
            ValueError: if ``old_param`` is not the parameter's value.
        """
        warnings.warn("replace_param() of the parameter store is deprecated: use store[name] = value.",
                      DeprecationWarning, stacklevel=2)
        handle = getattr(old_param, "unconstrained", None)
        if handle is None or handle() is not self._find(param_name).leaf:
            raise ValueError(f"Parameter '{param_name}': old_param is not its value in the store. Use "
                             "store[name] = value, which asks for no old value.")
        self[param_name] = new_param

    def get_param(
        self,
        name: str,
        init_tensor: Tensor | Callable[[], Tensor] | None = None,
        constraint: Constraint = constraints.real,
        event_dim: int | None = None,
    ) -> Tensor:
        """What :func:`pyro.param` calls: :meth:`setdefault`, or a plain look-up where no first value is given.

        Args:
            name: the parameter's name.
            init_tensor: its first value or a function that returns it.
            constraint: the first value's constraint.
            event_dim: accepted for :func:`pyro.param`, whose plates read it; the store has no use for it.

        Returns:
            The constrained value.

        Raises:
            KeyError: if there is no parameter of that name and no first value.
        """
        if init_tensor is None:
            return self[name]
        return self.setdefault(name, init_tensor, constraint)

    def match(self, name: str) -> dict[str, Tensor]:
        """Values of the parameters whose names a regular expression matches from the start.

        Args:
            name: the regular expression.

        Returns:
            A dict from names to constrained values.
        """
        pattern = re.compile(name)
        return {key: parameter.value() for key, parameter in self._contents.parameters.items() if pattern.match(key)}

    def param_name(self, p: Tensor) -> str | None:
        """The name of the parameter whose leaf tensor is ``p``, if there is one.

        Args:
            p: a leaf tensor.
        """
        return self._contents.names.get(id(p))

    def get_state(self) -> StateDict:
        """The parameters, as a dict that :meth:`set_state` takes. The leaf tensors are not copied."""
        parameters = self._contents.parameters
        return {"params": {name: parameter.leaf for name, parameter in parameters.items()},
                "constraints": {name: parameter.constraint for name, parameter in parameters.items()}}

    def set_state(self, state: StateDict) -> None:
        """Adds or replaces the parameters of a state; others stay. The leaf tensors are not copied.

        Args:
            state: from :meth:`get_state`, or the content of a file that :meth:`save` wrote.

        Raises:
            ValueError: if the state is malformed. The store is left as it was.
        """
        parameters = _parameters(state)
        for name, parameter in parameters.items():
            self._contents.put(name, parameter)

    def save(self, filename: Filename) -> None:
        """Writes the parameters to a file that can be read without running code.

        Args:
            filename: where to write.

        Raises:
            ValueError: if a constraint has no tag (:func:`pyro.ops.constraint_tags.register`).
        """
        safe_file.save(self.get_state(), filename)

    def load(self, filename: Filename, map_location: MAP_LOCATION = None) -> None:
        """Adds or replaces the parameters of a file that this or an older Pyro wrote.

        A module that was registered before keeps its own tensors until it is registered again with
        ``pyro.module(name, module, update_module_params=True)``.

        Args:
            filename: the file.
            map_location: where to put the tensors, as in :func:`torch.load`.

        Raises:
            ValueError: if the file is damaged or holds anything else. The store is left as it was.
        """
        self.set_state(safe_file.load(filename, map_location))

    @contextmanager
    def scope(self, state: StateDict | None = None) -> Iterator[StateDict]:
        """Gives the current thread or task contents of its own inside a ``with`` block.

        Args:
            state: parameters to start with; none by default. It is brought up to date when the block ends.

        Yields:
            ``state``, or a new one.

        Example:
            >>> import torch
            >>> store = ParamStoreDict()
            >>> with store.scope() as state:
            ...     store["x"] = torch.tensor(1.0)
            >>> "x" in store, "x" in state["params"]
            (False, True)
        """
        if state is None:
            state = {"params": {}, "constraints": {}}
        token = _scopes.set({**_scopes.get(), self: Contents()})
        try:
            self.set_state(state)
            yield state
            state.update(self.get_state())
        finally:
            _scopes.reset(token)

    def __getstate__(self) -> StateDict:
        return self.get_state()

    def __setstate__(self, state: StateDict) -> None:
        self._default = Contents()
        for name, parameter in _parameters(state).items():
            self._default.put(name, parameter)

    def _find(self, name: str) -> Parameter:
        try:
            return self._contents.parameters[name]
        except KeyError:
            raise KeyError(f"There is no parameter '{name}' in the store. Create it with "
                           f"pyro.param('{name}', initial_value), or run the model or guide that does.") from None


def _parameters(state: StateDict) -> dict[str, Parameter]:
    """The parameters of a state; all of it is checked before any of it is used."""
    if not isinstance(state, Mapping) or state.keys() != {"params", "constraints"}:
        found = f"the keys {list(state)}" if isinstance(state, Mapping) else f"a {type(state).__name__}"
        raise ValueError(f"Expected the state of a parameter store, a dict with the keys 'params' and 'constraints', "
                         f"got {found}. Pass what get_state() returned, or a file that save() wrote.")
    orphans = sorted(state["params"].keys() - state["constraints"].keys())
    if orphans:
        raise ValueError(f"The state of a parameter store has no constraints for the parameters {orphans}. Add them to "
                         "state['constraints'], for instance constraints.real.")
    return {name: from_state(name, leaf, state["constraints"][name]) for name, leaf in state["params"].items()}


def normalize_param_name(name: str) -> str:
    """A module's parameter name with a dot between module and parameter: ``m$$$w`` becomes ``m.w``.

    Args:
        name: a name in the store.
    """
    return name.replace(_MODULE_NAMESPACE_DIVIDER, ".")


def user_param_name(param_name: str) -> str:
    """The parameter's part of a module's parameter name: ``w`` of ``m$$$w``; other names stay.

    Args:
        param_name: a name in the store.
    """
    return param_name.split(_MODULE_NAMESPACE_DIVIDER)[1] if _MODULE_NAMESPACE_DIVIDER in param_name else param_name


def module_from_param_with_module_name(param_name: str) -> str:
    """The module's part of a module's parameter name: ``m`` of ``m$$$w``; other names stay.

    Args:
        param_name: a name in the store.
    """
    return param_name.split(_MODULE_NAMESPACE_DIVIDER)[0]


def param_with_module_name(pyro_name: str, param_name: str) -> str:
    """The store's name for a module's parameter: ``m$$$w`` of ``m`` and ``w``.

    Args:
        pyro_name: the name the module was registered under.
        param_name: the parameter's name in the module.
    """
    return _MODULE_NAMESPACE_DIVIDER.join([pyro_name, param_name])


_PYRO_PARAM_STORE = ParamStoreDict()
