"""Random one-to-one matchings of sources to destinations: permutations."""

from torch import Tensor

from pyro.distributions.matching import Matching, MatchingConstraint, best_matching

__all__ = ["OneOneMatching", "OneOneMatchingConstraint", "maximum_weight_matching"]


class OneOneMatchingConstraint(MatchingConstraint):
    """Permutations.

    Args:
        num_nodes: number of sources and of destinations.
    """

    def __init__(self, num_nodes: int) -> None:
        super().__init__(num_nodes, capacity=1)

    @property
    def num_nodes(self) -> int:
        """Number of sources and of destinations."""
        return self.num_destins


class OneOneMatching(Matching):
    r"""Random matching of N sources to N destinations, each of which gets one source.

    .. math::
        p(x) = \frac{1}{Z} \exp \sum_s l_{s x_s}, \quad Z = \operatorname{perm}(e^l)

    Args:
        logits: logits :math:`l` of pairs, of shape batch_shape + (sources, destinations).
        bp_iters: number of iterations of belief propagation that approximate Z; ``None`` means to sum exactly, which
            takes time proportional to :math:`N^2 2^N`. Draws are always exact.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``logits`` without its last two dimensions, event_shape is (N,).

    Support:
        the permutations: the destination of each source.

    Raises:
        ValueError: if ``logits`` is not square, or ``bp_iters`` is not positive.

    References:
        P. Vontobel (2013), The Bethe permanent of a nonnegative matrix, IEEE Transactions on Information Theory 59(3).

    Example:
        >>> import torch
        >>> OneOneMatching(torch.zeros(3, 3)).log_prob(torch.tensor([2, 0, 1])).exp()
        tensor(0.1667)
    """

    def __init__(self, logits: Tensor, *, bp_iters: int | None = None, validate_args: bool | None = None) -> None:
        super().__init__(logits, 1, bp_iters, validate_args)

    @property
    def num_nodes(self) -> int:
        """Number of sources and of destinations."""
        return self._num_sources


def maximum_weight_matching(logits: Tensor) -> Tensor:
    """The one-to-one matching of the largest sum of logits.

    Args:
        logits: logits of pairs, of shape batch_shape + (N, N).

    Returns:
        The destination of each source.

    Example:
        >>> import torch
        >>> maximum_weight_matching(torch.tensor([[3.0, 2.0], [2.0, 0.0]]))
        tensor([1, 0])
    """
    return best_matching(logits, 1)
