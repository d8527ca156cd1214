"""Guides that are handlers: they run the model and put a posterior in the place of each latent site's prior.

While such a guide runs, the model's own statements are the guide's: control flow, plates and dependencies are the
model's, and a posterior may depend on the values of all sites before it. Data and computed values stay inside: the
handlers around the guide see latent sites, plates and parameters, as they would of any other guide.

References:
    E. Bingham et al. (2019), *Pyro: deep universal probabilistic programming*
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from torch import Tensor

from pyro.distributions.delta import Delta
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.poutine.broadcast_messenger import BroadcastMessenger
from pyro.poutine.mask_messenger import MaskMessenger
from pyro.poutine.runtime import Message, _inspect
from pyro.poutine.trace_messenger import TraceMessenger
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import prune_subsample_sites, site_is_subsample

__all__ = ["GuideMessenger"]


class GuideMessenger(TraceMessenger, ABC):
    """A guide that replaces the priors of a model; to be subclassed.

    Args:
        model: the model; it must take the arguments that the guide is called with.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     x = pyro.sample("x", dist.Normal(0.0, 1.0))
        ...     return pyro.sample("y", dist.Normal(x, 1.0), obs=torch.tensor(2.0))
        >>> class Conjugate(GuideMessenger):
        ...     def get_posterior(self, name, prior):
        ...         return dist.Normal(1.0, 0.5 ** 0.5)
        >>> sorted(Conjugate(model)())
        ['x', 'y']
    """

    def __init__(self, model: Callable[..., Any]) -> None:
        super().__init__()
        # in a tuple, so that a guide that is a module does not count the model as a part of itself
        self._model = (model,)

    @property
    def model(self) -> Callable[..., Any]:
        """The model."""
        return self._model[0]

    def __getstate__(self) -> dict[str, Any]:
        # the last run's trace belongs to the run
        return {name: value for name, value in self.__dict__.items() if name != "trace"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.trace = Trace(self.graph_type)

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """Draws the latent variables from the posterior by running the model.

        Args:
            *args: for the model.
            **kwargs: for the model.

        Returns:
            The values of all sample sites by name: latent, computed and observed ones.
        """
        self.args_kwargs = args, kwargs
        self._around = _inspect()
        try:
            with self:
                self.model(*args, **kwargs)
        finally:
            del self.args_kwargs, self._around
        return {name: site["value"] for name, site in prune_subsample_sites(self.trace).nodes.items()
                if site["type"] == "sample"}

    def _pyro_sample(self, msg: Message) -> None:
        if site_is_subsample(msg):
            return
        if msg["is_observed"]:
            self._keep_inside(msg)
            return
        prior = msg["fn"]
        msg["infer"]["prior"] = prior
        posterior = self.get_posterior(str(msg["name"]), prior)
        if isinstance(posterior, Tensor):
            posterior = Delta(posterior, event_dim=prior.event_dim)
        if posterior.batch_shape != prior.batch_shape:
            posterior = posterior.expand(prior.batch_shape)
        msg["fn"] = posterior

    def _keep_inside(self, msg: Message) -> None:
        """Hides a message from the handlers around the guide, and applies the plates, scales and masks among them."""
        around = self._around
        msg["stop"] = True
        msg["cond_indep_stack"] = around["cond_indep_stack"] + msg["cond_indep_stack"]
        msg["scale"] = around["scale"] * msg["scale"]
        if around["mask"] is not None:
            MaskMessenger(around["mask"])._process_message(msg)
        BroadcastMessenger._pyro_sample(msg)

    @abstractmethod
    def get_posterior(
        self, name: str, prior: TorchDistributionMixin
    ) -> TorchDistributionMixin | Tensor:
        """The posterior of a site, given the values of the sites before it (:meth:`upstream_value`).

        Args:
            name: the site's name.
            prior: its distribution in the model, given the values before it.

        Returns:
            A distribution, or a tensor for a point mass.
        """
        raise NotImplementedError

    def upstream_value(self, name: str) -> Tensor | None:
        """The value of an earlier site of this run.

        Args:
            name: the site's name.

        Returns:
            The value, or ``None`` if there was no such site yet.
        """
        site = self.trace.nodes.get(name)
        return None if site is None else site["value"]

    def get_traces(self) -> tuple[Trace, Trace]:
        """The last run as a pair of traces, without running the model again.

        Returns:
            The model's trace, with the priors, and the guide's, of the latent sites and their posteriors.
        """
        guide_trace = prune_subsample_sites(self.trace)
        model_trace = guide_trace.copy()
        for name, site in list(guide_trace.nodes.items()):
            if "prior" not in site.get("infer", ()):  # a parameter, data, or what the guide leaves to the model
                guide_trace.remove_node(name)
                continue
            prior, posterior = site["infer"]["prior"], site["fn"]
            if prior.batch_shape != posterior.batch_shape:  # the plates around the guide
                prior = prior.expand(posterior.batch_shape)
            model_trace.nodes[name] = {**site, "fn": prior}
        return model_trace, guide_trace
