"""Global settings: the values themselves and the registry of their public names.

Every value that holds for the whole process lives in :data:`values`, so there is one place to read it, one place to
set it and one way (:func:`context`) to restore it. Public names ("aliases") map to an attribute of a module, reached
through its import path, so that other packages can register settings of their own.

Example:
    >>> import pyro
    >>> with pyro.settings.context(cholesky_relative_jitter=1.0):
    ...     pyro.settings.get("cholesky_relative_jitter")
    1.0
    >>> pyro.settings.get("cholesky_relative_jitter")
    4.0
"""

import functools
import importlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, overload

__all__ = ["context", "get", "register", "set"]


@dataclass
class Values:
    """The settings that flashover itself reads.

    Attributes:
        validate: whether distributions, handlers and inference check their inputs.
        binomial_approx_sample_thresh: ``total_count`` above which Binomial draws from its Poisson or normal limit.
        binomial_approx_log_prob_tol: absolute error that Binomial's ``log_prob`` may make to save time.
        cholesky_relative_jitter: multiple of the machine epsilon added to a diagonal before a Cholesky decomposition.
        module_local_params: whether a PyroModule owns its parameters instead of sharing them by name in the store.
        progress_bar: whether long runs show progress; ``None`` leaves it to where the output goes.
        eager_random_numbers: whether a compiled run draws the very numbers that eager steps would draw, one step at a
            time; slower, to compare the two. Without it the numbers of many steps are drawn at once.
        strict_rounding: whether compiled runs keep the program's order of operations: no sum in another order, no fused
            multiplication and addition. Slower; where the operations are rounded the same, results equal eager's to the
            last bit.
        inductor: whether long runs are compiled by Inductor, in another process, where they are too large for a loop
            program.
        inductor_directory: where compiled steps are kept; ``None`` leaves it to the environment variable
            ``FLASHOVER_INDUCTOR_DIR``, and without that to the user's cache.
        inductor_gigabytes: how much of the disk they may take; those not used for longest are removed first.
    """

    validate: bool = __debug__
    binomial_approx_sample_thresh: float = math.inf
    binomial_approx_log_prob_tol: float = 0.0
    cholesky_relative_jitter: float = 4.0
    module_local_params: bool = False
    progress_bar: bool | None = None
    eager_random_numbers: bool = False
    strict_rounding: bool = False
    inductor: bool = True
    inductor_directory: str | None = None
    inductor_gigabytes: float = 2.0


@dataclass(frozen=True)
class _Setting:
    module: str
    path: str
    validator: Callable[[Any], object] | None

    def _owner(self) -> tuple[Any, str]:
        *owners, attribute = self.path.split(".")
        return functools.reduce(getattr, owners, importlib.import_module(self.module)), attribute

    def read(self) -> Any:
        return getattr(*self._owner())

    def write(self, value: Any) -> None:
        setattr(*self._owner(), value)


values = Values()
_registry: dict[str, _Setting] = {}


def _find(alias: str) -> _Setting:
    try:
        return _registry[alias]
    except KeyError:
        known = ", ".join(sorted(_registry))
        raise KeyError(f"Unknown setting '{alias}'. Expected one of: {known}. Register new ones with "
                       "pyro.settings.register(alias, modulename, deepname).") from None


@overload
def get(alias: str) -> Any: ...
@overload
def get(alias: None = None) -> dict[str, Any]: ...
def get(alias: str | None = None) -> Any:
    """Reads one setting, or all of them.

    Args:
        alias: the setting's public name; ``None`` for all.

    Returns:
        The value, or a dict from every registered alias, sorted, to its value.

    Raises:
        KeyError: if no setting has that name.
    """
    if alias is not None:
        return _find(alias).read()
    return {name: _registry[name].read() for name in sorted(_registry)}


def set(**kwargs: Any) -> None:
    """Sets any number of settings, all of them or, where one is refused, none.

    Args:
        **kwargs: new values by alias.

    Raises:
        KeyError: if no setting has one of the names.
        Exception: whatever a setting's validator raises for a bad value.
    """
    settings = {alias: _find(alias) for alias in kwargs}
    for alias, setting in settings.items():
        if setting.validator is not None:
            setting.validator(kwargs[alias])
    for alias, setting in settings.items():
        setting.write(kwargs[alias])


@contextmanager
def context(**kwargs: Any) -> Iterator[None]:
    """Sets settings inside a ``with`` block (or a decorated function) and restores them after it.

    Args:
        **kwargs: temporary values by alias.
    """
    before = {alias: get(alias) for alias in kwargs}
    set(**kwargs)
    try:
        yield
    finally:
        set(**before)


def register(
    alias: str, modulename: str, deepname: str, validator: Callable[[Any], object] | None = None
) -> Callable[..., Any]:
    """Registers a setting that lives in a module.

    Args:
        alias: public name, a Python identifier.
        modulename: import path of the module that holds the value, usually ``__name__``.
        deepname: the value's name in that module; dots reach into objects.
        validator: called with every new value, raises if it is bad. May be given later, by using the result as a
            decorator of the validator.

    Returns:
        A decorator that attaches a validator and returns it unchanged.

    Raises:
        ValueError: if the alias is taken by another setting or is no identifier.
    """
    if not alias.isidentifier():
        raise ValueError(f"Setting '{alias}' is not a Python identifier, so it could not be given as a keyword.")
    taken = _registry.get(alias)
    if taken is not None and (taken.module, taken.path) != (modulename, deepname):
        raise ValueError(f"Setting '{alias}' is already registered for {taken.module}.{taken.path}. Choose another "
                         "alias.")
    _registry[alias] = _Setting(modulename, deepname, validator)

    def attach(fn: Callable[[Any], object]) -> Callable[[Any], object]:
        _registry[alias] = _Setting(modulename, deepname, fn)
        return fn

    return attach


def _instance_of(*types: type) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not isinstance(value, types):
            expected = " or ".join(t.__name__ for t in types)
            raise TypeError(f"Expected a {expected}, got {value!r} of type {type(value).__name__}.")

    return check


def _at_least(bound: float) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        _instance_of(int, float)(value)
        if not value >= bound:
            raise ValueError(f"Expected a number of at least {bound}, got {value!r}.")

    return check


for _name in ("validate_distributions_pyro", "validate_infer", "validate_poutine"):
    register(_name, __name__, "values.validate", _instance_of(bool))
register("validate_distributions_torch", "torch.distributions.distribution", "Distribution._validate_args",
         _instance_of(bool))
register("module_local_params", __name__, "values.module_local_params", _instance_of(bool))
register("eager_random_numbers", __name__, "values.eager_random_numbers", _instance_of(bool))
register("strict_rounding", __name__, "values.strict_rounding", _instance_of(bool))
register("inductor", __name__, "values.inductor", _instance_of(bool))
register("inductor_directory", __name__, "values.inductor_directory", _instance_of(str, type(None)))
register("progress_bar", __name__, "values.progress_bar", _instance_of(bool, type(None)))
for _name, _bound in (("binomial_approx_sample_thresh", 1.0), ("binomial_approx_log_prob_tol", 0.0),
                      ("cholesky_relative_jitter", 0.0), ("inductor_gigabytes", 0.0)):
    register(_name, __name__, f"values.{_name}", _at_least(_bound))
