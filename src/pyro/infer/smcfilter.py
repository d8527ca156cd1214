"""Particle filters: sequential Monte Carlo over a model that goes step by step.

A cloud of weighted particles stands for the posterior of the state after each observation. A step moves each particle
by the guide ``q``, multiplies its weight by ``p / q``, and, once the effective sample size is too small, replaces the
cloud by one of equal weights.

References:
    A. Doucet and A. M. Johansen (2009), *A tutorial on particle filtering and smoothing: fifteen years later*;
    G. Kitagawa (1996), *Monte Carlo filter and smoother for non-Gaussian nonlinear state space models*.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.empirical import Empirical
from pyro.poutine.handlers import replay, trace
from pyro.poutine.plate_messenger import PlateMessenger
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import prune_subsample_sites

__all__ = ["SMCFailed", "SMCFilter", "SMCState"]


class SMCFailed(ValueError):
    """Raised when no particle is left that the model allows."""


class SMCState(dict[str, Tensor]):
    """The state of all particles: tensors by name, particles along the first dim.

    Args:
        num_particles: how many particles.
    """

    def __init__(self, num_particles: int) -> None:
        if not (isinstance(num_particles, int) and num_particles > 0):
            raise AssertionError(f"SMCState: expected a positive number of particles, got {num_particles!r}.")
        self._num_particles = num_particles
        self._log_weights = torch.zeros(num_particles)
        self._locked = False
        super().__init__()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Forbids writing."""
        self._locked = True
        try:
            yield
        finally:
            self._locked = False

    def __setitem__(self, key: str, value: Tensor) -> None:
        """Sets a tensor of the state.

        Raises:
            RuntimeError: while the guide runs.
            TypeError: if the value is no tensor.
            ValueError: if its first dim is not that of particles.
        """
        if self._locked:
            raise RuntimeError(f"Guide cannot write to SMCState: it set '{key}'. Let the model's init() and step() do "
                               "it.")
        if not isinstance(value, Tensor):
            raise TypeError(f"Only Tensors can be stored in an SMCState, but got {type(value).__name__} for '{key}'.")
        if value.dim() == 0 or value.size(0) != self._num_particles:
            raise ValueError(f"Expected leading dim of size {self._num_particles} but got shape {value.shape} for "
                             f"'{key}'. Expand the value over the particles.")
        super().__setitem__(key, value)

    def _resample(self, index: Tensor) -> None:
        for key, value in list(self.items()):
            self[key] = value[index].contiguous()
        self._log_weights = torch.zeros_like(self._log_weights)


