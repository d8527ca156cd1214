r"""What families share that are one variable, shifted and scaled.

.. math::
    p(x) = \frac{1}{\sigma} q(z), \quad z = (x - \mu) / \sigma

Contract: a subclass states :math:`\log q` and its ``icdf``; further parameters it adds to ``arg_constraints``.
"""

from abc import abstractmethod

from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.inverse_cdf import InverseCdf
from pyro.distributions.parametric import Parametric

__all__ = ["LocationScale"]


class LocationScale(Parametric, InverseCdf):
    """Base class of families over the real line with a location and a scale.

    Attributes:
        loc: the location.
        scale: the scale, positive.
    """

    support = constraints.real
    arg_constraints: dict[str, constraints.Constraint] = {"loc": constraints.real, "scale": constraints.positive}
    loc: Tensor
    scale: Tensor

    @abstractmethod
    def _log_standard(self, z: Tensor) -> Tensor:
        """The log density of the variable with location 0 and scale 1."""

    def _standardized(self, value: Tensor) -> Tensor:
        return (value - self.loc) / self.scale

    def _log_density(self, value: Tensor) -> Tensor:
        return self._log_standard(self._standardized(value)) - self.scale.log()
