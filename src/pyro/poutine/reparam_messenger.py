"""Replaces sites by other parametrisations of the same distribution."""

from collections.abc import Callable, Mapping
from typing import Any

from pyro.distributions.delta import Delta
from pyro.ops.shown_once import warn_once
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message, apply_stack, new_message
from pyro.poutine.util import site_is_subsample


class ReparamHandler:
    """A program inside a :class:`ReparamMessenger`, which tells its reparametrisers the program's arguments.

    Args:
        msngr: the handler.
        fn: the program.
    """

    def __init__(self, msngr: "ReparamMessenger", fn: Callable[..., Any]) -> None:
        self.msngr = msngr
        self.fn = fn

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.msngr._args_kwargs = args, kwargs
        try:
            with self.msngr:
                return self.fn(*args, **kwargs)
        finally:
            self.msngr._args_kwargs = None


class ReparamMessenger(Messenger):
    """Hands sample sites to reparametrisers, which may make sites of their own and return what remains of the site.

    Where handlers around give latent sites values to begin with, as those of ``init_to_value``, they are asked for the
    value of the site itself, and the reparametriser finds the values of its own sites that lead to it.

    Args:
        config: reparametrisers by site name, or a function from a message to a reparametriser or ``None``.

    Reference:
        M. I. Gorinova, D. Moore and M. D. Hoffman (2019), *Automatic reparameterisation of probabilistic programs*.
    """

    def __init__(self, config: Mapping[str, Any] | Callable[[Message], Any]) -> None:
        if not isinstance(config, Mapping) and not callable(config):
            raise AssertionError(f"reparam: expected config to be a dict of reparametrisers by site, or a function of "
                                 f"a site, got {config!r}.")
        super().__init__()
        self.config = config
        self._args_kwargs: tuple[tuple[Any, ...], dict[str, Any]] | None = None

    def __call__(self, fn: Callable[..., Any]) -> ReparamHandler:
        return ReparamHandler(self, fn)

    def _pyro_sample(self, msg: Message) -> None:
        if site_is_subsample(msg):
            return
        name = str(msg["name"])
        reparam = self.config.get(name) if isinstance(self.config, Mapping) else self.config(msg)
        if reparam is None:
            return
        if not callable(getattr(reparam, "apply", None)):
            raise AttributeError(f"Site '{name}': expected a reparametriser with a method apply(), got {reparam!r}. "
                                 "Use a class of pyro.infer.reparam.")
        was_latent = not msg["is_observed"]
        if was_latent and msg["value"] is None:
            _propose_value(msg)
        reparam.args_kwargs = self._args_kwargs
        try:
            new = _apply(reparam, msg)
        finally:
            reparam.args_kwargs = None
        fn, value, is_observed = new["fn"], new["value"], new["is_observed"]
        if value is not None and fn is None:
            # all that the site stood for is done elsewhere: what remains is the computed value
            fn = Delta(value, event_dim=msg["fn"].event_dim).mask(False)
            is_observed = True
            msg["infer"] = {**msg["infer"], "_deterministic": True}
        elif is_observed and was_latent:
            msg["infer"] = {**msg["infer"], "_deterministic": True}
        elif value is not None and not is_observed:
            msg["done"] = True
        msg["fn"] = fn
        msg["value"] = value
        msg["is_observed"] = is_observed


def _propose_value(msg: Message) -> None:
    """Asks the handlers around that know where to begin, innermost first, for a value of a latent site."""
    for handler in reversed(apply_stack(new_message("get_init_messengers", None, list))["value"]):
        handler._process_message(msg)


def _apply(reparam: Any, msg: Message) -> Any:
    def result() -> Any:
        return reparam.apply({key: msg[key] for key in ("name", "fn", "value", "is_observed")})

    value = msg["value"]
    if msg["is_observed"] or value is None:
        return result()
    try:
        return result()
    except NotImplementedError:
        if bool((value != 0).any()):  # zero is what is proposed where there is no preference
            warn_once(f"Site '{msg['name']}': {type(reparam).__name__} does not commute with initialization: no "
                      "values of its own sites lead to the proposed one. They begin where they would by default; "
                      "propose values for them by their names.", RuntimeWarning, stacklevel=2)
        msg["value"] = None
        msg["done"] = False
        return result()
