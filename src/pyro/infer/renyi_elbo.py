r"""Renyi's variational bound, and the importance-weighted one among them.

With weights :math:`w_k = p(x, z_k) / q(z_k)` of K particles,

.. math::
    \mathcal{L}_\alpha = \frac{1}{1 - \alpha} \log \frac{1}{K} \sum_k w_k^{1 - \alpha},

whose mean at :math:`\alpha = 0` is the importance-weighted bound, which approaches ``log p(x)`` as K grows. With
:math:`\hat w_k \propto w_k^{1 - \alpha}` that add up to 1, its gradient is estimated by

.. math::
    \sum_k \hat w_k \nabla \log w_k + (\mathcal{L}_\alpha - \mathcal{L}_\alpha^{(-k)}) \nabla \log q(z_k),

the second term for values without gradients only; :math:`\mathcal{L}_\alpha^{(-k)}` is the bound of the other
particles, a baseline. With ``stick_the_landing`` the score of ``q`` is replaced by what it amounts to along the values,
on which the weights depend too: their part of the gradient gets the factor
:math:`\alpha \hat w_k + (1 - \alpha) \hat w_k^2` for :math:`\hat w_k` (leaving the score out would be biased).

References:
    Y. Li and R. E. Turner (2016), *Renyi divergence variational inference*, https://arxiv.org/abs/1602.02311;
    Y. Burda, R. Grosse and R. Salakhutdinov (2016), *Importance weighted autoencoders*,
    https://arxiv.org/abs/1509.00519;
    A. Mnih and D. Rezende (2016), *Variational inference for Monte Carlo objectives*, https://arxiv.org/abs/1602.06725;
    G. Tucker, D. Lawson, S. Gu and C. Maddison (2019), *Doubly reparameterized gradient estimators for Monte Carlo
    objectives*, https://arxiv.org/abs/1810.04152
"""

import math
from typing import Any

import torch
from torch import Tensor

from pyro.infer.checks import check_if_enumerated
from pyro.infer.elbo import ELBO
from pyro.infer.enum import get_importance_trace
from pyro.infer.stick_the_landing import FixedValues, RememberedValues, get_pathwise_trace, has_score
from pyro.infer.terms import Particles, costs_of_guide, costs_of_model, from_prior, get_particles
from pyro.infer.util import check_fully_reparametrized
from pyro.ops.validation import collecting, is_validation_enabled
from pyro.poutine.handlers import replay, trace
from pyro.poutine.trace_struct import Trace

__all__ = ["RenyiELBO"]


