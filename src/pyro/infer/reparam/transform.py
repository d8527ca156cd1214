"""A transformed variable in terms of what it is transformed from."""

import torch
from torch.distributions.transforms import ComposeTransform

from pyro.distributions.delta import Delta
from pyro.infer.reparam.reparam import (
    Reparam,
    ReparamMessage,
    ReparamResult,
    forced_sample,
    summed_log_det,
    unwrapped,
)

__all__ = ["TransformReparam"]


class TransformReparam(Reparam):
    """Draws the base of a transformed distribution at the site ``<name>_base``, and transforms it.

    The base can then be reparametrised further, and flows become flows of the guide's geometry. Under observed sites
    the density stays that of the data.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.LogNormal(0.0, 1.0))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": TransformReparam()})).get_trace()
        >>> trace.nodes["x_base"]["fn"]
        Normal(loc: 0.0, scale: 1.0)
    """

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the site ``<name>_base``; see :meth:`Reparam.apply`.

        Raises:
            AssertionError: if the distribution is not a transformed one.
        """
        name, fn, value, is_observed = msg["name"], msg["fn"], msg["value"], bool(msg["is_observed"])
        whole, rewrap = unwrapped(fn)
        if not isinstance(whole, torch.distributions.TransformedDistribution):
            raise AssertionError(f"Site '{name}': TransformReparam expects a TransformedDistribution, got "
                                 f"{type(whole).__name__}. Remove the site from the config.")
        transform = ComposeTransform(whole.transforms)
        start = None if value is None else transform.inv(value)
        base = forced_sample(f"{name}_base", rewrap(whole.base_dist), start, is_observed)
        if is_observed:
            assert value is not None
            event_dim = len(whole.event_shape)
            log_density = -summed_log_det(transform, base, value, event_dim)
            return {"fn": rewrap(Delta(value, log_density, event_dim)), "value": value, "is_observed": True}
        return {"fn": None, "value": transform(base), "is_observed": True}
