"""A variable drawn from its posterior under a conjugate likelihood."""

from collections.abc import Callable
from typing import Any

from pyro.distributions.delta import Delta
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult

__all__ = ["ConjugateReparam"]


class ConjugateReparam(Reparam):
    r"""Draws a latent variable from its distribution updated by a likelihood, rather than from its prior.

    .. math::
        x \sim q(x) = \frac{p(x) \, g(x)}{Z}

    g is exact or a guess of what the data say. The site keeps the log density :math:`\log p(x) - \log q(x)`, so that
    inference is right whatever the guess; it is efficient if g is nearly proportional to the likelihood. The variable
    needs no site in the guide.

    Args:
        guide: g, a distribution of the family that ``conjugate_update`` of the site's takes, or a function of the
            model's arguments that returns one.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.Beta(1.0, 1.0))
        >>> config = {"x": ConjugateReparam(dist.Beta(4.0, 2.0))}  # as of three successes and one failure
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config=config)).get_trace()
        >>> x = trace.nodes["x"]["value"]
        >>> torch.allclose(trace.log_prob_sum(), -dist.Beta(4.0, 2.0).log_prob(x), atol=1e-5)
        True
    """

    def __init__(self, guide: Any) -> None:
        self.guide: Any = guide

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Draws from the updated distribution; see :meth:`Reparam.apply`.

        Raises:
            AssertionError: if the site is observed, the model's arguments are needed and not known, or the updated
                distribution has no reparameterized draws.
        """
        name, fn, value = msg["name"], msg["fn"], msg["value"]
        if msg["is_observed"]:
            raise AssertionError(f"Site '{name}': ConjugateReparam is for latent sites, but the site is observed. "
                                 "Remove it from the config.")
        guide = self._likelihood(name)
        posterior, log_normalizer = fn.conjugate_update(guide)
        if not posterior.has_rsample:
            raise AssertionError(f"Site '{name}': ConjugateReparam needs reparameterized draws, but "
                                 f"{type(posterior).__name__} has none.")
        if value is None:
            value = posterior.rsample()
        log_density = log_normalizer - guide.log_prob(value)
        return {"fn": Delta(value, log_density=log_density, event_dim=fn.event_dim), "value": value,
                "is_observed": True}

    def _likelihood(self, name: str) -> Any:
        if hasattr(self.guide, "log_prob"):
            return self.guide
        if self.args_kwargs is None:
            raise AssertionError(f"Site '{name}': ConjugateReparam with a function needs the model's arguments. Wrap "
                                 "the model by poutine.reparam(model, config=...), not by a with statement.")
        args, kwargs = self.args_kwargs
        guide: Callable[..., Any] = self.guide
        return guide(*args, **kwargs)
