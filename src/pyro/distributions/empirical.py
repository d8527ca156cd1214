"""Empirical distribution: a weighted set of draws from another one."""

from collections.abc import Sequence
from copy import copy
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.categorical import Categorical
from pyro.distributions.torch_distribution import TorchDistribution

__all__ = ["Empirical"]


class Empirical(TorchDistribution):
    r"""Empirical distribution of weighted draws :math:`x_1, \dots, x_S`.

    .. math::
        p(x) = \sum_s w_s \, [x = x_s] \Big/ \sum_s w_s

    Args:
        samples: the draws, of shape batch_shape + (S,) + event_shape.
        log_weights: their unnormalised log weights :math:`\log w_s`, of shape batch_shape + (S,).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        as the shapes of the parameters say.

    Support:
        real tensors of event_shape, as far as a check is concerned.

    Raises:
        ValueError: if the shape of ``samples`` does not begin with that of ``log_weights``.

    References:
        A. W. van der Vaart (1998), Asymptotic Statistics, ch. 19.

    Example:
        >>> Empirical(torch.tensor([1.0, 4.0]), torch.tensor([0.5, 0.25]).log()).mean
        tensor(2.)
    """

    has_enumerate_support = True
    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, samples: Tensor, log_weights: Tensor, validate_args: bool | None = None) -> None:
        ndim = log_weights.dim()
        if samples.shape[:ndim] != log_weights.shape or not ndim:
            raise ValueError(f"Empirical: expected samples whose shape begins with that of log_weights, got "
                             f"{tuple(samples.shape)} and {tuple(log_weights.shape)}.")
        self._samples, self._log_weights = samples, log_weights
        super().__init__(log_weights.shape[:-1], samples.shape[ndim:], validate_args=validate_args)

    @staticmethod
    def infer_shapes(samples: tuple[int, ...], log_weights: tuple[int, ...]) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            samples: shape of ``samples``.
            log_weights: shape of ``log_weights``.

        Returns:
            batch_shape and event_shape.
        """
        return Size(log_weights[:-1]), Size(samples[len(log_weights) :])

    @constraints.dependent_property
    def support(self) -> Any:
        """Real tensors of event_shape."""
        return constraints.independent(constraints.real, self.event_dim)

    @property
    def log_weights(self) -> Tensor:
        """The unnormalised log weights."""
        return self._log_weights

    @property
    def sample_size(self) -> int:
        """The number of draws, those of all batch elements together."""
        return self._log_weights.numel()

    def expand(self, batch_shape: Sequence[int], _instance: "Empirical | None" = None) -> "Empirical":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new = copy(self) if _instance is None else _instance  # with whatever state a subclass adds
        batch_shape = Size(batch_shape)
        new._log_weights = self._log_weights.expand(batch_shape + self._log_weights.shape[-1:])
        new._samples = self._samples.expand(new._log_weights.shape + self.event_shape)
        super(Empirical, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _over_event(self, tensor: Tensor) -> Tensor:
        """Adds a dimension on the right for each of the event's."""
        return tensor.reshape(tensor.shape + (1,) * self.event_dim)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from the draws, with replacement, by their weights.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Draws of shape sample_shape + batch_shape + event_shape.
        """
        choice = Categorical(logits=self._log_weights, validate_args=False)
        index: Tensor = choice.sample(Size(sample_shape))  # type: ignore[no-untyped-call]
        dim = -1 - self.event_dim
        index = self._over_event(index.unsqueeze(-1)).expand(index.shape + (1,) + self.event_shape)
        samples = self._samples.detach()
        return samples.expand(index.shape[:dim] + samples.shape[dim:]).gather(dim, index).squeeze(dim)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log of the total weight of the draws that equal a value.

        Args:
            value: values, broadcastable with batch_shape + event_shape.

        Returns:
            Their log probabilities.
        """
        if self._validate_args:
            self._validate_sample(value)
        equals = value.unsqueeze(-1 - self.event_dim) == self._samples
        for _ in range(self.event_dim):
            equals = equals.all(-1)
        log_weights = self._log_weights.log_softmax(-1)
        lowest = torch.finfo(log_weights.dtype).min
        top = torch.where(equals, log_weights.detach(), lowest).amax(-1, keepdim=True).clamp(min=lowest)
        # a sum of masked terms, not a logsumexp: exponentials that underflow take ten times as long as others
        total = (torch.where(equals, log_weights - top, 0.0).exp() * equals).sum(-1)
        is_known = total > 0
        return torch.where(is_known, torch.where(is_known, total, 1.0).log() + top.squeeze(-1), -torch.inf)

    def _average(self, values: Tensor, name: str) -> Tensor:
        """The weighted mean over the draws."""
        if not values.is_floating_point():
            raise ValueError(f"Empirical: {name} of draws of dtype {values.dtype} is not defined. Convert them to "
                             "floating point, or labels to one-hot vectors.")
        weights = self._over_event(self._log_weights.softmax(-1))
        return (weights * values).sum(-1 - self.event_dim)

    @property
    def mean(self) -> Tensor:
        """The weighted mean.

        Raises:
            ValueError: if the draws are whole numbers.
        """
        return self._average(self._samples, "the mean")

    @property
    def variance(self) -> Tensor:
        """The weighted mean square of deviations from the mean.

        Raises:
            ValueError: if the draws are whole numbers.
        """
        deviation = self._samples - self._average(self._samples, "the variance").unsqueeze(-1 - self.event_dim)
        return self._average(deviation.square(), "the variance")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """The draws along a new leftmost dimension; each batch element has its own.

        Args:
            expand: without effect.

        Returns:
            The draws, of shape (S,) + batch_shape + event_shape.
        """
        return self._samples.movedim(len(self.batch_shape), 0)
