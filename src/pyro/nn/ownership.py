"""How the parameters of modules and the parameter store are kept one.

By default the store owns parameters: the first module that reads a name brings its tensor there. A module that finds
another tensor under the name takes it over, which is how loaded values reach modules. If another module brought it,
that depends:

- modules that were named alike on purpose share it;
- where that module still uses it, this one keeps its own, and the name stands for that from here on: two instances of
  a class do not share values. A guide, which is named after its class, takes over what an earlier one has learnt;
- where it does not, a ``PyroParam`` takes the value over, and an ``nn.Parameter`` stays.

A warning says so where the other module is still in use. In one run a name cannot stand for two tensors: that raises.

Under the setting ``module_local_params`` statements return the module's own tensor and the store is left alone.
"""

import warnings
from typing import Any
from weakref import ref

from torch import Tensor, nn
from torch.distributions import constraints
from torch.distributions.constraints import Constraint
from torch.utils.weak import WeakTensorKeyDictionary

from pyro.nn.context import _Context
from pyro.params.param_store import param_with_module_name
from pyro.params.parameter import from_state
from pyro.poutine.runtime import _PYRO_PARAM_STORE, _PYRO_STACK, apply_stack, new_message
from pyro.poutine.trace_messenger import TraceMessenger
from pyro.settings import values

__all__ = ["announce", "drop", "read", "update_store"]

# which module brought a tensor to the store
_owners = WeakTensorKeyDictionary()


def read(
    owner: nn.Module, key: str, fullname: str, context: _Context,
    declared: tuple[Constraint, int | None] | None = None,
) -> Tensor:
    """Makes a param statement for a module's parameter.

    Args:
        owner: the module.
        key: the parameter's name in the module.
        fullname: its name in the program.
        context: the run of the tree of modules.
        declared: a PyroParam's constraint and event_dim; ``None`` for an ``nn.Parameter``.

    Returns:
        The constrained value.

    Raises:
        RuntimeError: if another module's parameter has the name in this run.
    """
    own = owner._parameters[key]
    assert own is not None
    # functional_call and torch.export put other tensors in the parameter's place, which are nobody's parameters; they
    # may pass for Parameters in isinstance
    is_local = values.module_local_params or not issubclass(type(own), nn.Parameter)
    if not is_local and _PYRO_PARAM_STORE.param_name(own) != fullname:
        own = _agree(owner, key, own, fullname, context, declared)
    constraint, event_dim = declared or (constraints.real, None)

    def local_value(*args: Any, **kwargs: Any) -> Tensor:
        return from_state(fullname, own, constraint).value()

    fn = local_value if is_local else _PYRO_PARAM_STORE.get_param
    args = (fullname, own) if declared is None else (fullname,)
    msg = new_message("param", fullname, fn, args, {"constraint": constraint, "event_dim": event_dim})
    value: Tensor = apply_stack(msg)["value"]
    return value


def announce(module: nn.Module, name: str, context: _Context) -> None:
    """Makes param statements for all parameters of a module that is no PyroModule, as :func:`pyro.module` does.

    Args:
        module: the module.
        name: its name.
        context: the run of the tree of modules.
    """
    for path, owner in module.named_modules():
        for key, own in owner._parameters.items():
            if own is not None and own.requires_grad:
                fullname = param_with_module_name(name, f"{path}.{key}" if path else key)
                read(owner, key, fullname, context)


def update_store(fullname: str, leaf: Tensor, constraint: Constraint) -> None:
    """Makes a tensor the store's under a name that it has already.

    Args:
        fullname: the name.
        leaf: the unconstrained tensor.
        constraint: the value's constraint.
    """
    if not values.module_local_params and fullname in _PYRO_PARAM_STORE:
        _PYRO_PARAM_STORE.set_state({"params": {fullname: leaf}, "constraints": {fullname: constraint}})


