"""How the parameters of modules and the parameter store are kept one.

By default the store owns parameters: the first module that reads a name brings its tensor there, and a module that
finds another tensor under the name takes it over, which is how loaded parameters reach modules. Where the other tensor
is another living module's, the two share it from there on; unless they were named the same on purpose, a warning says
so. Under the setting ``module_local_params`` statements return the module's own tensor and the store is left alone.
"""

import warnings
from typing import Any
from weakref import WeakValueDictionary

from torch import Tensor, nn
from torch.distributions import constraints
from torch.distributions.constraints import Constraint

from pyro.params.parameter import from_state
from pyro.params.param_store import param_with_module_name
from pyro.poutine.runtime import _PYRO_PARAM_STORE, apply_stack, new_message
from pyro.settings import values

__all__ = ["announce", "drop", "read", "update_store"]

# Which module brought a tensor to the store, by the tensor's id. Entries may be out of date, see _owner.
_owners: WeakValueDictionary[int, nn.Module] = WeakValueDictionary()


def read(
    owner: nn.Module, key: str, fullname: str, constraint: Constraint, event_dim: int | None, is_named: bool
) -> Tensor:
    """Makes a param statement for a module's parameter.

    Args:
        owner: the module.
        key: the parameter's name in the module.
        fullname: its name in the program.
        constraint: the value's constraint.
        event_dim: how many of the rightmost dims belong to no plate.
        is_named: whether the user chose the name of the tree of modules.

    Returns:
        The constrained value.
    """
    own = owner._parameters[key]
    assert own is not None
    # what torch.func.functional_call put in the parameter's place is nobody's parameter
    is_local = values.module_local_params or not isinstance(own, nn.Parameter)
    if not is_local and _PYRO_PARAM_STORE.param_name(own) != fullname:
        own = _agree(owner, key, own, fullname, constraint, is_named)

    def local_value(*args: Any, **kwargs: Any) -> Tensor:
        return from_state(fullname, own, constraint).value()

    fn = local_value if is_local else _PYRO_PARAM_STORE.get_param
    args = (fullname, own) if constraint is constraints.real else (fullname,)
    msg = new_message("param", fullname, fn, args, {"constraint": constraint, "event_dim": event_dim})
    value: Tensor = apply_stack(msg)["value"]
    return value


def announce(module: nn.Module, name: str, is_named: bool) -> None:
    """Makes param statements for all parameters of a module that is no PyroModule, as :func:`pyro.module` does.

    Args:
        module: the module.
        name: its name.
        is_named: whether the user chose the name of the tree of modules.
    """
    for path, owner in module.named_modules():
        for key, own in owner._parameters.items():
            if own is not None and own.requires_grad:
                fullname = param_with_module_name(name, f"{path}.{key}" if path else key)
                read(owner, key, fullname, constraints.real, None, is_named)


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
    """Removes a parameter from the store, if it is there.

    Args:
        fullname: its name.
    """
    if not values.module_local_params and fullname in _PYRO_PARAM_STORE:
        del _PYRO_PARAM_STORE[fullname]


def _agree(
    owner: nn.Module, key: str, own: nn.Parameter, fullname: str, constraint: Constraint, is_named: bool
) -> nn.Parameter:
    """Makes the module's tensor and the store's one, and returns it."""
    if fullname not in _PYRO_PARAM_STORE:
        _PYRO_PARAM_STORE.set_state({"params": {fullname: own}, "constraints": {fullname: constraint}})
        _owners[id(own)] = owner
        return own
    leaf: Tensor = _PYRO_PARAM_STORE[fullname].unconstrained()  # type: ignore[attr-defined]
    if leaf is own:
        return own
    _warn(owner, own, leaf, fullname, is_named)
    if not isinstance(leaf, nn.Parameter):
        leaf = nn.Parameter(leaf.detach())
        update_store(fullname, leaf, constraint)
    owner._parameters[key] = leaf
    _owners.setdefault(id(leaf), owner)
    return leaf


def _warn(owner: nn.Module, own: Tensor, leaf: Tensor, fullname: str, is_named: bool) -> None:
    """Warns where a module takes over what was hardly meant for it."""
    remedy = ("Call pyro.clear_param_store() between models, give modules that are used together names of their own, "
              "PyroModule(name), or use pyro.settings.set(module_local_params=True).")
    if leaf.shape != own.shape:
        warnings.warn(f"Parameter '{fullname}' of a {type(owner).__name__} has unconstrained shape {tuple(own.shape)}, "
                      f"but the store's has {tuple(leaf.shape)}; the module takes over the store's. {remedy}",
                      stacklevel=2)
    other = _owners.get(id(leaf))
    is_shared = other is not None and any(parameter is leaf for parameter in other._parameters.values())
    if is_shared and other is not owner and not is_named:
        warnings.warn(f"Parameter '{fullname}' belongs to two instances, of {type(other).__name__} and "
                      f"{type(owner).__name__}; they share its value from here on, that of the one used first. "
                      f"{remedy}", stacklevel=2)
