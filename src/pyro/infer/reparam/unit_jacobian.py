"""A variable in other coordinates, by a map that keeps volumes."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Size, Tensor
from torch.distributions import biject_to
from torch.distributions.transforms import ComposeTransform, Transform

from pyro.distributions import constraints
from pyro.distributions.delta import Delta
from pyro.distributions.torch_distribution import MaskedDistribution, TorchDistribution
from pyro.infer.reparam.reparam import (
    Reparam,
    ReparamMessage,
    ReparamResult,
    forced_sample,
    summed_log_det,
    transformed,
)
from pyro.poutine.indep_messenger import IndepMessenger
from pyro.poutine.messenger import block_messengers

__all__ = ["UnitJacobianReparam"]


class UnitJacobianReparam(Reparam):
    r"""Draws :math:`z = T(u(x))` instead of x, where T keeps volumes and u takes x's support to the real line.

    The auxiliary site is ``<name>_<suffix>``, and its distribution is that of z, so that guides see the coordinates in
    which the posterior may be nearly independent.

    Args:
        transform: T, which maps unconstrained values to unconstrained values and has Jacobian determinant one.
        suffix: of the auxiliary site's name.
        experimental_allow_batch: whether dims of the batch, and the plates around them, may be transformed too. The
            auxiliary site then stands outside of these plates, and its batch has size one there.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> from pyro.distributions.transforms import Permute
        >>> reparam = UnitJacobianReparam(Permute(torch.tensor([1, 0])), suffix="swapped")
        >>> model = lambda: pyro.sample("x", dist.Normal(torch.tensor([3.0, 7.0]), 0.1).to_event(1))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": reparam})).get_trace()
        >>> trace.nodes["x_swapped"]["value"].round()
        tensor([7., 3.])
    """

    def __init__(
        self, transform: Transform, suffix: str = "transformed", *, experimental_allow_batch: bool = False
    ) -> None:
        self.transform = transform
        self.suffix = suffix
        self.experimental_allow_batch = experimental_allow_batch

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the site ``<name>_<suffix>``; see :meth:`Reparam.apply`.

        Raises:
            ValueError: if the transform needs more dims than the event has.
        """
        name, fn, value, is_observed = msg["name"], msg["fn"], msg["value"], bool(msg["is_observed"])
        extra = self.transform.domain.event_dim - fn.event_dim
        outside: AbstractContextManager[Any] = nullcontext()
        whole = fn
        if extra > 0:
            self._check_extra(name, fn, extra)
            whole = _Unsqueezed(fn.to_event(extra), extra)
            outside = block_messengers(
                lambda frame: isinstance(frame, IndepMessenger) and frame.dim is not None and frame.dim >= -extra)
        extra = max(extra, 0)
        coordinates = ComposeTransform([biject_to(whole.support).inv, self.transform])
        start = None if value is None else coordinates(_unsqueeze(value, extra, fn.event_dim + extra))
        with outside:
            drawn = forced_sample(f"{name}_{self.suffix}", transformed(whole, coordinates), start, is_observed)
        # the auxiliary site carries the whole density; what it has too little, for data, remains here
        density: Tensor | float = 0.0
        if is_observed:
            assert value is not None
            original = _unsqueeze(value, extra, whole.event_dim)
            density = summed_log_det(coordinates, original, drawn, whole.event_dim)
            if extra:  # once, not for each element of the batch
                count = fn.batch_shape[len(fn.batch_shape) - extra:].numel()
                density = density / count
        else:
            value = _squeeze(coordinates.inv(drawn), extra, whole.event_dim)
        remaining: Any = Delta(value, log_density=density, event_dim=fn.event_dim)
        if isinstance(fn, MaskedDistribution):
            remaining = remaining.mask(fn._mask)
        return {"fn": remaining, "value": value, "is_observed": True}

    def _check_extra(self, name: str, fn: Any, extra: int) -> None:
        if not self.experimental_allow_batch:
            raise ValueError(f"Site '{name}': {type(self).__name__} cannot transform along batch dimensions: the "
                             f"transform works on {self.transform.domain.event_dim} dims, the event has "
                             f"{fn.event_dim}. Make batch dims part of the event by .to_event(), or set "
                             "experimental_allow_batch=True.")
        if extra > len(fn.batch_shape):
            raise ValueError(f"Site '{name}': {type(self).__name__} works on {self.transform.domain.event_dim} dims, "
                             f"but the distribution has shape {tuple(fn.shape())}.")


class _Unsqueezed(TorchDistribution):
    """A distribution with dims of size one at the right end of its batch.

    Args:
        base_dist: the distribution.
        count: how many dims.
    """

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, base_dist: Any, count: int) -> None:
        self.base_dist = base_dist
        self.count = count
        self.has_rsample = base_dist.has_rsample
        super().__init__(base_dist.batch_shape + (1,) * count, base_dist.event_shape, validate_args=False)

    @constraints.dependent_property
    def support(self) -> Any:
        """The base's support."""
        return self.base_dist.support

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        """Expands the base, where the new dims keep size one."""
        batch_shape = Size(batch_shape)
        kept, ones = batch_shape[: len(batch_shape) - self.count], batch_shape[len(batch_shape) - self.count:]
        if ones.numel() != 1:
            return super().expand(batch_shape)
        return _Unsqueezed(self.base_dist.expand(kept), self.count)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from the base without gradients."""
        return _unsqueeze(self.base_dist.sample(sample_shape), self.count, self.event_dim)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from the base with gradients."""
        return _unsqueeze(self.base_dist.rsample(sample_shape), self.count, self.event_dim)

    def log_prob(self, value: Tensor) -> Tensor:
        """The base's log density."""
        log_prob: Tensor = self.base_dist.log_prob(_squeeze(value, self.count, self.event_dim))
        return _unsqueeze(log_prob, self.count, 0)


def _unsqueeze(value: Tensor, count: int, event_dim: int) -> Tensor:
    """Puts dims of size one to the left of the event."""
    split = value.dim() - event_dim
    return value.reshape(value.shape[:split] + (1,) * count + value.shape[split:])


def _squeeze(value: Tensor, count: int, event_dim: int) -> Tensor:
    """Takes them off again."""
    split = value.dim() - event_dim
    return value.reshape(value.shape[: split - count] + value.shape[split:])