class SMCFilter:
    """Sequential Monte Carlo for a model given step by step.

    Args:
        model: an object with methods ``init(state, ...)`` and ``step(state, ...)``, which sample and write the state.
        guide: an object with the same methods, which propose the model's latent sites and only read the state.
        num_particles: how many particles.
        max_plate_nesting: how many dims the plates of model and guide take.
        ess_threshold: the share of ``num_particles`` below which the effective sample size makes the filter resample.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> class Walk:
        ...     def init(self, state):
        ...         state["z"] = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     def step(self, state, y):
        ...         state["z"] = pyro.sample("z_next", dist.Normal(state["z"], 1.0))
        ...         pyro.sample("y", dist.Normal(state["z"], 1.0), obs=y)
        >>> class Proposal:
        ...     def init(self, state):
        ...         pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     def step(self, state, y):
        ...         pyro.sample("z_next", dist.Normal(state["z"], 1.0))
        >>> smc = SMCFilter(Walk(), Proposal(), num_particles=100, max_plate_nesting=0)
        >>> smc.init()
        >>> smc.step(torch.tensor(1.0))
        >>> smc.get_empirical()["z"].sample_size
        100
    """

    def __init__(
        self, model: Any, guide: Any, num_particles: int, max_plate_nesting: int, *, ess_threshold: float = 0.5
    ) -> None:
        if not 0 < ess_threshold <= 1:
            raise AssertionError(f"SMCFilter: expected 0 < ess_threshold <= 1, got {ess_threshold}.")
        self.model = model
        self.guide = guide
        self.num_particles = num_particles
        self.max_plate_nesting = max_plate_nesting
        self.ess_threshold = ess_threshold
        self.state = SMCState(num_particles)
        self._has_begun = False

    def init(self, *args: Any, **kwargs: Any) -> None:
        """Draws the first particles.

        Args:
            *args: for the ``init`` of model and guide, after the state.
            **kwargs: likewise.

        Raises:
            SMCFailed: if the model allows no particle.
        """
        self._has_begun = True
        self._advance("init", args, kwargs)

    def step(self, *args: Any, **kwargs: Any) -> None:
        """Moves, weighs and perhaps resamples the particles.

        Args:
            *args: for the ``step`` of model and guide, after the state.
            **kwargs: likewise.

        Raises:
            AttributeError: if :meth:`init` has not been called.
            SMCFailed: if the model allows no particle.
        """
        if not self._has_begun:
            raise AttributeError("SMCFilter: there are no particles yet. Call init() before step().")
        self._advance("step", args, kwargs)

    def _advance(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        with torch.no_grad(), PlateMessenger("particles", self.num_particles, dim=-1 - self.max_plate_nesting):
            with self.state._lock():
                guide_trace = trace(getattr(self.guide, method)).get_trace(self.state, *args, **kwargs)
            model = replay(getattr(self.model, method), trace=guide_trace)
            model_trace = trace(model).get_trace(self.state, *args, **kwargs)
        with torch.no_grad():
            self._update_weights(model_trace, guide_trace)
            self._maybe_importance_resample()

    def get_empirical(self) -> dict[str, Empirical]:
        """The distribution of each tensor of the state.

        Returns:
            Empirical distributions by name.
        """
        return {name: Empirical(value, self.state._log_weights) for name, value in self.state.items()}

    def _log_prob(self, site: Any) -> Tensor:
        log_prob: Tensor = site["log_prob"]
        if log_prob.dim() > self.max_plate_nesting:
            return log_prob.reshape(log_prob.shape[0], -1).sum(-1)
        return log_prob.sum()

    def _update_weights(self, model_trace: Trace, guide_trace: Trace) -> None:
        """Multiplies the weights by ``p / q``, and normalises them."""
        model_trace, guide_trace = prune_subsample_sites(model_trace), prune_subsample_sites(guide_trace)
        model_trace.compute_log_prob()
        guide_trace.compute_log_prob()
        for name, site in guide_trace.nodes.items():
            if site["type"] == "sample" and name not in model_trace:
                self.state._log_weights = self.state._log_weights - self._log_prob(site)
        for name, site in model_trace.nodes.items():
            if site["type"] != "sample":
                continue
            change = self._log_prob(site)
            if name in guide_trace:
                change = change - self._log_prob(guide_trace.nodes[name])
            elif not site["is_observed"]:
                continue  # drawn from the prior: p = q
            self.state._log_weights = self.state._log_weights + change
            if not self.state._log_weights.max() > -torch.inf:
                raise SMCFailed(f"Failed to find feasible hypothesis after site {name}: its log-density is -inf or NaN "
                                "for every particle. Use more particles, or a guide that looks at the observation.")
        self.state._log_weights = self.state._log_weights.log_softmax(0)

    def _maybe_importance_resample(self) -> None:
        probs = self.state._log_weights.softmax(0)
        if 1 / probs.square().sum() < self.ess_threshold * self.num_particles:
            self._importance_resample(probs)

    def _importance_resample(self, probs: Tensor) -> None:
        self.state._resample(_systematic_sample(probs))


def _systematic_sample(probs: Tensor) -> Tensor:
    """Indices whose counts have the expectations ``len(probs) * probs``, by one uniform number for all."""
    size = len(probs)
    points = (torch.arange(size, dtype=probs.dtype, device=probs.device) + torch.rand((), device=probs.device)) / size
    return torch.searchsorted(probs.cumsum(0), points).clamp(max=size - 1)
