r"""Reweighted wake-sleep: a model and its guide are learnt by objectives of their own.

With weights :math:`w_k = p_\theta(x, z_k) / q_\phi(z_k \mid x)` of K particles of the guide, normalised to
:math:`\hat w_k`, the losses are

- wake, of the model: :math:`-\log \frac{1}{K} \sum_k w_k`, minus the importance-weighted ELBO;
- wake, of the guide: :math:`-\sum_k \hat w_k \log q_\phi(z_k \mid x)`, an estimate of the inclusive divergence;
- sleep, of the guide: :math:`-\log q_\phi(z \mid x)` for ``z`` and ``x`` drawn from the model.

Values are constants in all of them: discrete sites need no other gradients than continuous ones.

References:
    J. Bornschein and Y. Bengio (2015), *Reweighted wake-sleep*, https://arxiv.org/abs/1406.2751;
    T. A. Le, A. R. Kosiorek, N. Siddharth, Y. W. Teh and F. Wood (2019), *Revisiting reweighted wake-sleep for models
    with stochastic control flow*, https://arxiv.org/abs/1805.10469
"""

import math
from typing import Any

import torch
from torch import Tensor

from pyro.infer.checks import check_if_enumerated
from pyro.infer.elbo import ELBO
from pyro.infer.enum import get_importance_trace
from pyro.infer.terms import add, get_particles
from pyro.ops.validation import collecting, is_validation_enabled
from pyro.poutine.handlers import replay, trace, uncondition
from pyro.poutine.trace_struct import Trace

__all__ = ["ReweightedWakeSleep", "guide_on_draw", "observations_of"]


def observations_of(model_trace: Trace) -> dict[str, Any]:
    """The values at the sites that :func:`pyro.poutine.uncondition` has sampled instead of observing.

    Args:
        model_trace: a run under it.
    """
    return {name: site["value"] for name, site in model_trace.nodes.items()
            if site["type"] == "sample" and site["infer"].get("was_observed")}


