"""Turns parameters into latent variables by giving them priors."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from pyro.distributions.distribution import Distribution
from pyro.ops.shown_once import warn_once
from pyro.params.param_store import user_param_name
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message


class LiftMessenger(Messenger):
    """Samples parameters from priors instead of taking them from the parameter store.

    Args:
        prior: one distribution for all parameters; or distributions by parameter name, where parameters without an
            entry stay parameters; or a function that returns a value, called with
            the arguments of :func:`pyro.param` after the name.
    """

    def __init__(self, prior: Distribution | Mapping[str, Any] | Callable[..., Any]) -> None:
        super().__init__()
        self.prior = prior

    def __enter__(self) -> "LiftMessenger":
        self._names: set[str] = set()
        return super().__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if exc_type is None and isinstance(self.prior, Mapping):
            unused = sorted(set(self.prior) - self._names - {user_param_name(name) for name in self._names})
            if unused:
                warn_once(f"lift: the prior has entries {unused} that are no parameters of the program, which has "
                          f"{sorted(self._names)}. Correct the names.", stacklevel=2)
        return super().__exit__(exc_type, exc_value, traceback)

    def _pyro_param(self, msg: Message) -> None:
        name = str(msg["name"])
        self._names.add(name)
        fn: Any = self.prior
        if isinstance(self.prior, Mapping):
            fn = self.prior.get(name, self.prior.get(user_param_name(name)))
            if fn is None:
                return
        if isinstance(fn, Distribution):
            msg["args"], msg["kwargs"] = (), {}
        else:
            # the function makes statements of its own: this one ends here
            msg["stop"] = True
            msg["args"] = msg["args"][1:]
        msg["fn"] = fn
        msg["type"] = "sample"
        msg["is_observed"] = False
        msg["infer"] = {}
