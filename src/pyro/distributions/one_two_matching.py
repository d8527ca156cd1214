"""Random matchings of sources to half as many destinations, two to each."""

from torch import Tensor

from pyro.distributions.matching import Matching, MatchingConstraint, best_matching, enumerate_matchings

__all__ = ["OneTwoMatching", "OneTwoMatchingConstraint", "enumerate_one_two_matchings", "maximum_weight_matching"]


class OneTwoMatchingConstraint(MatchingConstraint):
    """Vectors in which each destination occurs twice.

    Args:
        num_destins: number of destinations.
    """

    def __init__(self, num_destins: int) -> None:
        super().__init__(num_destins, capacity=2)

    @property
    def num_sources(self) -> int:
        """Number of sources."""
        return 2 * self.num_destins


class OneTwoMatching(Matching):
    r"""Random matching of 2 D sources to D destinations, each of which gets two sources.

    .. math::
        p(x) = \frac{1}{Z} \exp \sum_s l_{s x_s}

    Args:
        logits: logits :math:`l` of pairs, of shape batch_shape + (sources, destinations).
        bp_iters: number of iterations of belief propagation that approximate Z; ``None`` means to sum exactly, which
            takes time proportional to :math:`D^2 3^D`. Draws are always exact.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``logits`` without its last two dimensions, event_shape is (2 D,).

    Support:
        the vectors of destinations in which each occurs twice.

    Raises:
        ValueError: if there are not twice as many sources as destinations, or ``bp_iters`` is not positive.

    References:
        M. Chertkov, L. Kroc, M. Vergassola (2008), Belief propagation and beyond for particle tracking,
        arXiv:0806.1199.

    Example:
        >>> import torch
        >>> OneTwoMatching(torch.zeros(4, 2)).log_prob(torch.tensor([1, 0, 0, 1])).exp()
        tensor(0.1667)
    """

    def __init__(self, logits: Tensor, *, bp_iters: int | None = None, validate_args: bool | None = None) -> None:
        super().__init__(logits, 2, bp_iters, validate_args)

    @property
    def num_sources(self) -> int:
        """Number of sources."""
        return self._num_sources

    @property
    def num_destins(self) -> int:
        """Number of destinations."""
        return self._num_destins


def maximum_weight_matching(logits: Tensor) -> Tensor:
    """The matching, two sources to a destination, of the largest sum of logits.

    Args:
        logits: logits of pairs, of shape batch_shape + (2 D, D).

    Returns:
        The destination of each source.

    Example:
        >>> import torch
        >>> maximum_weight_matching(torch.tensor([[3.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 0.0]]))
        tensor([0, 0, 1, 1])
    """
    return best_matching(logits, 2)


def enumerate_one_two_matchings(num_destins: int) -> Tensor:
    """All matchings of two sources to each destination.

    Args:
        num_destins: number of destinations.

    Returns:
        Integers of shape (number of matchings, 2 * num_destins).

    Example:
        >>> enumerate_one_two_matchings(2)[:2]
        tensor([[1, 1, 0, 0],
                [1, 0, 1, 0]])
    """
    return enumerate_matchings(num_destins, 2)
