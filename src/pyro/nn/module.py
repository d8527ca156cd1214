"""Modules whose parameters a probabilistic program learns, constrains or draws at random.

A :class:`PyroModule` is a ``torch.nn.Module``. While it runs, reading a parameter makes a param statement and reading
a random attribute makes a sample statement, named by the path from the root of the modules, such as ``encoder.scale``.
Outside of runs the same attributes are plain tensors.

Who owns a parameter: the parameter store, as all of Pyro's parameters, so that a module takes over what was loaded
there (:mod:`pyro.nn.ownership`). Under the setting ``module_local_params`` the module owns it and the store is left
alone.
"""

import copyreg
import operator
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, TypeVar, cast

from torch import Tensor, nn
from torch.distributions.constraints import Constraint

from pyro import primitives
from pyro.nn import ownership
from pyro.nn.attributes import PyroParam, PyroSample, is_distribution
from pyro.nn.context import _Context
from pyro.ops.provenance import detach_provenance
from pyro.params.parameter import from_state, from_value

__all__ = ["PyroModule", "PyroModuleList", "PyroParam", "PyroSample", "clear", "pyro_method", "to_pyro_module_"]

F = TypeVar("F", bound=Callable[..., Any])

_UNCONSTRAINED = "_unconstrained"


def pyro_method(fn: F) -> F:
    """Makes a method of a :class:`PyroModule` a run of the module, as a call of it is.

    Args:
        fn: the method.

    Example:
        >>> import pyro.distributions as dist
        >>> class Model(PyroModule):
        ...     @PyroSample
        ...     def z(self):
        ...         return dist.Normal(0.0, 1.0)
        ...     @pyro_method
        ...     def twice(self):
        ...         return self.z == self.z
        >>> Model().twice()
        tensor(True)
    """

    @wraps(fn)
    def run(self: PyroModule, *args: Any, **kwargs: Any) -> Any:
        with self._pyro_context:
            return fn(self, *args, **kwargs)

    return cast(F, run)


class _PyroModuleMeta(type):
    """Makes ``PyroModule[nn.Linear]`` the class that is both, one class for each argument."""

    def __getitem__(cls, module_class: type[nn.Module]) -> "type[PyroModule]":
        if not (isinstance(module_class, type) and issubclass(module_class, nn.Module)):
            raise AssertionError(f"{cls.__name__}[...]: expected a subclass of torch.nn.Module, got {module_class!r}.")
        if issubclass(module_class, PyroModule):
            return module_class
        if issubclass(cls, module_class):
            return cls  # type: ignore[return-value]
        known = _combined.get((cls, module_class))
        return _combined.setdefault((cls, module_class), _combine(cls, module_class)) if known is None else known


_combined: "dict[tuple[type, type[nn.Module]], type[PyroModule]]" = {}


def _combine(cls: type, module_class: type[nn.Module]) -> "type[PyroModule]":
    first = (_FlatWeights,) if issubclass(module_class, nn.RNNBase) else ()
    name = f"Pyro{module_class.__name__}"
    contents = {"__module__": __name__, "__doc__": f"``{module_class.__name__}`` as a PyroModule.",
                "_pyro_made_of": (cls, module_class)}
    return type(cls)(name, (*first, module_class, cls), contents)


def _reduce(cls: type) -> Any:
    """How classes are pickled: combined ones by what they were made of, others by name."""
    parts = vars(cls).get("_pyro_made_of")
    return cls.__qualname__ if parts is None else (operator.getitem, parts)


copyreg.pickle(_PyroModuleMeta, _reduce)


class _FlatWeights:
    """For recurrent modules, which keep a second list of their weights: reads the attributes instead."""

    _flat_weights_names: list[str]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name, None) for name in self._flat_weights_names]

    @_flat_weights.setter
    def _flat_weights(self, weights: list[Any]) -> None:
        """Does nothing: the weights are the attributes."""


