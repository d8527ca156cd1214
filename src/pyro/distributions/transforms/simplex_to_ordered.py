"""From probabilities of ordered categories to the cut points between them."""

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.torch_transform import CachedTransform
from pyro.distributions.util import broadcast_shape

__all__ = ["SimplexToOrderedTransform"]


class SimplexToOrderedTransform(CachedTransform):
    r"""Maps probabilities to the cut points at which a shifted logistic distribution has them.

    .. math::
        y_k = a + \log \frac{F_k}{1 - F_k}, \quad F_k = p_1 + \dots + p_k, \quad k < K, \qquad
        \log |\det J| = -\sum_k \log F_k (1 - F_k)

    The Jacobian is with respect to all probabilities but the last.

    Args:
        anchor_point: the shift a, zero by default.

    References:
        M. Betancourt (2019), Ordinal regression, sec. 2.2.

    Example:
        >>> SimplexToOrderedTransform()(torch.tensor([0.5, 0.25, 0.25]))
        tensor([0.0000, 1.0986])
    """

    domain = constraints.simplex
    codomain = constraints.ordered_vector
    bijective = True

    def __init__(self, anchor_point: Tensor | None = None) -> None:
        super().__init__()
        self.anchor_point = torch.tensor(0.0) if anchor_point is None else anchor_point

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SimplexToOrderedTransform) and torch.equal(self.anchor_point, other.anchor_point)

    def _call(self, x: Tensor) -> Tensor:
        below, above = _tails(x)
        return below.log() - above.log() + self.anchor_point.unsqueeze(-1)

    def _inverse(self, y: Tensor) -> Tensor:
        # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)) loses no digits far from the anchor
        cuts = y - self.anchor_point.unsqueeze(-1)
        upper = torch.nn.functional.pad(cuts, (0, 1), value=torch.inf)
        lower = torch.nn.functional.pad(cuts, (1, 0), value=-torch.inf)
        return upper.sigmoid() * (-lower).sigmoid() * -(lower - upper).expm1()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian."""
        below, above = _tails(x)
        log_det = -(below.log() + above.log()).sum(-1)
        return log_det.expand(self.forward_shape(x.shape)[:-1])

    def forward_shape(self, shape: tuple[int, ...]) -> Size:
        """The shape of results from that of arguments."""
        return self._shape(shape, shape[-1] - 1)

    def inverse_shape(self, shape: tuple[int, ...]) -> Size:
        """The shape of arguments from that of results."""
        return self._shape(shape, shape[-1] + 1)

    def _shape(self, shape: tuple[int, ...], size: int) -> Size:
        return Size((*broadcast_shape(tuple(shape[:-1]), tuple(self.anchor_point.shape)), size))


def _tails(probs: Tensor) -> tuple[Tensor, Tensor]:
    """The probabilities at or below each cut point, and above it, each summed from its own end."""
    return probs[..., :-1].cumsum(-1), probs[..., 1:].flip(-1).cumsum(-1).flip(-1)
