"""Transformed distribution: a draw of one distribution, passed through invertible maps."""

import torch
from torch.distributions.transforms import Transform

from pyro.distributions.torch_distribution import Independent, TorchDistributionMixin
from pyro.distributions.torch_transform import clear_cache
from pyro.distributions.validated import Validated

__all__ = ["TransformedDistribution"]


class TransformedDistribution(  # type: ignore[override]  # torch computes from the base what is an attribute elsewhere
    Validated, torch.distributions.TransformedDistribution, TorchDistributionMixin
):
    r"""The distribution of :math:`y = f_n(\dots f_1(x))` for x drawn from a base distribution.

    .. math::
        p(y) = p(x) \, \Big| \det \frac{\partial f}{\partial x} \Big|^{-1}

    Args:
        base_distribution: distribution of x.
        transforms: the invertible maps, first one first; or a single one.
        validate_args: whether to check values; ``None`` follows the global flag.

    Shape:
        event_shape is the larger of the base's and the maps', batch_shape is what remains of the base's shape.

    Support:
        the codomain of the last map.

    References:
        G. Papamakarios et al. (2021), Normalizing flows for probabilistic modeling and inference, JMLR 22(57).

    Example:
        >>> from torch.distributions.transforms import ExpTransform
        >>> base = torch.distributions.Normal(0.0, 1.0)
        >>> TransformedDistribution(base, ExpTransform()).log_prob(torch.tensor(1.0))
        tensor(-0.9189)
    """

    def __init__(
        self,
        base_distribution: torch.distributions.Distribution,
        transforms: Transform | list[Transform],
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(base_distribution, transforms, validate_args=validate_args)
        if type(self.base_dist) is torch.distributions.Independent:
            # Torch's wrapper, for maps of vectors; ours instead, so that a handler can sample it as a site of its own.
            self.base_dist = Independent(self.base_dist.base_dist, self.base_dist.reinterpreted_batch_ndims)

    def clear_cache(self) -> None:
        """Empties the caches of the maps."""
        for transform in self.transforms:
            clear_cache(transform)
