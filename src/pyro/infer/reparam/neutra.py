"""A model in the coordinates of a guide that was fitted to it."""

from typing import Any

import torch
from torch import Tensor
from torch.distributions import biject_to

from pyro.distributions.util import sum_rightmost
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.reparam.of_guide import OfGuide
from pyro.infer.reparam.reparam import summed_log_det
from pyro.poutine.indep_messenger import IndepMessenger
from pyro.poutine.messenger import block_messengers
from pyro.primitives import sample

__all__ = ["NeuTraReparam"]


class NeuTraReparam(OfGuide):
    r"""Draws all latent variables of a guide jointly, in the coordinates in which the guide is standard normal.

    With T the guide's transform and u the maps from supports to the real line,

    .. math::
        z \sim \text{guide's base}, \quad x = u^{-1}(T(z)), \quad
        \log p(z) = \log p(x) + \log \left| \det \frac{\partial x}{\partial z} \right|

    The geometry that a sampler meets at the site ``<first site>_shared_latent`` is that of a standard normal as far as
    the guide fits. That site itself has no density: the sites keep the terms.

    Args:
        guide: an ``AutoContinuous`` guide of the model, after it was fitted.

    Raises:
        TypeError: if the guide is of another kind.

    Reference:
        M. Hoffman et al. (2019), *NeuTra-lizing Bad Geometry in Hamiltonian Monte Carlo Using Neural Transport*.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> from pyro.infer.autoguide import AutoDiagonalNormal
        >>> model = lambda: pyro.sample("x", dist.LogNormal(0.0, 1.0))
        >>> guide = AutoDiagonalNormal(model)
        >>> latent = guide()
        >>> neutra = NeuTraReparam(guide)
        >>> trace = pyro.poutine.trace(neutra.reparam(model)).get_trace()
        >>> trace.stochastic_nodes
        ['x_shared_latent']
        >>> bool(neutra.transform_sample(trace.nodes["x_shared_latent"]["value"])["x"] == trace.nodes["x"]["value"])
        True
    """

    def __init__(self, guide: Any) -> None:
        if not isinstance(guide, AutoContinuous):
            raise TypeError(f"NeuTraReparam expected an AutoContinuous guide, but got {type(guide)}. Use for example "
                            "AutoMultivariateNormal or AutoIAFNormal.")
        super().__init__(guide)
        self.transform: Any = None
        self.x_unconstrained: dict[str, Tensor] = {}

    def _computed(self, name: str, fn: Any) -> tuple[Tensor, Tensor]:
        log_density: Tensor | float = 0.0
        if name not in self.x_unconstrained:  # the first site of a run
            log_density = self._begin(name)
        unconstrained = self.x_unconstrained.pop(name)
        transform = biject_to(fn.support)
        value = transform(unconstrained)
        stretched = summed_log_det(transform, unconstrained, value, fn.event_dim)
        return value, log_density + fn.log_prob(value) + stretched

    def _begin(self, name: str) -> Tensor:
        """Draws all variables, and returns the log of the volume by which the guide stretches, for one element."""
        args, kwargs = self.args_kwargs if self.args_kwargs is not None else ((), {})
        self.transform = self.guide.get_transform(*args, **kwargs)
        with block_messengers(lambda frame: isinstance(frame, IndepMessenger)) as plates:
            latent = sample(f"{name}_shared_latent", self.guide.get_base_dist().mask(False))
        shape = [frame.size for frame in plates if isinstance(frame, IndepMessenger) and frame.dim is not None]
        vector = self.transform(latent)
        self.x_unconstrained = {site["name"]: value for site, value in self.guide._unpack_latent(vector)}
        log_det = self.transform.log_abs_det_jacobian(latent, vector)
        # the term belongs to no element of the plates that the first site is in: each gets an equal share
        share: Tensor = sum_rightmost(log_det, log_det.dim()) / torch.Size(shape).numel()
        return share

    def transform_sample(self, latent: Tensor) -> dict[str, Tensor]:
        """The model's variables for a value of the joint site, such as a sampler returns.

        Args:
            latent: the value; it may have further dims on the left.

        Returns:
            Values by site name.
        """
        vector = self.transform(latent)
        return {site["name"]: biject_to(site["fn"].support)(value)
                for site, value in self.guide._unpack_latent(vector)}
