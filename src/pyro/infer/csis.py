r"""Compiled sequential importance sampling: a guide for any data, learnt from the model's own draws.

The guide's network minimises :math:`-E_{p(z, x)}[\log q(z \mid x)]`, the inclusive divergence from the posterior
averaged over data, and then serves as the proposal of importance sampling.

References:
    T. A. Le, A. G. Baydin and F. Wood (2017), *Inference compilation and universal probabilistic programming*,
    https://arxiv.org/abs/1610.09900
"""

from typing import Any

import torch

from pyro.infer.importance import Importance
from pyro.infer.rws import guide_on_draw
from pyro.infer.util import torch_item
from pyro.ops.validation import collecting
from pyro.poutine.handlers import trace, uncondition
from pyro.poutine.trace_struct import Trace

__all__ = ["CSIS"]


class CSIS(Importance):
    """Learns a guide from draws of the model, and samples by importance with it.

    Args:
        model: the model; takes the keyword argument ``observations``, a dict of data by site name.
        guide: the guide, likewise; it uses them as the input of its networks.
        optim: an optimiser of :mod:`pyro.optim`.
        num_inference_samples: how many weighted samples a run takes.
        training_batch_size: how many draws of the model a step takes.
        validation_batch_size: how many draws the validation loss is of.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> pyro.clear_param_store()
        >>> pyro.set_rng_seed(0)
        >>> def model(observations={"x": torch.tensor(0.0)}):
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=observations["x"])
        >>> def guide(observations={"x": torch.tensor(0.0)}):
        ...     slope = pyro.param("slope", torch.tensor(0.0))
        ...     pyro.sample("z", dist.Normal(slope * observations["x"], 0.5 ** 0.5))
        >>> csis = CSIS(model, guide, pyro.optim.Adam({"lr": 0.1}))
        >>> losses = [csis.step() for step in range(100)]
        >>> abs(pyro.param("slope").item() - 0.5) < 0.2
        True
    """

    def __init__(
        self,
        model: Any,
        guide: Any,
        optim: Any,
        num_inference_samples: int = 10,
        training_batch_size: int = 10,
        validation_batch_size: int = 20,
    ) -> None:
        super().__init__(model, guide, num_inference_samples)
        self.optim = optim
        self.training_batch_size = training_batch_size
        self.validation_batch_size = validation_batch_size
        self.validation_batch: list[Trace] | None = None

    def set_validation_batch(self, *args: Any, **kwargs: Any) -> None:
        """Draws what :meth:`validation_loss` is of.

        Args:
            *args: for the model.
            **kwargs: for the model.
        """
        self.validation_batch = [self._sample_from_joint(*args, **kwargs) for _ in range(self.validation_batch_size)]

    def step(self, *args: Any, **kwargs: Any) -> float:
        """One gradient step of the guide's parameters.

        Args:
            *args: for model and guide.
            **kwargs: for model and guide.

        Returns:
            The estimate of the loss before the step.
        """
        with trace(param_only=True) as capture:
            loss = self.loss_and_grads(True, None, *args, **kwargs)
        leaves = {site["value"].unconstrained(): None for site in capture.trace.nodes.values()}
        self.optim(leaves)
        for leaf in leaves:
            leaf.grad = None
        return loss

    def loss_and_grads(self, grads: bool, batch: list[Trace] | None, *args: Any, **kwargs: Any) -> float:
        """The loss of draws from the model.

        Args:
            grads: whether to add the gradient to the guide's parameters.
            batch: the draws; by default new ones.
            *args: for model and guide.
            **kwargs: for model and guide.

        Returns:
            The mean of ``-log q`` of the draws.
        """
        if batch is None:
            batch = [self._sample_from_joint(*args, **kwargs) for _ in range(self.training_batch_size)]
        total = 0.0
        with collecting():
            for model_trace in batch:
                with torch.set_grad_enabled(grads):
                    loss = -guide_on_draw(self.guide, model_trace, args, kwargs).log_prob_sum() / len(batch)
                if grads and getattr(loss, "requires_grad", False):
                    loss.backward()
                total += torch_item(loss)
        return total

    def validation_loss(self, *args: Any, **kwargs: Any) -> float:
        """The loss of draws that stay the same; drawn at the first call, or by :meth:`set_validation_batch`.

        Args:
            *args: for model and guide.
            **kwargs: for model and guide.
        """
        if self.validation_batch is None:
            self.set_validation_batch(*args, **kwargs)
        return self.loss_and_grads(False, self.validation_batch, *args, **kwargs)

    def _sample_from_joint(self, *args: Any, **kwargs: Any) -> Trace:
        """A run of the model that draws the data too."""
        with torch.no_grad():
            run: Trace = trace(uncondition(self.model)).get_trace(*args, **kwargs)
            return run
