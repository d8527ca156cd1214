"""The log-likelihood of each observation under each draw of the posterior.

This is what leave-one-out cross-validation and information criteria are computed from: A. Vehtari, A. Gelman and
J. Gabry (2017), *Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC*.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pyro.infer.predictive_draws import PLATE, PosteriorMessenger, leftmost_dim
from pyro.poutine.handlers import block, trace
from pyro.poutine.plate_messenger import PlateMessenger
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

__all__ = ["log_likelihood"]


def _densities(run: Trace, draws: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The log-densities of the observed sites of a run."""
    densities = {}
    for name, site in run.nodes.items():
        is_data = site["type"] == "sample" and site["is_observed"] and name not in draws
        if is_data and not site["infer"].get("_deterministic") and not site_is_subsample(site):
            log_prob = site["fn"].log_prob(site["value"])
            mask = site["mask"]
            if mask is not None:
                log_prob = torch.where(torch.as_tensor(mask, device=log_prob.device), log_prob, 0.0)
            densities[name] = log_prob
    return densities


def log_likelihood(
    model: Any,
    posterior_samples: Mapping[str, Tensor],
    *args: Any,
    parallel: bool = False,
    batch_ndims: int = 1,
    **kwargs: Any,
) -> dict[str, Tensor]:
    """Log-likelihoods of a model's observed sites.

    Args:
        model: the model.
        posterior_samples: draws of all latent sites by name.
        *args: for the model.
        parallel: whether the model is run once, in a plate of draws; it has to broadcast.
        batch_ndims: how many leading dims of the draws count draws: 2 for chains and draws, 0 for a single draw.
        **kwargs: for the model.

    Returns:
        By site, log-densities of shape ``draws + batch_shape``, not scaled for subsampling; masked elements are 0.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model(x):
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     with pyro.plate("data", len(x)):
        ...         pyro.sample("x", dist.Normal(z, 1.0), obs=x)
        >>> log_likelihood(model, {"z": torch.zeros(100)}, torch.ones(3))["x"].shape
        torch.Size([100, 3])
    """
    leading = next((value.shape[:batch_ndims] for value in posterior_samples.values()), torch.Size())
    count = leading.numel()
    draws = {name: value.reshape((count, *value.shape[batch_ndims:])) for name, value in posterior_samples.items()}
    posterior = PosteriorMessenger(draws)
    program = trace(posterior(model))
    rows: list[dict[str, Tensor]] = []
    with torch.no_grad(), block():
        for posterior.index in range(1 if parallel else count):
            rows.append(_densities(program.get_trace(*args, **kwargs), draws))
        if not parallel:
            return {name: torch.stack([row[name] for row in rows]).reshape(leading + rows[0][name].shape)
                    for name in rows[0]}
        nesting = leftmost_dim(program.trace)
        program = trace(PosteriorMessenger(draws, nesting)(model))
        with PlateMessenger(PLATE, count, dim=-1 - nesting):
            program(*args, **kwargs)
        return {name: value.reshape(leading + rows[0][name].shape)
                for name, value in _densities(program.trace, draws).items()}