class PyroModule(nn.Module, metaclass=_PyroModuleMeta):
    """A ``torch.nn.Module`` with constrained parameters and random attributes.

    - ``PyroModule[nn.Linear]`` is the class of linear modules that are PyroModules too.
    - ``self.x = PyroParam(value, constraint)`` declares a parameter, ``self.x = PyroSample(prior)`` a random attribute;
      both decorate methods as well. An ``nn.Parameter`` stays what it is, and becomes random by assigning a PyroSample.
    - A call of the module is one run: a random attribute has one value in it. :func:`pyro_method` makes other methods
      runs.
    - PyroModules in attributes are submodules. Statements are named by the path from the root.

    Args:
        name: stands before the names of the root's statements. Modules that are to share parameters on purpose are
            given the same name; ``""`` puts nothing there.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> linear = PyroModule[nn.Linear](2, 1)
        >>> linear.weight = PyroSample(dist.Normal(0.0, 1.0).expand([1, 2]).to_event(2))
        >>> sorted(pyro.poutine.trace(linear).get_trace(torch.ones(3, 2)).nodes)
        ['_INPUT', '_RETURN', 'bias', 'weight']
    """

    _pyro_name: str
    _pyro_context: _Context
    _pyro_params: OrderedDict[str, tuple[Constraint, int | None]]
    _pyro_samples: OrderedDict[str, Any]

    def __init__(self, name: str = "") -> None:
        # first, as nn.Module's own assignments pass through __setattr__
        _prepare(self, name)
        super().__init__()

    def _pyro_get_fullname(self, name: str) -> str:
        """The name that a statement for an attribute has."""
        return f"{self._pyro_name}.{name}" if self._pyro_name else name

    def _pyro_set_supermodule(self, name: str, context: _Context) -> None:
        """Makes this a submodule: it gets its full name, and shares the run of the root."""
        self._pyro_name = name
        self._pyro_context = context
        for key, child in self._modules.items():
            if isinstance(child, PyroModule):
                child._pyro_set_supermodule(self._pyro_get_fullname(key), context)

    def add_module(self, name: str, module: nn.Module | None) -> None:
        """Adds a submodule, as an assignment to an attribute does.

        Args:
            name: the attribute.
            module: the submodule.
        """
        if isinstance(module, PyroModule):
            module._pyro_set_supermodule(self._pyro_get_fullname(name), self._pyro_context)
        super().add_module(name, module)

    def named_pyro_params(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """Iterates over pairs of a name and a constrained value.

        Args:
            prefix: stands before all names.
            recurse: whether submodules' parameters come as well.
        """
        for path, owner in self.named_modules(prefix=prefix) if recurse else [(prefix, self)]:
            for key, leaf in owner._parameters.items():
                if leaf is None:
                    continue
                name = key.removesuffix(_UNCONSTRAINED)
                is_declared = name != key and name in getattr(owner, "_pyro_params", ())
                name = name if is_declared else key
                yield f"{path}.{name}" if path else name, getattr(owner, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with self._pyro_context:
            return super().__call__(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        if name in own.get("_pyro_params", ()):
            return self._read_param(name + _UNCONSTRAINED, name, self._pyro_params[name])
        if name in own.get("_pyro_samples", ()):
            return self._read_sample(name, self._pyro_samples[name])
        value = super().__getattr__(name)
        if isinstance(value, PyroModule):
            if not value._pyro_name:  # it became a PyroModule in place, after it had been assigned
                value._pyro_set_supermodule(self._pyro_get_fullname(name), self._pyro_context)
        elif isinstance(value, nn.Module):
            if self._pyro_context.active:
                ownership.announce(value, self._pyro_get_fullname(name), self._pyro_context)
        elif isinstance(value, nn.Parameter) and not name.endswith(_UNCONSTRAINED) and value.requires_grad:
            return self._read_param(name, name)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, PyroModule | PyroParam | PyroSample) and "_pyro_context" not in self.__dict__:
            raise AttributeError(f"Cannot assign '{name}' before PyroModule.__init__() was called. Call "
                                 f"super().__init__() first in {type(self).__name__}.__init__.")
        if isinstance(value, PyroParam):
            self._pyro_declare_param(name, value)
        elif isinstance(value, PyroSample):
            self._pyro_forget(name)
            self._pyro_samples[name] = value.prior
        elif isinstance(value, nn.Module | nn.Parameter):
            self._pyro_forget(name)
            if isinstance(value, PyroModule):
                value._pyro_set_supermodule(self._pyro_get_fullname(name), self._pyro_context)
            super().__setattr__(name, value)
        elif isinstance(value, Tensor) and name in self.__dict__.get("_pyro_params", ()):
            self._pyro_assign(name, value)
        else:
            self.__dict__.get("_pyro_samples", {}).pop(name, None)
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if not self._pyro_forget(name):
            super().__delattr__(name)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # decorated parameters exist once they were read
        for name, declared in _declared_params(type(self)):
            if prefix + name + _UNCONSTRAINED in state_dict and not self._pyro_declares(name):
                declared.__get__(self, type(self))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _pyro_declares(self, name: str) -> bool:
        """Whether this instance has an attribute of its own beside what the class decorates."""
        return name in self._pyro_params or name in self._pyro_samples

    def _pyro_declare_param(self, name: str, param: PyroParam) -> None:
        init, constraint, event_dim = param
        self._pyro_forget(name)
        fullname = self._pyro_get_fullname(name)
        if init is None:
            raise AssertionError(f"Parameter '{fullname}': PyroParam has no initial value. Pass a tensor, or a "
                                 "function that returns one.")
        leaf = _leaf(fullname, init() if callable(init) else init, constraint)
        self._pyro_params[name] = constraint, event_dim
        super().__setattr__(name + _UNCONSTRAINED, nn.Parameter(leaf))

    def _pyro_assign(self, name: str, value: Tensor) -> None:
        """Gives a declared parameter another value."""
        constraint, fullname = self._pyro_params[name][0], self._pyro_get_fullname(name)
        own = self._parameters[name + _UNCONSTRAINED]
        assert own is not None
        own.data = _leaf(fullname, value, constraint)
        if self._pyro_context.used:
            ownership.update_store(fullname, own, constraint)

    def _pyro_forget(self, name: str) -> bool:
        """Removes an attribute, and its parameter from the store; whether there was one."""
        own = self.__dict__
        found = name in own.get("_pyro_samples", ()) or name in own.get("_parameters", ())
        if name in own.get("_pyro_params", ()):
            found = True
            del self._pyro_params[name], self._parameters[name + _UNCONSTRAINED]
        for kept in ("_pyro_samples", "_parameters", "_buffers", "_modules"):
            if own.get(kept, {}).pop(name, self) is not self:
                found = True
        found = own.pop(name, self) is not self or found
        if found and self._pyro_context.used:
            ownership.drop(self._pyro_get_fullname(name))
        return found

    def _read_param(self, key: str, name: str, declared: tuple[Constraint, int | None] | None = None) -> Tensor:
        """The value of a parameter: in a run by a param statement, else computed."""
        fullname = self._pyro_get_fullname(name)
        if self._pyro_context.active:
            return ownership.read(self, key, fullname, self._pyro_context, declared)
        own = self._parameters[key]
        assert own is not None
        return own if declared is None else from_state(fullname, own, declared[0]).value()

    def _read_sample(self, name: str, prior: Any) -> Any:
        """The value of a random attribute: in a run by a statement, once; else drawn."""
        context, fullname = self._pyro_context, self._pyro_get_fullname(name)
        value = context.get(fullname)
        if value is not None:
            return value
        if not is_distribution(prior):
            prior = prior(self)
        if not context.active:
            return prior if isinstance(prior, Tensor) else prior()
        make = primitives.deterministic if isinstance(prior, Tensor) else primitives.sample
        value = make(fullname, prior)
        context.set(fullname, value)
        return value


class PyroModuleList(nn.ModuleList, PyroModule):
    """A ``torch.nn.ModuleList`` in a :class:`PyroModule`; the same as ``PyroModule[nn.ModuleList]``.

    Args:
        modules: the submodules.
    """

    def __init__(self, modules: Iterable[nn.Module] | None) -> None:
        super().__init__(modules)

    def __getitem__(self, idx: int | slice) -> Any:
        if isinstance(idx, slice):  # a list of its own would rename the submodules
            return nn.ModuleList(list(self._modules.values())[idx])
        return getattr(self, list(self._modules)[idx])

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, key) for key in self._modules)


