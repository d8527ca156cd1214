"""Student's t distribution as a normal of random width."""

import torch

from pyro.distributions.gamma import Gamma
from pyro.distributions.normal import Normal
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult, unwrapped
from pyro.primitives import sample

__all__ = ["StudentTReparam"]


class StudentTReparam(Reparam):
    r"""Makes a Student t site normal, given its precision at the site ``<name>_gamma``.

    .. math::
        g \sim \mathrm{Gamma}(\nu / 2, \nu / 2), \quad x \sim \mathrm{Normal}(\mu, \sigma / \sqrt g)

    For latent and observed sites; a likelihood with outliers becomes conditionally conjugate.

    Reference:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 28.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.StudentT(3.0))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": StudentTReparam()})).get_trace()
        >>> trace.stochastic_nodes
        ['x_gamma', 'x']
    """

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the site ``<name>_gamma``; see :meth:`Reparam.apply`.

        Raises:
            AssertionError: if the distribution is not Student's t.
        """
        name, fn = msg["name"], msg["fn"]
        base, rewrap = unwrapped(fn)
        if not isinstance(base, torch.distributions.StudentT):
            raise AssertionError(f"Site '{name}': StudentTReparam expects a StudentT, got {type(base).__name__}.")
        gamma = sample(f"{name}_gamma", self._wrap(Gamma(base.df / 2, base.df / 2), fn.event_dim))
        normal = rewrap(Normal(base.loc, base.scale * gamma.rsqrt()))
        return {"fn": normal, "value": msg["value"], "is_observed": bool(msg["is_observed"])}
