r"""The energy distance between data and the model's predictions: inference without likelihoods.

For data ``x`` and independent predictions ``X``, ``X'`` of the model on the guide's draws,

.. math::
    E \|X - x\|^\beta - \tfrac{1}{2} E \|X - X'\|^\beta,

a strictly proper score for :math:`0 < \beta < 2`. Vectors are the values of all observed sites together; scales
multiply squares, and masked elements do not count. With ``prior_scale`` above 0 its product with ``-log p(z)`` is
added.

References:
    T. Gneiting and A. E. Raftery (2007), *Strictly proper scoring rules, prediction, and estimation*, Journal of the
    American Statistical Association 102;
    G. J. Szekely and M. L. Rizzo (2013), *Energy statistics*, Journal of Statistical Planning and Inference 143
"""

import math
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.util import scale_and_mask, sum_rightmost
from pyro.infer.checks import check_model_guide_match
from pyro.infer.elbo import ELBO
from pyro.infer.terms import add
from pyro.ops.validation import collecting, is_validation_enabled
from pyro.poutine.handlers import replay, trace, uncondition
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import prune_subsample_sites

__all__ = ["EnergyDistance"]


class EnergyDistance(ELBO):
    """The energy distance, for models and guides whose values carry gradients, the model's data included.

    Densities of the guide and of the data are never computed. Called with a model, a guide and their arguments, it
    returns the differentiable loss.

    Args:
        beta: the exponent, between 0 and 2.
        prior_scale: the factor of the prior's log-density; parameters of the prior are learnt only if it is positive.
        num_particles: how many predictions, at least 2.
        max_plate_nesting: how many dims plates take; found out by a run where it is needed.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     with pyro.plate("data", 3):
        ...         pyro.sample("x", dist.Stable(1.5, 0.0, 1.0, z), obs=torch.zeros(3))
        >>> def guide():
        ...     pyro.sample("z", dist.Normal(0.0, 0.1))
        >>> loss = EnergyDistance(num_particles=8).loss(model, guide)
    """

    def __init__(
        self,
        beta: float = 1.0,
        prior_scale: float = 0.0,
        num_particles: int = 2,
        max_plate_nesting: float = math.inf,
    ) -> None:
        if not 0 < beta < 2:
            raise ValueError(f"EnergyDistance: expected beta between 0 and 2, got {beta}.")
        if prior_scale < 0:
            raise ValueError(f"EnergyDistance: expected prior_scale >= 0, got {prior_scale}.")
        if num_particles < 2:
            raise ValueError(f"EnergyDistance compares predictions: expected num_particles >= 2, got {num_particles}.")
        super().__init__(num_particles, max_plate_nesting, vectorize_particles=True)
        self.beta = beta
        self.prior_scale = prior_scale

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        guide_trace = trace(guide).get_trace(*args, **kwargs)
        model_trace = trace(replay(uncondition(model), trace=guide_trace)).get_trace(*args, **kwargs)
        for name, site in model_trace.nodes.items():
            if site["type"] == "sample" and site["infer"].get("was_observed"):
                site["is_observed"] = True
                if name in guide_trace:
                    raise ValueError(f"Site '{name}': the model observes it, and the guide samples it. Remove one of "
                                     "the two.")
        if is_validation_enabled():
            check_model_guide_match(model_trace, guide_trace, self.max_plate_nesting)
        model_trace, guide_trace = prune_subsample_sites(model_trace), prune_subsample_sites(guide_trace)
        for run in (model_trace, guide_trace):
            for name, site in run.nodes.items():
                if site["type"] == "sample" and not getattr(site["fn"], "has_rsample", False):
                    raise NotImplementedError(f"Site '{name}': EnergyDistance needs values that carry gradients, and "
                                              f"{type(site['fn']).__name__} has has_rsample=False. Use a relaxed "
                                              "distribution.")
        return model_trace, guide_trace

    def __call__(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Any:
        """The differentiable loss, as :meth:`differentiable_loss`."""
        return self.differentiable_loss(model, guide, *args, **kwargs)

    def _squares(self, site: Any, difference: Tensor) -> Tensor:
        """Squared lengths of differences at a site, for each of their rows."""
        squares = sum_rightmost(difference.square(), site["fn"].event_dim)
        return scale_and_mask(squares, site["scale"], site["mask"]).reshape(len(squares), -1).sum(-1)

    def _power(self, squares: Tensor) -> Tensor:
        """``length^beta``; its slope stays finite at 0."""
        return (squares + torch.finfo(squares.dtype).eps).pow(self.beta / 2).mean()

    def differentiable_loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Tensor:
        """The estimate of the distance.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            A scalar.

        Raises:
            NotImplementedError: if a site's values carry no gradients; names it.
        """
        with collecting():
            ((model_trace, guide_trace),) = self._get_traces(model, guide, args, kwargs)
            from_data: list[Any] = []
            among_themselves: list[Any] = []
            for site in model_trace.nodes.values():
                if site["type"] == "sample" and site["infer"].get("was_observed"):
                    value = site["value"]
                    first, second = torch.triu_indices(
                        self.num_particles, self.num_particles, 1, device=value.device)
                    from_data.append(self._squares(site, value - site["infer"]["obs"]))
                    among_themselves.append(self._squares(site, value[first] - value[second]))
            if not from_data:
                raise ValueError("EnergyDistance compares predictions with data, but the model observes no site. Give "
                                 "data to a site by obs=.")
            loss = self._power(add(from_data)) - 0.5 * self._power(add(among_themselves))
            if self.prior_scale > 0:
                prior = model_trace.log_prob_sum(lambda name, site: name in guide_trace)
                loss = loss - self.prior_scale / self.num_particles * prior
            return loss