_combined[PyroModule, nn.ModuleList] = PyroModuleList


def clear(mod: PyroModule) -> None:
    """Removes the parameters, random attributes and submodules of a module, also from the parameter store.

    Args:
        mod: the module.
    """
    for kept in (mod._pyro_params, mod._pyro_samples, mod._parameters, mod._modules):
        while kept:
            mod._pyro_forget(next(iter(kept)))
    mod._pyro_context.used = False


def to_pyro_module_(m: nn.Module, recurse: bool = True) -> None:
    """Turns a module, in place, into the :class:`PyroModule` that its class becomes.

    Args:
        m: a module.
        recurse: whether its submodules are turned as well.

    Raises:
        TypeError: if ``m`` is no module.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        >>> to_pyro_module_(net)
        >>> net[0]
        PyroLinear(in_features=2, out_features=3, bias=True)
    """
    if not isinstance(m, nn.Module):
        raise TypeError(f"to_pyro_module_: Expected an nn.Module instance but got a {type(m)}.")
    if not isinstance(m, PyroModule):
        m.__class__ = PyroModule[type(m)]
        assert isinstance(m, PyroModule)
        m.__dict__.pop("_flat_weights", None)
        _prepare(m)
    for name, child in list(m._modules.items()) if recurse else ():
        if child is not None:
            to_pyro_module_(child)
            assert isinstance(child, PyroModule)
            child._pyro_set_supermodule(m._pyro_get_fullname(name), m._pyro_context)


def _prepare(module: PyroModule, name: str = "") -> None:
    """Gives a module what a PyroModule knows of itself."""
    context = _Context()
    context.inherits = name != ""
    context.is_named = context.inherits and name != type(module).__name__  # the default name of guides
    module.__dict__.update(_pyro_name=name, _pyro_context=context, _pyro_params=OrderedDict(),
                           _pyro_samples=OrderedDict())


def _declared_params(cls: type) -> Iterator[tuple[str, PyroParam]]:
    """The parameters that methods of a class are decorated as."""
    for base in cls.__mro__:
        yield from ((name, declared) for name, declared in vars(base).items() if isinstance(declared, PyroParam))


def _leaf(name: str, value: Tensor, constraint: Constraint) -> Tensor:
    """The unconstrained tensor for a value, which it shares nothing with."""
    start = detach_provenance(value).detach().clone() if isinstance(value, Tensor) else value
    return from_value(name, start, constraint).leaf.detach()
