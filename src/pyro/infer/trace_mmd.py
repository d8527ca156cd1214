r"""The likelihood, and a kernel's distance between the guide's draws and the prior's in place of a divergence.

.. math::
    -E_q[\log p(x \mid z)] + \sum_i \lambda_i \, MMD_{k_i}^2(q(z_i), p(z_i)), \qquad
    MMD_k^2 = E[k(q, q')] + E[k(p, p')] - 2 E[k(q, p)]

Expectations are means over all pairs of particles; a draw is the site's whole value, its plates included. The prior's
draws are those of runs of the model by itself.

References:
    A. Gretton et al. (2012), *A kernel two-sample test*, Journal of Machine Learning Research 13;
    S. Zhao, J. Song and S. Ermon (2019), *InfoVAE*, https://arxiv.org/abs/1706.02262;
    I. Tolstikhin et al. (2018), *Wasserstein auto-encoders*, https://arxiv.org/abs/1711.01558
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from pyro.infer.checks import check_if_enumerated
from pyro.infer.elbo import ELBO
from pyro.infer.enum import get_importance_trace
from pyro.infer.terms import add
from pyro.infer.util import check_fully_reparametrized
from pyro.ops.validation import collecting, is_validation_enabled
from pyro.poutine.handlers import trace
from pyro.poutine.trace_struct import Trace

__all__ = ["Trace_MMD"]

Kernel = Callable[..., Tensor]


def _squared_distance(kernel: Kernel, x: Tensor, y: Tensor) -> Tensor:
    """``MMD^2`` of two samples, a row each."""
    return kernel(x).mean() + kernel(y).mean() - 2 * kernel(x, y).mean()


class Trace_MMD(ELBO):
    """The distance's estimate, for guides and priors whose values carry gradients.

    Args:
        kernel: called as ``kernel(x)`` and ``kernel(x, y)`` with draws, a row each, and gives the matrix of values;
            such as those of ``pyro.contrib.gp.kernels``. Or a dict of kernels by site. Parameters of modules are
            fixed.
        mmd_scale: the factor of the distances, a number or a dict by site.
        num_particles: how many draws the distances are estimated from.
        max_plate_nesting: how many dims plates take; found out by a run where it is needed.
        max_iarange_nesting: deprecated name of ``max_plate_nesting``.
        vectorize_particles: whether the particles are a dim of the tensors instead of a loop.
        strict_enumeration_warning: see :class:`~pyro.infer.elbo.ELBO`.
        ignore_jit_warnings: accepted for old programs.
        retain_graph: as in :meth:`torch.Tensor.backward`.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def kernel(x, y=None):
        ...     return torch.exp(-torch.cdist(x, x if y is None else y).square())
        >>> def model():
        ...     pyro.sample("z", dist.Normal(0.0, 1.0))
        >>> loss = Trace_MMD(kernel).loss(model, model)
    """

    def __init__(
        self,
        kernel: Kernel | Mapping[str, Kernel],
        mmd_scale: float | Mapping[str, float] = 1,
        num_particles: int = 10,
        max_plate_nesting: float = math.inf,
        max_iarange_nesting: int | None = None,
        vectorize_particles: bool = True,
        strict_enumeration_warning: bool = True,
        ignore_jit_warnings: bool = False,
        retain_graph: bool | None = None,
    ) -> None:
        super().__init__(num_particles, max_plate_nesting, max_iarange_nesting, vectorize_particles,
                         strict_enumeration_warning, ignore_jit_warnings, None, retain_graph)
        self.kernel = kernel
        self.mmd_scale = mmd_scale

    @property
    def kernel(self) -> Kernel | Mapping[str, Kernel]:
        """The kernel, or kernels by site."""
        return self._kernel

    @kernel.setter
    def kernel(self, kernel: Kernel | Mapping[str, Kernel]) -> None:
        for single in kernel.values() if isinstance(kernel, Mapping) else (kernel,):
            if isinstance(single, torch.nn.Module):
                single.requires_grad_(False)  # a kernel that could be learnt would learn to see no distance
        self._kernel = kernel

    @property
    def mmd_scale(self) -> float | Mapping[str, float]:
        """The factor, or factors by site."""
        return self._mmd_scale

    @mmd_scale.setter
    def mmd_scale(self, mmd_scale: float | Mapping[str, float]) -> None:
        self._mmd_scale = dict(mmd_scale) if isinstance(mmd_scale, Mapping) else float(mmd_scale)

    def _of_site(self, option: str, name: str) -> Any:
        value = getattr(self, option)
        if not isinstance(value, Mapping):
            return value
        if name not in value:
            raise KeyError(f"Site '{name}': Trace_MMD has no {option} for it, only for {sorted(value)}. Add it to the "
                           "dict.")
        return value[name]

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        """As for others; the model's latent sites have the values of another run by itself as ``prior_value``."""
        model_trace, guide_trace = get_importance_trace("flat", self.max_plate_nesting, model, guide, args, kwargs)
        prior = trace(model).get_trace(*args, **kwargs)
        for name, site in model_trace.nodes.items():
            if site["type"] == "sample" and not site["is_observed"] and name in guide_trace:
                check_fully_reparametrized(guide_trace.nodes[name])
                check_fully_reparametrized({"name": name, "score_parts": site["fn"].score_parts(site["value"])})
                site["prior_value"] = prior.nodes[name]["value"]
        if is_validation_enabled():
            check_if_enumerated(guide_trace)
        return model_trace, guide_trace

    def differentiable_loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Tensor:
        """The estimate of the loss.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            A scalar.

        Raises:
            NotImplementedError: if a site of the guide or of the prior carries no gradients; names it.
        """
        likelihood: list[Any] = []
        draws: dict[str, list[tuple[Tensor, Tensor]]] = {}
        with collecting():
            for model_trace, guide_trace in self._get_traces(model, guide, args, kwargs):
                for name, site in model_trace.nodes.items():
                    if site["type"] == "sample" and site["is_observed"]:
                        likelihood.append(site["log_prob_sum"])
                    elif "prior_value" in site:
                        draws.setdefault(name, []).append((guide_trace.nodes[name]["value"], site["prior_value"]))
            distances = [self._of_site("mmd_scale", name)
                         * _squared_distance(self._of_site("kernel", name), *map(self._rows, zip(*pairs, strict=True)))
                         for name, pairs in draws.items()]
            return torch.as_tensor(add(distances) - add(likelihood) / self.num_particles)

    def _rows(self, values: tuple[Tensor, ...]) -> Tensor:
        """The particles' values of a site as rows."""
        together = values[0] if self._has_particle_dim else torch.stack(values)
        return together.reshape(self.num_particles, -1)
