"""The parts of a site's log density that a stochastic gradient estimator combines.

For a site with value ``x`` drawn from ``q``, an estimate of the gradient of ``E_q[f(x)]`` needs three terms: the log
density itself, the part of it that multiplies the downstream cost in a score-function (REINFORCE) term, and the part
that contributes directly, as an entropy. A reparameterized site has no score function; any other has no entropy term.
"""

from typing import NamedTuple

from torch import Tensor

from pyro.distributions.util import scale_and_mask

__all__ = ["ScoreParts"]


class ScoreParts(NamedTuple):
    """Log density, score function and entropy term of one site.

    Attributes:
        log_prob: the log density of the value.
        score_function: its part whose gradient is multiplied by the downstream cost; ``0`` where reparameterized.
        entropy_term: its part that is differentiated as it is; ``0`` where not reparameterized.
    """

    log_prob: Tensor
    score_function: Tensor | float
    entropy_term: Tensor | float

    def scale_and_mask(self, scale: Tensor | float = 1.0, mask: Tensor | bool | None = None) -> "ScoreParts":
        """Scales and masks the terms that are summed into an objective.

        The score function is a factor that multiplies costs which are scaled and masked already, so it stays as it is.

        Args:
            scale: factor, broadcastable with the log density.
            mask: where to keep the terms; elsewhere they become zero. ``None`` keeps them all.

        Returns:
            The new parts.
        """
        return ScoreParts(
            scale_and_mask(self.log_prob, scale, mask),
            self.score_function,
            scale_and_mask(self.entropy_term, scale, mask),
        )
