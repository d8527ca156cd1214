"""A model in the coordinates of a structured guide that was fitted to it."""

from typing import Any

from torch import Tensor

from pyro.infer.reparam.of_guide import OfGuide
from pyro.poutine.condition_messenger import ConditionMessenger
from pyro.poutine.indep_messenger import IndepMessenger
from pyro.poutine.mask_messenger import MaskMessenger
from pyro.poutine.messenger import block_messengers

__all__ = ["StructuredReparam"]


class StructuredReparam(OfGuide):
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
        super().__init__(guide)
        self.deltas: dict[str, Any] = {}

    def _computed(self, name: str, fn: Any) -> tuple[Tensor, Tensor]:
        if name not in self.deltas:  # the first site of a run
            with block_messengers(lambda frame: isinstance(frame, IndepMessenger)), MaskMessenger(False):
                self.deltas = dict(self.guide.get_deltas())
        delta = self.deltas.pop(name)
        # the guide's density at the point is one over the volume by which it stretches
        return delta.v, fn.log_prob(delta.v) - delta.log_density

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