def guide_on_draw(guide: Any, model_trace: Trace, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Trace:
    """Runs a guide on a draw of the model, whose data it takes by the keyword argument ``observations``.

    Args:
        guide: the guide.
        model_trace: the model's run under :func:`pyro.poutine.uncondition`.
        args: for the guide.
        kwargs: for the guide; ``observations`` are replaced.

    Raises:
        TypeError: if the guide takes no such argument, or the data came by position.
    """
    given = {**kwargs, "observations": observations_of(model_trace)}
    try:
        run: Trace = trace(replay(guide, trace=model_trace)).get_trace(*args, **given)
    except TypeError as e:
        if "'observations'" not in str(e):
            raise
        raise TypeError(f"{e}: on draws from the model the guide is called with the keyword argument observations=, a "
                        "dict by site name. Give model and guide this argument, and pass the data by it: "
                        "step(observations={'x': x}).") from e
    return run


class ReweightedWakeSleep(ELBO):
    """Losses of a model and a guide, a pair; for discrete or continuous sites, and for structures that vary.

    For the sleep phase the guide takes the model's draws of the data by a keyword argument ``observations``, a dict by
    site name; the model takes, and ignores, it too if the wake phase is given it.

    Args:
        num_particles: K, at least 2.
        insomnia: the share of the wake loss in the guide's loss, from 0 to 1; the rest is the sleep loss's.
        model_has_params: whether the model has something to learn; without, only the guide is.
        num_sleep_particles: the number of draws from the model; K by default.
        vectorize_particles: whether the particles are a dim of the tensors instead of a loop.
        max_plate_nesting: how many dims plates take; found out by a run where it is needed.
        strict_enumeration_warning: see :class:`~pyro.infer.elbo.ELBO`.

    Raises:
        AssertionError: if there are too few particles, or ``insomnia`` is out of range.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model(observations={"x": torch.tensor(1.0)}):
        ...     z = pyro.sample("z", dist.Bernoulli(0.5))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=observations["x"])
        >>> def guide(observations={"x": torch.tensor(1.0)}):
        ...     pyro.sample("z", dist.Bernoulli(logits=observations["x"]))
        >>> model_loss, guide_loss = ReweightedWakeSleep(insomnia=0.5).loss(model, guide)
    """

    def __init__(
        self,
        num_particles: int = 2,
        insomnia: float = 1.0,
        model_has_params: bool = True,
        num_sleep_particles: int | None = None,
        vectorize_particles: bool = True,
        max_plate_nesting: float = math.inf,
        strict_enumeration_warning: bool = True,
    ) -> None:
        if num_particles < 2:
            raise AssertionError("ReweightedWakeSleep compares the weights of particles: expected num_particles >= 2, "
                                 f"got {num_particles}.")
        if not 0 <= insomnia <= 1:
            raise AssertionError(f"ReweightedWakeSleep: expected insomnia between 0 and 1, got {insomnia}.")
        super().__init__(num_particles, max_plate_nesting, vectorize_particles=vectorize_particles,
                         strict_enumeration_warning=strict_enumeration_warning)
        self.insomnia = insomnia
        self.model_has_params = model_has_params
        self.num_sleep_particles = num_particles if num_sleep_particles is None else num_sleep_particles

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        model_trace, guide_trace = get_importance_trace(
            "flat", self.max_plate_nesting, model, guide, args, kwargs, detach=True)
        if is_validation_enabled():
            check_if_enumerated(guide_trace)
        return model_trace, guide_trace

    def _wake(self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """The model's loss and the guide's, each a function of its own parameters only."""
        particles = get_particles(self, model, guide, args, kwargs)
        log_weights = particles.log_p - particles.log_q.detach()
        model_loss = math.log(self.num_particles) - torch.logsumexp(log_weights, -1)
        if not self.model_has_params:
            model_loss = model_loss.detach()
        return model_loss, -(torch.softmax(log_weights.detach(), -1) * particles.log_q).sum()

    def _sleep(self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """The guide's loss on draws from the model."""
        count = self.num_sleep_particles
        if self.vectorize_particles and self.max_plate_nesting == math.inf:
            self._guess_max_plate_nesting(model, guide, args, kwargs)
        particles = self._with_num_particles(count)
        model, guide = (particles._vectorized_num_particles(fn) for fn in (uncondition(model), guide))
        terms: list[Any] = []
        for _ in range(1 if self.vectorize_particles else count):
            with torch.no_grad():
                model_trace = trace(model).get_trace(*args, **kwargs)
            terms.append(guide_on_draw(guide, model_trace, args, kwargs).log_prob_sum())
        return torch.as_tensor(-add(terms) / count)

    def _losses(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Tensor, Tensor]:
        model_loss = guide_loss = torch.tensor(0.0)
        with collecting():
            if self.model_has_params or self.insomnia > 0:
                model_loss, guide_loss = self._wake(model, guide, args, kwargs)
                guide_loss = guide_loss if self.insomnia == 1 else self.insomnia * guide_loss
            if self.insomnia < 1:
                guide_loss = guide_loss + (1 - self.insomnia) * self._sleep(model, guide, args, kwargs)
        return model_loss, guide_loss

    def differentiable_loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Tensor:
        """The sum of both losses, whose gradients have no parameter in common.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            A scalar.
        """
        model_loss, guide_loss = self._losses(model, guide, args, kwargs)
        return model_loss + guide_loss

    def loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Any:
        """The losses.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            The model's and the guide's, two numbers.
        """
        with torch.no_grad():
            model_loss, guide_loss = self._losses(model, guide, args, kwargs)
        return model_loss.item(), guide_loss.item()

    def loss_and_grads(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds the losses' gradients to the parameters.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            The model's loss and the guide's, two numbers.
        """
        with collecting():
            model_loss, guide_loss = self._losses(model, guide, args, kwargs)
            total = model_loss + guide_loss
            if total.requires_grad:
                total.backward(retain_graph=self.retain_graph)
            return model_loss.item(), guide_loss.item()
