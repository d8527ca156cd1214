"""The evidence lower bound: what all of its estimators share.

For a model ``p(x, z)`` and a guide ``q(z)``, ``ELBO = E_q[log p(x, z) - log q(z)]``, which is at most ``log p(x)``
(Jordan et al. 1999; Ranganath, Gerrish and Blei 2014). Estimators differ in the random variable whose mean this is and
in the one whose mean is its gradient; they inherit from :class:`ELBO` the choice of particles and of their layout.
"""

import copy
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Self

import torch
from torch import Tensor

from pyro.logger import log
from pyro.ops.shown_once import remembering
from pyro.ops.validation import collecting
from pyro.poutine.handlers import block, replay, trace
from pyro.poutine.plate_messenger import PlateMessenger
from pyro.poutine.trace_struct import Trace

__all__ = ["ELBO", "ELBOModule"]


class ELBOModule(torch.nn.Module):
    """A loss as a module, for training loops in plain PyTorch; made by calling an :class:`ELBO`.

    A model or guide that is a module becomes a submodule, so that ``parameters()`` finds its parameters.

    Args:
        model: the model.
        guide: the guide.
        elbo: the estimator.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> class Guide(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.loc = torch.nn.Parameter(torch.tensor(0.0))
        ...     def forward(self):
        ...         pyro.sample("z", dist.Delta(self.loc))
        >>> def model():
        ...     pyro.sample("z", dist.Normal(3.0, 1.0))
        >>> loss = pyro.infer.Trace_ELBO()(model, Guide())
        >>> loss().backward()
        >>> [p.grad for p in loss.parameters()]
        [tensor(-3.)]
    """

    def __init__(self, model: Any, guide: Any, elbo: "ELBO") -> None:
        super().__init__()
        self.model = model
        self.guide = guide
        self.elbo = elbo

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """The differentiable loss.

        Args:
            *args: for model and guide.
            **kwargs: for model and guide.

        Returns:
            Minus the estimate of the ELBO, a scalar.
        """
        return self.elbo.differentiable_loss(self.model, self.guide, *args, **kwargs)


