"""What a PyroModule's attribute can be declared as: a constrained parameter or a random variable.

Both can be assigned to an attribute, or decorate a method of the class whose result is the initial value or the
distribution.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor
from torch.distributions import constraints
from torch.distributions.constraints import Constraint

if TYPE_CHECKING:
    from pyro.nn.module import PyroModule

__all__ = ["PyroParam", "PyroSample"]


class PyroParam(NamedTuple):
    """A learnable attribute of a :class:`~pyro.nn.PyroModule`, under a constraint.

    As a decorator, with or without arguments, it makes the result of a method the initial value; the method runs when
    the attribute is first read, or loaded from a ``state_dict``.

    Args:
        init_value: the first value, or a function without arguments that returns it.
        constraint: what values are allowed.
        event_dim: how many of the rightmost dims belong to no plate, see :func:`pyro.param`.

    Example:
        >>> import torch
        >>> from pyro.nn import PyroModule
        >>> class Model(PyroModule):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.scale = PyroParam(torch.ones(3), constraint=constraints.positive)
        ...     @PyroParam(constraint=constraints.simplex)
        ...     def weights(self):
        ...         return torch.full((4,), 0.25)
        >>> Model().scale.shape, Model().weights.shape
        (torch.Size([3]), torch.Size([4]))
    """

    init_value: Tensor | Callable[..., Tensor] | None = None
    constraint: Constraint = constraints.real
    event_dim: int | None = None

    def __get__(self, instance: "PyroModule | None", owner: "type[PyroModule]") -> Any:
        if instance is None:
            return self
        init = self.init_value
        name = getattr(init, "__name__", None)
        if not callable(init) or name is None:
            raise AttributeError(f"PyroParam in the class {owner.__name__}: expected a method to decorate, got "
                                 f"{init!r}. Assign values in __init__: self.name = PyroParam(value).")
        if not instance._pyro_declares(name):
            setattr(instance, name, self._replace(init_value=partial(init, instance)))
        return instance.__getattr__(name)

    def __call__(self, init_value: Callable[..., Tensor]) -> "PyroParam":
        """Decorates a method.

        Raises:
            AssertionError: if there is an initial value already.
        """
        if self.init_value is not None:
            raise AssertionError(f"PyroParam: there is an initial value {self.init_value!r} already, so nothing can be "
                                 "decorated with it. Pass constraint= and event_dim= only.")
        return self._replace(init_value=init_value)


@dataclass(frozen=True)
class PyroSample:
    """A random attribute of a :class:`~pyro.nn.PyroModule`: sampled once in a run of the module.

    As a decorator it makes the result of a method the distribution. A function, or method, that returns a tensor makes
    a deterministic site instead.

    Args:
        prior: a distribution, or a function of the module that returns one and may read its other attributes.

    Raises:
        TypeError: if the prior cannot be called.
        AssertionError: if it is a function, but not of one argument.

    Example:
        >>> import pyro.distributions as dist
        >>> from pyro.nn import PyroModule
        >>> class Model(PyroModule):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.loc = PyroSample(dist.Normal(0.0, 1.0))
        ...     @PyroSample
        ...     def x(self):
        ...         return dist.Normal(self.loc, 1.0)
        ...     def forward(self):
        ...         return self.x
        >>> Model()().shape
        torch.Size([])
    """

    prior: Any

    def __post_init__(self) -> None:
        if not callable(self.prior):
            raise TypeError(f"PyroSample: {self.prior!r} is not a callable object. Pass a distribution, or a function "
                            "of the module that returns one.")
        if is_distribution(self.prior):
            return
        try:
            inspect.signature(self.prior).bind(None)
        except TypeError:
            raise AssertionError(f"PyroSample: prior should take the single argument 'self', the module, but "
                                 f"{self.prior!r} does not. Write lambda self: ....") from None
        except ValueError:  # a builtin without a signature
            pass

    def __set_name__(self, owner: "type[PyroModule]", name: str) -> None:
        object.__setattr__(self, "_name", name)

    def __get__(self, instance: "PyroModule | None", owner: "type[PyroModule]") -> Any:
        if instance is None:
            return self
        name: str = self.__dict__["_name"]
        if instance._pyro_declares(name):
            return instance.__getattr__(name)
        return instance._read_sample(name, self.prior)


def is_distribution(prior: Any) -> bool:
    """Whether a prior is a distribution rather than a function that returns one.

    Args:
        prior: what a PyroSample was given.
    """
    return hasattr(prior, "sample") and not isinstance(prior, type)
