"""F distribution: the ratio of two independent chi-squareds, each divided by its degrees of freedom."""

import torch
from torch import Tensor
from torch.distributions.utils import broadcast_all, lazy_property

from pyro.distributions.gamma import Gamma
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["FisherSnedecor"]


class FisherSnedecor(Validated, torch.distributions.FisherSnedecor, TorchDistributionMixin):
    r"""F distribution.

    .. math::
        p(x) = \frac{(\nu_1/\nu_2)^{\nu_1/2}\, x^{\nu_1/2 - 1}}
               {B(\nu_1/2, \nu_2/2)\, (1 + \nu_1 x / \nu_2)^{(\nu_1 + \nu_2)/2}}

    Args:
        df1: degrees of freedom of the numerator, :math:`\nu_1 > 0`.
        df2: degrees of freedom of the denominator, :math:`\nu_2 > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the positive reals.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 27.

    Example:
        >>> FisherSnedecor(2.0, 4.0).mean
        tensor(2.)
    """

    def __init__(self, df1: Tensor | float, df2: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(df1, df2, validate_args=validate_args)

    def _construct(self, df1: Tensor | float, df2: Tensor | float) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        torch.distributions.Distribution.__init__(self, self.df1.shape, validate_args=False)

    @lazy_property
    def _gamma1(self) -> Gamma:  # type: ignore[override]  # a plain attribute there
        """The numerator of draws."""
        return Gamma(self.df1 * 0.5, self.df1, validate_args=False)

    @lazy_property
    def _gamma2(self) -> Gamma:  # type: ignore[override]
        """The denominator of draws."""
        return Gamma(self.df2 * 0.5, self.df2, validate_args=False)