class ELBO(ABC):
    """The base of the estimators.

    Args:
        num_particles: how many samples of the guide an estimate averages over.
        max_plate_nesting: how many dims plates take; found out by a run where it is needed.
        max_iarange_nesting: deprecated name of ``max_plate_nesting``.
        vectorize_particles: whether the particles are a dim of the tensors instead of a loop.
        strict_enumeration_warning: whether an estimator that enumerates warns where nothing is enumerated.
        ignore_jit_warnings: accepted for old programs; nothing warns here.
        jit_options: accepted for old programs.
        retain_graph: as in :meth:`torch.Tensor.backward`; set it where gradients are asked of the same graph again.
        tail_adaptive_beta: exponent of the tail-adaptive estimator.
    """

    def __init__(
        self,
        num_particles: int = 1,
        max_plate_nesting: float = math.inf,
        max_iarange_nesting: int | None = None,
        vectorize_particles: bool = False,
        strict_enumeration_warning: bool = True,
        ignore_jit_warnings: bool = False,
        jit_options: dict[str, Any] | None = None,
        retain_graph: bool | None = None,
        tail_adaptive_beta: float = -1.0,
    ) -> None:
        if max_iarange_nesting is not None:
            warnings.warn("max_iarange_nesting is deprecated; use max_plate_nesting instead", DeprecationWarning,
                          stacklevel=2)
            max_plate_nesting = max_iarange_nesting
        self._check_num_particles(num_particles)
        self.num_particles = num_particles
        self.vectorize_particles = vectorize_particles
        # the particles' dim counts as a plate
        self.max_plate_nesting = max_plate_nesting + self._has_particle_dim
        self.retain_graph = retain_graph
        self.strict_enumeration_warning = strict_enumeration_warning
        self.ignore_jit_warnings = ignore_jit_warnings
        self.jit_options = jit_options
        self.tail_adaptive_beta = tail_adaptive_beta
        self._shown: set[str] = set()  # warnings about model and guide

    @property
    def _has_particle_dim(self) -> bool:
        return self.vectorize_particles and self.num_particles > 1

    def _check_num_particles(self, num_particles: int) -> None:
        if num_particles < 1:
            raise ValueError(f"{type(self).__name__}: expected num_particles >= 1, got {num_particles}.")

    def _with_num_particles(self, num_particles: int) -> Self:
        """The same estimator with another number of particles."""
        self._check_num_particles(num_particles)
        other = copy.copy(self)
        other.num_particles = num_particles
        other.max_plate_nesting += other._has_particle_dim - self._has_particle_dim
        return other

    def __call__(self, model: Any, guide: Any) -> ELBOModule:
        """The loss of a model and a guide as a module, see :class:`ELBOModule`."""
        return ELBOModule(model, guide, self)

    def _guess_max_plate_nesting(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Runs both programs once, unseen, and takes the leftmost dim of their plates."""
        with block():
            guide_trace = trace(guide).get_trace(*args, **kwargs)
            model_trace = trace(replay(model, trace=guide_trace)).get_trace(*args, **kwargs)
        dims = [frame.dim for run in (model_trace, guide_trace) for site in run.nodes.values()
                if site["type"] == "sample" for frame in site["cond_indep_stack"] if frame.vectorized]
        self.max_plate_nesting = self._has_particle_dim - min(dims, default=0)
        log.info(f"Guessed max_plate_nesting = {self.max_plate_nesting}")

    def _vectorized_num_particles(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Puts a program into a plate of particles, to the left of all its plates."""

        @wraps(fn)
        def vectorized(*args: Any, **kwargs: Any) -> Any:
            if not self._has_particle_dim:
                return fn(*args, **kwargs)
            with PlateMessenger("num_particles_vectorized", self.num_particles, dim=-int(self.max_plate_nesting)):
                return fn(*args, **kwargs)

        return vectorized

    def _get_vectorized_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        return self._get_trace(
            self._vectorized_num_particles(model), self._vectorized_num_particles(guide), args, kwargs)

    @abstractmethod
    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        """One run of the guide and the model's run on its values."""

    def _get_traces(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[tuple[Trace, Trace]]:
        """Traces of all particles: one pair if they are vectorised, a pair each if not."""
        if self.vectorize_particles and self.max_plate_nesting == math.inf:
            with remembering(self._shown):
                self._guess_max_plate_nesting(model, guide, args, kwargs)
        get_trace = self._get_vectorized_trace if self.vectorize_particles else self._get_trace
        for _ in range(1 if self.vectorize_particles else self.num_particles):
            with remembering(self._shown):
                traces = get_trace(model, guide, args, kwargs)
            yield traces

    def differentiable_loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Tensor:
        """Minus the estimate of the ELBO, a scalar tensor whose gradient is the estimate of the gradient."""
        raise NotImplementedError(f"{type(self).__name__} has no differentiable loss. Use Trace_ELBO for training "
                                  "loops in plain PyTorch.")

    def loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> float:
        """Minus the estimate of the ELBO; warns if it is NaN."""
        with collecting() as verdicts, torch.no_grad():
            loss = float(self.differentiable_loss(model, guide, *args, **kwargs))
            if math.isnan(loss):
                culprit = verdicts.first_not_finite()
                where = "" if culprit is None else f": the log-density at site '{culprit[0]}' is {culprit[1]}"
                warnings.warn(f"The loss is NaN{where}. Look at the distributions' parameters and values.",
                              stacklevel=2)
            return loss

    def loss_and_grads(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> float:
        """Adds the estimate of the loss's gradient to the parameters, and returns the estimate of the loss."""
        with collecting():
            loss = self.differentiable_loss(model, guide, *args, **kwargs)
            if loss.requires_grad:
                loss.backward(retain_graph=self.retain_graph)
            return loss.item()
