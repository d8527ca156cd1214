"""Student's t distribution: a normal whose precision is a chi-squared divided by its degrees of freedom."""

import torch
from torch import Tensor
from torch.distributions.utils import broadcast_all, lazy_property

from pyro.distributions.chi2 import Chi2
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["StudentT"]


class StudentT(Validated, torch.distributions.StudentT, TorchDistributionMixin):
    r"""Student's t distribution.

    .. math::
        p(x) = \frac{\Gamma((\nu + 1)/2)}{\Gamma(\nu/2) \sqrt{\pi \nu}\, \sigma}
               \left(1 + \frac{z^2}{\nu}\right)^{-(\nu + 1)/2}, \quad z = (x - \mu) / \sigma

    Args:
        df: degrees of freedom :math:`\nu > 0`.
        loc: location :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 28.

    Example:
        >>> StudentT(4.0).variance
        tensor(2.)
    """

    def __init__(
        self,
        df: Tensor | float,
        loc: Tensor | float = 0.0,
        scale: Tensor | float = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(df, loc, scale, validate_args=validate_args)

    def _construct(self, df: Tensor | float, loc: Tensor | float, scale: Tensor | float) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        torch.distributions.Distribution.__init__(self, self.df.shape, validate_args=False)

    @lazy_property
    def _chi2(self) -> Chi2:  # type: ignore[override]  # a plain attribute there
        """What draws divide by; scoring does not pay for it."""
        return Chi2(self.df, validate_args=False)
