"""An exponential distribution drawn by rejection, to test estimators that combine both kinds of gradients."""

from torch import Tensor
from torch.distributions.utils import broadcast_all

from pyro.distributions import constraints
from pyro.distributions.exponential import Exponential
from pyro.distributions.rejector import Rejector

__all__ = ["RejectionExponential"]


class RejectionExponential(Rejector):
    """Exponential distribution, drawn by rejection from one with a lower rate.

    Args:
        rate: its rate.
        factor: by how much the rate of the proposals is lower, in (0, 1]; also the probability of acceptance.

    Example:
        >>> import torch
        >>> RejectionExponential(torch.tensor(1.0), torch.tensor(0.5)).log_prob(torch.tensor(1.0))
        tensor(-1.)
    """

    arg_constraints = {"rate": constraints.positive, "factor": constraints.half_open_interval(0.0, 1.0)}
    support = constraints.nonnegative

    def __init__(self, rate: Tensor, factor: Tensor | float) -> None:
        self.rate, self.factor = broadcast_all(rate, factor)
        super().__init__(Exponential(self.rate * self.factor), self._log_accept, self.factor.log())

    def _log_accept(self, x: Tensor) -> Tensor:
        return (self.factor - 1) * self.rate * x
