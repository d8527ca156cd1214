"""A direction in terms of a vector that points there."""

import torch

from pyro.distributions.normal import Normal
from pyro.distributions.projected_normal import ProjectedNormal
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult, forced_sample, unwrapped
from pyro.ops.tensor_utils import safe_normalize

__all__ = ["ProjectedNormalReparam"]


class ProjectedNormalReparam(Reparam):
    """Draws the normal vector whose direction a projected normal variable is, at the site ``<name>_normal``.

    Inference then works in the plain space around the sphere, which has no edges and no poles. For latent sites.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.ProjectedNormal(torch.zeros(3)))
        >>> config = {"x": ProjectedNormalReparam()}
        >>> pyro.poutine.trace(pyro.poutine.reparam(model, config=config)).get_trace().stochastic_nodes
        ['x_normal']
    """

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the site ``<name>_normal``; see :meth:`Reparam.apply`.

        Raises:
            NotImplementedError: if the site is observed.
            AssertionError: if the distribution is not projected normal.
        """
        name = msg["name"]
        self._refuse_observed(msg, "Leave it out of the config: a ProjectedNormal has a density.")
        base, rewrap = unwrapped(msg["fn"])
        if not isinstance(base, ProjectedNormal):
            raise AssertionError(f"Site '{name}': ProjectedNormalReparam expects a ProjectedNormal, got "
                                 f"{type(base).__name__}.")
        normal = Normal(base.concentration, torch.ones_like(base.concentration)).to_event(1)
        # a direction is itself a vector that points there
        vector = forced_sample(f"{name}_normal", rewrap(normal), msg["value"], is_observed=False)
        return {"fn": None, "value": safe_normalize(vector), "is_observed": True}
