"""Dirichlet-multinomial distribution: counts of K outcomes whose common probabilities are unknown."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.parametric import Parametric

__all__ = ["DirichletMultinomial"]


class DirichletMultinomial(Parametric):
    r"""Dirichlet-multinomial distribution, a multinomial whose probabilities come from a Dirichlet, integrated out.

    .. math::
        p(x) = \frac{n!\, \Gamma(A)}{\Gamma(A + n)} \prod_k \frac{\Gamma(\alpha_k + x_k)}{x_k!\, \Gamma(\alpha_k)},
        \quad A = \sum_k \alpha_k

    Args:
        concentration: shapes :math:`\alpha_k > 0` of the Dirichlet over the last dimension.
        total_count: number of trials :math:`n`; draws need one for the whole batch.
        is_sparse: whether most scored counts are zero. Then ``log_prob`` pays for gamma functions of the others only,
            at the price of finding them, for which the host waits for the device.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of ``total_count`` and of ``concentration`` without its last dimension, of
        size K; event_shape is (K,).

    Support:
        vectors of counts that sum to ``total_count``.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1997), Discrete Multivariate Distributions, ch. 35.

    Example:
        >>> DirichletMultinomial(torch.ones(2), 4).log_prob(torch.tensor([3.0, 1.0])).exp()
        tensor(0.2000)
    """

    arg_constraints = {
        "concentration": constraints.independent(constraints.positive, 1),
        "total_count": constraints.nonnegative_integer,
    }
    _shaped_by = "concentration"
    concentration: Tensor
    total_count: Tensor

    def __init__(
        self,
        concentration: Tensor,
        total_count: Tensor | float = 1,
        is_sparse: bool = False,
        validate_args: bool | None = None,
    ) -> None:
        self.is_sparse = is_sparse
        total_count = torch.as_tensor(total_count, dtype=concentration.dtype, device=concentration.device)
        super().__init__(concentration.shape[-1:], validate_args=validate_args, concentration=concentration,
                         total_count=total_count)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> constraints.Constraint:
        """Counts that sum to ``total_count``."""
        return constraints.multinomial(self.total_count)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws probabilities and then the counts.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Counts of shape sample_shape + batch_shape + event_shape.
        """
        with torch.no_grad():
            probs = Dirichlet(self.concentration, validate_args=False).sample(Size(sample_shape))
            return _counts(self.total_count, probs)

    def _log_density(self, value: Tensor) -> Tensor:
        total = self.concentration.sum(-1)
        trials = (self.total_count + 1).lgamma() + total.lgamma() - (total + self.total_count).lgamma()
        if not self.is_sparse:
            return trials + _log_weight(self.concentration, value).sum(-1)
        concentration, value = torch.broadcast_tensors(self.concentration, value)
        nonzero = value.nonzero(as_tuple=True)
        weights = _log_weight(concentration[nonzero], value[nonzero].to(concentration.dtype))
        return trials + torch.zeros_like(concentration).index_put(nonzero, weights).sum(-1)

    @property
    def mean(self) -> Tensor:
        """The mean, n times that of the Dirichlet."""
        probs = self.concentration / self.concentration.sum(-1, keepdim=True)
        return self.total_count.unsqueeze(-1) * probs

    @property
    def variance(self) -> Tensor:
        """The variances: those of a multinomial, times (A + n) / (A + 1)."""
        total = self.concentration.sum(-1, keepdim=True)
        excess = (total + self.total_count.unsqueeze(-1)) / (total + 1)
        return self.mean * (1 - self.concentration / total) * excess


def _counts(total_count: Tensor, probs: Tensor) -> Tensor:
    """Draws counts of trials, which may differ in the batch: outcomes are halved, and halves get binomial shares."""
    size = probs.shape[-1]
    levels = (size - 1).bit_length()
    leaves = torch.nn.functional.pad(probs, (0, 2**levels - size))
    counts = total_count.expand(probs.shape[:-1]).unsqueeze(-1)
    for level in range(1, levels + 1):
        left, right = leaves.unflatten(-1, (2**level, -1)).sum(-1).unflatten(-1, (-1, 2)).unbind(-1)
        lower = torch.binomial(counts, left / (left + right).clamp(min=torch.finfo(probs.dtype).tiny))
        counts = torch.stack([lower, counts - lower], -1).flatten(-2)
    return counts[..., :size]


def _log_weight(concentration: Tensor, count: Tensor) -> Tensor:
    """One outcome's term; it is zero where the count is."""
    return (concentration + count).lgamma() - concentration.lgamma() - (count + 1).lgamma()