def drop(fullname: str) -> None:
    """Removes a parameter from the store, or all of a submodule's.

    Args:
        fullname: the name of the parameter or submodule.
    """
    if not values.module_local_params:
        below = (f"{fullname}.", param_with_module_name(fullname, ""))
        for name in [name for name in _PYRO_PARAM_STORE if name == fullname or name.startswith(below)]:
            del _PYRO_PARAM_STORE[name]


def _agree(
    owner: nn.Module, key: str, own: nn.Parameter, fullname: str, context: _Context,
    declared: tuple[Constraint, int | None] | None,
) -> nn.Parameter:
    """Makes the module's tensor and the store's one, and returns it."""
    constraint = constraints.real if declared is None else declared[0]
    if fullname not in _PYRO_PARAM_STORE:
        return _bring(owner, own, fullname, constraint)
    leaf: Tensor = _PYRO_PARAM_STORE[fullname].unconstrained()  # type: ignore[attr-defined]
    if leaf is own:
        return own
    was_brought = leaf in _owners
    other = None if context.is_named else _user(leaf, owner)
    is_apart = declared is None or (other is not None and not context.inherits)
    is_kept = is_apart and was_brought and not context.is_named
    if is_kept and other is not None:
        _check_run(owner, other, leaf, fullname)
    _warn(owner, own, leaf, fullname, other, is_kept)
    if is_kept:
        return _bring(owner, own, fullname, constraint)
    if not isinstance(leaf, nn.Parameter):
        leaf = nn.Parameter(leaf.detach())
        update_store(fullname, leaf, constraint)
    owner._parameters[key] = leaf
    return leaf


def _bring(owner: nn.Module, own: nn.Parameter, fullname: str, constraint: Constraint) -> nn.Parameter:
    _PYRO_PARAM_STORE.set_state({"params": {fullname: own}, "constraints": {fullname: constraint}})
    _owners[own] = ref(owner)
    return own


def _user(leaf: Tensor, owner: nn.Module) -> nn.Module | None:
    """The other module that brought a tensor, if it still uses it."""
    other = _owners[leaf]() if leaf in _owners else None
    is_used = other is not None and other is not owner and any(p is leaf for p in other._parameters.values())
    return other if is_used else None


def _check_run(owner: nn.Module, other: nn.Module, leaf: Tensor, fullname: str) -> None:
    """Raises where both modules take part in a run that is recorded: of the two, one would not be trained."""
    for handler in _PYRO_STACK:
        if not isinstance(handler, TraceMessenger) or fullname not in handler.trace:
            continue
        value = handler.trace.nodes[fullname]["value"]
        if hasattr(value, "unconstrained") and value.unconstrained() is leaf:
            raise RuntimeError(f"Parameter '{fullname}' belongs to two instances in one run, of "
                               f"{type(other).__name__} and {type(owner).__name__}. {_NAMES}, or make them attributes "
                               "of one PyroModule.")


_NAMES = "Give modules that are used together names of their own, PyroModule(name)"


def _warn(
    owner: nn.Module, own: Tensor, leaf: Tensor, fullname: str, other: nn.Module | None, is_kept: bool
) -> None:
    """Warns where one name stands for what was hardly meant to be one parameter."""
    remedy = (f"{_NAMES}, call pyro.clear_param_store() between models, or use "
              "pyro.settings.set(module_local_params=True).")
    outcome = "keeps its own, and the name stands for that now" if is_kept else "takes over the store's value"
    if other is not None:
        warnings.warn(f"Parameter '{fullname}' belongs to two instances, of {type(other).__name__} and "
                      f"{type(owner).__name__}; the latter {outcome}. {remedy}", stacklevel=2)
    elif not is_kept and leaf.shape != own.shape:
        warnings.warn(f"Parameter '{fullname}' of a {type(owner).__name__} has unconstrained shape {tuple(own.shape)}, "
                      f"but the store's has {tuple(leaf.shape)}; the module {outcome}. {remedy}", stacklevel=2)
