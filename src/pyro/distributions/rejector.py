"""Distribution whose draws are proposals, accepted with a probability of their own."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.score_parts import ScoreParts
from pyro.distributions.torch_distribution import TorchDistribution

__all__ = ["Rejector"]


class Rejector(TorchDistribution):
    r"""Distribution of accepted proposals.

    .. math::
        p(x) = q(x) \, a(x) / Z, \quad Z = \int q(x) \, a(x) \, dx

    Draws are reparameterized as far as the proposals are; :meth:`score_parts` says what that leaves to the score
    function, so estimators that combine both are unbiased. Proposing until all are accepted takes a number of rounds
    that only values tell, so draws cannot be captured.

    Args:
        propose: a distribution, called with a sample shape to draw and with ``log_prob`` for q; or a function that
            draws, for a subclass that defines ``propose_log_prob``.
        log_prob_accept: the log probability :math:`\log a(x)` of accepting a proposal.
        log_scale: :math:`\log Z`, the log probability of accepting any proposal.
        batch_shape: shape of independent distributions; that of the proposals unless given.
        event_shape: shape of a draw; that of the proposals unless given.

    References:
        C. A. Naesseth, F. J. R. Ruiz, S. W. Linderman, D. M. Blei (2017), Reparameterization gradients through
        acceptance-rejection sampling algorithms, https://arxiv.org/abs/1610.05683

    Example:
        >>> from pyro.distributions.uniform import Uniform
        >>> lower_half = Rejector(Uniform(0.0, 1.0), lambda x: (x < 0.5).float().log(), torch.tensor(0.5).log())
        >>> lower_half.log_prob(torch.tensor(0.2)).exp()
        tensor(2.)
    """

    arg_constraints: dict[str, constraints.Constraint] = {}
    has_rsample = True

    def __init__(
        self,
        propose: Any,
        log_prob_accept: Callable[[Tensor], Tensor],
        log_scale: Tensor | float,
        *,
        batch_shape: Sequence[int] | None = None,
        event_shape: Sequence[int] | None = None,
    ) -> None:
        self.propose = propose
        self.log_prob_accept = log_prob_accept
        self._log_scale = log_scale
        batch_shape = propose.batch_shape if batch_shape is None else batch_shape
        event_shape = propose.event_shape if event_shape is None else event_shape
        super().__init__(Size(batch_shape), Size(event_shape))

    @constraints.dependent_property
    def support(self) -> Any:
        """The proposals' support."""
        return self.propose.support

    def propose_log_prob(self, value: Tensor) -> Tensor:
        """The log density of a proposal."""
        log_prob: Tensor = self.propose.log_prob(value)
        return log_prob

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws proposals until every one has been accepted.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Values of shape sample_shape + batch_shape + event_shape.
        """
        value, is_done = self._round(Size(sample_shape))
        while not bool(is_done.all()):
            proposed, is_accepted = self._round(Size(sample_shape))
            is_new = is_accepted & ~is_done
            value = torch.where(is_new.reshape(is_new.shape + (1,) * self.event_dim), proposed, value)
            is_done = is_done | is_accepted
        return value

    def _round(self, sample_shape: Size) -> tuple[Tensor, Tensor]:
        """Proposals, and which of them are accepted."""
        value = self.propose(sample_shape)
        with torch.no_grad():
            log_accept = self.log_prob_accept(value)
            return value, torch.rand_like(log_accept).log() < log_accept

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of values.

        Args:
            value: values, of a shape that broadcasts with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        return self.propose_log_prob(value) + self.log_prob_accept(value) - self._log_scale

    def score_parts(self, x: Tensor, *args: Any, **kwargs: Any) -> ScoreParts:
        """Splits the log density: the proposal is reparameterized, acceptance takes the score function.

        Args:
            x: a value.
            *args: none.
            **kwargs: none.

        Returns:
            The log density, the log probability of acceptance less its mean, and the entropy term.
        """
        score_function = self.log_prob_accept(x) - self._log_scale
        log_prob = self.propose_log_prob(x) + score_function
        return ScoreParts(log_prob, score_function, log_prob)
