r"""An f-divergence that adapts to the tails of the importance weights.

The gradient is :math:`\sum_k \gamma_k \nabla \log w_k` along the values :math:`z_k(\phi)` of K particles, with
:math:`\gamma_k \propto \bar F(w_k)^\beta` that add up to 1, where :math:`\bar F(w_k)` is the share of particles whose
weight is at least :math:`w_k`. With :math:`\beta = -1` it covers the posterior's mass as the inclusive divergence does,
and has moments whatever the tails; :math:`\beta = 0` is the ELBO's.

References:
    D. Wang, H. Liu and Q. Liu (2018), *Variational inference with tail-adaptive f-divergence*,
    https://arxiv.org/abs/1810.11943
"""

from typing import Any

from torch import Tensor

from pyro.infer.stick_the_landing import get_pathwise_trace
from pyro.infer.terms import get_particles
from pyro.infer.trace_elbo import Trace_ELBO
from pyro.infer.util import check_fully_reparametrized
from pyro.ops.validation import collecting
from pyro.poutine.trace_struct import Trace

__all__ = ["TraceTailAdaptive_ELBO"]


class TraceTailAdaptive_ELBO(Trace_ELBO):
    """Gradients of the tail-adaptive divergence, for guides whose values all carry gradients.

    Give ``num_particles`` of 2 or more. The divergence itself is not computed: watch for example
    :class:`~pyro.infer.RenyiELBO` to see how a run proceeds. See :class:`~pyro.infer.Trace_ELBO` for the arguments;
    gradients are always along the values only. Data must not be subsampled: the ranks of weights would be noise.
    """

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        model_trace, guide_trace, _ = get_pathwise_trace(self.max_plate_nesting, model, guide, args, kwargs)
        for site in guide_trace.nodes.values():
            if site["type"] == "sample":
                check_fully_reparametrized(site)
        return model_trace, guide_trace

    def differentiable_loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Tensor:
        """A tensor whose gradient is that of the divergence; its own value is the weighted mean of ``-log w``.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            A scalar.

        Raises:
            NotImplementedError: if there are fewer than two particles, or a site of the guide carries no gradients.
        """
        if self.num_particles < 2:
            raise NotImplementedError("TraceTailAdaptive_ELBO ranks particles: expected num_particles >= 2, got "
                                      f"{self.num_particles}. Give for example num_particles=10, "
                                      "vectorize_particles=True.")
        with collecting():
            particles = get_particles(self, model, guide, args, kwargs)
            log_weights = particles.log_p - particles.log_q
            constant = log_weights.detach()
            share = (constant >= constant.unsqueeze(-1)).to(constant.dtype).mean(-1)
            gamma = share.pow(self.tail_adaptive_beta)
            return -(gamma / gamma.sum() * log_weights).sum()

    def loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> float:
        """Not available: only gradients are."""
        raise NotImplementedError("TraceTailAdaptive_ELBO has gradients but no loss. Evaluate Trace_ELBO or RenyiELBO "
                                  "to watch a run.")

    def loss_and_grads(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> float:
        """Adds the gradient to the parameters.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            The value of :meth:`differentiable_loss`.
        """
        with collecting():
            loss = self.differentiable_loss(model, guide, *args, **kwargs)
            if loss.requires_grad:
                loss.backward(retain_graph=self.retain_graph)
            return loss.item()
