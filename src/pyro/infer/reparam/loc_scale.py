"""Decentring: a location-scale variable in units of its own scale, in part or in whole."""

import torch
from torch import Tensor
from torch.distributions import constraints

from pyro.distributions.delta import Delta
from pyro.distributions.stable import Stable
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult, forced_sample, unwrapped
from pyro.primitives import param

__all__ = ["LocScaleReparam"]


class LocScaleReparam(Reparam):
    r"""Draws a location-scale variable from a distribution whose place and width depend less on the parameters.

    .. math::
        z \sim p(c \, \mu, \sigma^c), \quad x = \mu + \sigma^{1 - c} (z - c \, \mu)

    With c = 1 that is the site itself, with c = 0 a standard variable, between them a variable that is best for data
    of middling strength: parameters of variational inference can find c (``centered=None``). The auxiliary site is
    ``<name>_decentered``. Under observed sites the density stays that of the data.

    Args:
        centered: c, a number or a tensor from 0 to 1; ``None`` for a parameter ``<name>_centered`` of the event's
            shape, which starts at 1/2.
        shape_params: the distribution's other parameters, which are passed on unchanged; ``None`` for all.

    Raises:
        AssertionError: if ``centered`` is no number from 0 to 1.

    Reference:
        M. I. Gorinova, D. Moore and M. D. Hoffman (2019), *Automatic reparameterisation of probabilistic programs*.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.Normal(3.0, 2.0))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": LocScaleReparam(0.0)})).get_trace()
        >>> trace.nodes["x_decentered"]["fn"]
        Normal(loc: 0.0, scale: 1.0)
    """

    def __init__(
        self, centered: float | Tensor | None = None, shape_params: list[str] | tuple[str, ...] | None = None
    ) -> None:
        if isinstance(centered, Tensor):
            valid = bool(((centered >= 0) & (centered <= 1)).all())
        else:
            valid = centered is None or (isinstance(centered, int | float) and 0 <= centered <= 1)
        if not valid:
            raise AssertionError(f"LocScaleReparam: expected centered to be a number or a tensor from 0 to 1, or None, "
                                 f"got {centered!r}.")
        if shape_params is not None and not all(isinstance(name, str) for name in shape_params):
            raise AssertionError(f"LocScaleReparam: expected shape_params to be parameters' names, got {shape_params}.")
        self.centered = centered
        self.shape_params = shape_params

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the site ``<name>_decentered``; see :meth:`Reparam.apply`.

        Raises:
            AttributeError: if the distribution has no ``loc`` or no ``scale``.
            ValueError: if it is not over the real line, where those do not shift and stretch.
        """
        name, fn, value, is_observed = msg["name"], msg["fn"], msg["value"], bool(msg["is_observed"])
        if isinstance(self.centered, int | float) and self.centered == 1:
            return {"fn": fn, "value": value, "is_observed": is_observed}
        base, rewrap = unwrapped(fn)
        _check_family(name, base)
        # where a family has a parametrisation that is no shift, ours is asked for the one that is
        loc, scale = base._loc0 if isinstance(base, Stable) else base.loc, base.scale
        centered = self._centered(name, loc.shape[loc.dim() - fn.event_dim:], loc)
        if self.shape_params is None:
            self.shape_params = tuple(key for key in base.arg_constraints if key not in ("loc", "scale"))
        params = {key: getattr(base, key) for key in self.shape_params}
        params["loc"] = torch.zeros_like(loc) if centered is None else centered * loc
        params["scale"] = torch.ones_like(scale) if centered is None else scale**centered
        stretch = scale if centered is None else scale ** (1 - centered)
        start = None if value is None else (value - loc) / stretch + params["loc"]
        decentered = forced_sample(f"{name}_decentered", rewrap(type(base)(**params)), start, is_observed)
        if is_observed:
            assert value is not None
            density = (-stretch.log()).expand(value.shape)
            return {"fn": rewrap(Delta(value, log_density=density)), "value": value, "is_observed": True}
        return {"fn": None, "value": loc + stretch * (decentered - params["loc"]), "is_observed": True}

    def _centered(self, name: str, event_shape: torch.Size, like: Tensor) -> Tensor | float | None:
        """How far the site is centred; ``None`` for not at all."""
        if self.centered is None:
            return param(f"{name}_centered", lambda: like.new_full(event_shape, 0.5),
                         constraint=constraints.unit_interval)
        if isinstance(self.centered, int | float) and self.centered == 0:
            return None
        return self.centered


def _check_family(name: str, base: object) -> None:
    for key in ("loc", "scale"):
        if not hasattr(base, key):
            raise AttributeError(f"Site '{name}': LocScaleReparam expects a distribution with loc and scale, but "
                                 f"'{type(base).__name__}' object has no attribute '{key}'.")
    if base.support is not constraints.real:  # type: ignore[attr-defined]
        raise ValueError(f"Site '{name}': LocScaleReparam expects a distribution over the real line, got "
                         f"{type(base).__name__}, whose loc and scale do not shift and stretch its values. Use "
                         "TransformReparam first, then LocScaleReparam at the site '" + name + "_base'.")
