"""A model in the coordinates of a structured guide that was fitted to it."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from pyro.distributions.delta import Delta
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult
from pyro.poutine.condition_messenger import ConditionMessenger
from pyro.poutine.handlers import reparam
from pyro.poutine.indep_messenger import IndepMessenger
from pyro.poutine.mask_messenger import MaskMessenger
from pyro.poutine.messenger import block_messengers
from pyro.poutine.runtime import Message

__all__ = ["StructuredReparam"]


class StructuredReparam(Reparam):
    r"""Draws a structured guide's latent variables in its coordinates, where they are nearly standard normal.

    With a the guide's auxiliary variables, of which the variables are a function,
    :math:`\log p(a) = \log p(x) + \log |\det \partial x / \partial a|`. The auxiliary sites have no densities of their
    own: the sites keep the terms.

    Args:
        guide: an ``AutoStructured`` guide of the model, after it was fitted.

    Raises:
        TypeError: if the guide is of another kind.

    Reference:
        M. Hoffman et al. (2019), *NeuTra-lizing Bad Geometry in Hamiltonian Monte Carlo Using Neural Transport*.
    """

    def __init__(self, guide: Any) -> None:
        if not callable(getattr(guide, "get_deltas", None)):
            raise TypeError(f"StructuredReparam expected an AutoStructured guide, but got {type(guide)}.")
        self.guide = guide
        self.deltas: dict[str, Any] = {}

    def _reparam_config(self, site: Message) -> "StructuredReparam | None":
        return self if site["name"] in self.guide.prototype_trace else None

    def reparam(self, fn: Callable[..., Any] | None = None) -> Any:
        """Puts a model into these coordinates.

        Args:
            fn: the model; by default a decorator is returned.

        Returns:
            The model inside the handler.
        """
        return reparam(fn, config=self._reparam_config)

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """At the first site adds the guide's auxiliary ones; see :meth:`Reparam.apply`."""
        name, fn, value, is_observed = msg["name"], msg["fn"], msg["value"], bool(msg["is_observed"])
        trace = self.guide.prototype_trace
        if is_observed or name not in trace or trace.nodes[name]["is_observed"]:
            return {"fn": fn, "value": value, "is_observed": is_observed}
        if name not in self.deltas:  # the first site of a run
            with block_messengers(lambda frame: isinstance(frame, IndepMessenger)), MaskMessenger(False):
                self.deltas = dict(self.guide.get_deltas())
        delta = self.deltas.pop(name)
        value = delta.v
        # the guide's density at the point is one over the volume by which it stretches
        log_density = fn.log_prob(value) - delta.log_density
        return {"fn": Delta(value, log_density=log_density, event_dim=fn.event_dim), "value": value,
                "is_observed": True}

    def transform_samples(self, aux_samples: dict[str, Tensor], save_params: list[str] | None = None
                          ) -> dict[str, Tensor]:
        """The model's variables for values of the auxiliary sites, such as a sampler returns.

        Args:
            aux_samples: values by auxiliary site's name.
            save_params: which sites to return; by default all.

        Returns:
            Values by site name.
        """
        with ConditionMessenger(aux_samples), MaskMessenger(False):
            deltas = self.guide.get_deltas(save_params)
        return {name: delta.v for name, delta in deltas.items()}