class RenyiELBO(ELBO):
    """Renyi's bound of an order; at order 0 the importance-weighted ELBO.

    Args:
        alpha: the order, not 1, where the bound is the ELBO. Below 0 it may be more than the evidence.
        num_particles: the number K of weights in one bound.
        max_plate_nesting: how many dims plates take; found out by a run where it is needed.
        max_iarange_nesting: deprecated name of ``max_plate_nesting``.
        vectorize_particles: whether the particles are a dim of the tensors instead of a loop.
        strict_enumeration_warning: see :class:`~pyro.infer.elbo.ELBO`.
        stick_the_landing: whether to use gradients along the values only; less variance, for a second run of the model
            and the guide, whose values must all carry gradients.

    Raises:
        ValueError: if ``alpha`` is 1.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(0.0))
        >>> def guide():
        ...     pyro.sample("z", dist.Normal(0.0, 0.5 ** 0.5))
        >>> loss = RenyiELBO(num_particles=3).loss(model, guide)
        >>> abs(loss + dist.Normal(0.0, 2.0 ** 0.5).log_prob(torch.tensor(0.0)).item()) < 1e-5
        True
    """

    def __init__(
        self,
        alpha: float = 0,
        num_particles: int = 2,
        max_plate_nesting: float = math.inf,
        max_iarange_nesting: int | None = None,
        vectorize_particles: bool = False,
        strict_enumeration_warning: bool = True,
        *,
        stick_the_landing: bool = False,
    ) -> None:
        if alpha == 1:
            raise ValueError("RenyiELBO: expected alpha other than 1, got 1, where the bound is the ELBO. Use "
                             "Trace_ELBO(num_particles=...).")
        super().__init__(num_particles, max_plate_nesting, max_iarange_nesting, vectorize_particles,
                         strict_enumeration_warning)
        self.alpha = alpha
        self.stick_the_landing = stick_the_landing

    @property
    def _is_pathwise(self) -> bool:
        return self.stick_the_landing and torch.is_grad_enabled()

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        if self._is_pathwise:
            model_trace, guide_trace = self._get_pathwise_trace(model, guide, args, kwargs)
        else:
            model_trace, guide_trace = get_importance_trace("flat", self.max_plate_nesting, model, guide, args, kwargs)
        if is_validation_enabled():
            check_if_enumerated(guide_trace)
        return model_trace, guide_trace

    def _get_pathwise_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        """Traces, with the log-densities as functions of the parameters alone: on the same draws as constants."""
        remembered = RememberedValues()
        model_trace, guide_trace, again = get_pathwise_trace(
            self.max_plate_nesting, remembered(model), guide, args, kwargs, remembered)
        for site in costs_of_guide(guide_trace):
            check_fully_reparametrized(site)
            if not has_score(site):
                site["fixed_log_prob"] = again.nodes[site["name"]]["log_prob"]
        for site in from_prior(model_trace, guide_trace):
            raise NotImplementedError(f"Site '{site['name']}': the guide leaves it to the prior, which RenyiELBO with "
                                      "stick_the_landing=True does not support. Sample it in the guide too.")
        with FixedValues(remembered.values):
            model_again = trace(replay(model, trace=again)).get_trace(*args, **kwargs)
        model_again.compute_log_prob()
        for site in costs_of_model(model_trace, guide_trace):
            site["fixed_log_prob"] = model_again.nodes[site["name"]]["log_prob"]
        return model_trace, guide_trace

    def _bound(self, log_weights: Tensor) -> Tensor:
        """The bound of the weights in the last dim."""
        order = 1 - self.alpha
        return (torch.logsumexp(order * log_weights, -1) - math.log(log_weights.shape[-1])) / order

    def _bounds_of_others(self, log_weights: Tensor) -> Tensor:
        """For each particle the bound of the others."""
        count = log_weights.shape[-1]
        others = torch.arange(count * (count - 1), device=log_weights.device)
        # row k skips its own place: position i of it is particle i, or i + 1 from k on
        row, position = others // max(1, count - 1), others % max(1, count - 1)
        position = position + (position >= row)
        return self._bound(log_weights[position].reshape(count, count - 1))

    def _surrogate(self, particles: Particles, bound: Tensor) -> Tensor:
        """The function whose gradient estimates the bound's."""
        log_weights = particles.log_p - particles.log_q
        constant = log_weights.detach()
        weights = torch.softmax((1 - self.alpha) * constant, -1)
        if particles.fixed_log_weights is not None:
            along_values = self.alpha * weights + (1 - self.alpha) * weights.square()
            fixed = particles.fixed_log_weights
            return (along_values * (log_weights - fixed) + weights * fixed).sum()
        surrogate = (weights * log_weights).sum()
        if particles.score is not None:
            others = self._bounds_of_others(constant) if self.num_particles > 1 else 0.0
            surrogate = surrogate + ((bound.detach() - others) * particles.score).sum()
        return surrogate

    def differentiable_loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Tensor:
        """Minus the estimate of the bound, as a tensor whose gradient estimates the gradient.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            A scalar.
        """
        with collecting():
            particles = get_particles(self, model, guide, args, kwargs)
            bound = self._bound(particles.log_p - particles.log_q)
            if not torch.is_grad_enabled():
                return -bound
            surrogate = self._surrogate(particles, bound)
            return -(bound.detach() + (surrogate - surrogate.detach()))
