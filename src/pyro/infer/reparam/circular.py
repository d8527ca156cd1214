"""An angle on the real line."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.sine_bivariate_von_mises import SineBivariateVonMises
from pyro.distributions.sine_skewed import SineSkewed
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import sum_rightmost
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult, forced_sample, unwrapped

__all__ = ["CircularReparam"]


class CircularReparam(Reparam):
    r"""Draws an angle on the real line, at the site ``<name>_unwrapped``, where nothing ends at :math:`\pm \pi`.

    The angle is the unwrapped number modulo :math:`2 \pi`, and keeps its distribution p. Unwrapped numbers have the
    density

    .. math::
        p(x \bmod 2 \pi) \, w(x), \quad w(x) = \sigma(x + \pi) - \sigma(x - \pi), \quad \sum_k w(x + 2 \pi k) = 1

    with :math:`\sigma` the logistic function: a proper density, so that guides, which cannot spread without end, and
    chains, which cannot drift away, find it. For latent sites over the circle, such as ``VonMises``. After NumPyro's
    class, which takes w = 1.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.VonMises(3.0, 2.0))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": CircularReparam()})).get_trace()
        >>> trace.stochastic_nodes
        ['x_unwrapped']
    """

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the site ``<name>_unwrapped``; see :meth:`Reparam.apply`.

        Raises:
            AssertionError: if the site is observed, or not over the circle.
        """
        name, fn = msg["name"], msg["fn"]
        if msg["is_observed"]:
            raise AssertionError(f"Site '{name}': CircularReparam does not support observe statements. Leave it out of "
                                 "the config.")
        base, rewrap = unwrapped(fn)
        if not _is_circular(base):
            raise AssertionError(f"Site '{name}': CircularReparam expects a distribution over angles, such as "
                                 f"VonMises, got {type(base).__name__}.")
        # an angle is itself an unwrapped number
        unwrapped_number = forced_sample(f"{name}_unwrapped", rewrap(_Unwrapped(base)), msg["value"], False)
        return {"fn": None, "value": _wrap(unwrapped_number), "is_observed": True}


class _Unwrapped(TorchDistribution):
    """Numbers that are angles of a given distribution modulo a full turn.

    Args:
        base_dist: the distribution of the angles.
    """

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, base_dist: Any) -> None:
        self.base_dist = base_dist
        self.has_rsample = base_dist.has_rsample
        super().__init__(base_dist.batch_shape, base_dist.event_shape, validate_args=False)

    @constraints.dependent_property
    def support(self) -> Any:
        """Real numbers."""
        return constraints.independent(constraints.real, self.event_dim)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        """Expands the angles' distribution."""
        return _Unwrapped(self.base_dist.expand(Size(batch_shape)))

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws numbers without gradients."""
        return _unwrap(self.base_dist.sample(Size(sample_shape)))

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws numbers with gradients."""
        return _unwrap(self.base_dist.rsample(Size(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of numbers."""
        # log(sigma(x + pi) - sigma(x - pi)), without cancellation
        log_sigmoid = torch.nn.functional.logsigmoid
        log_weight = log_sigmoid(value + math.pi) + log_sigmoid(math.pi - value) + math.log(-math.expm1(-2 * math.pi))
        log_prob: Tensor = self.base_dist.log_prob(_wrap(value))
        return log_prob + sum_rightmost(log_weight, self.event_dim)


def _wrap(x: Tensor) -> Tensor:
    """The angle from -pi to pi; only whole turns are taken off, so that the gradient is one."""
    wrapped = x - 2 * math.pi * ((x + math.pi) / (2 * math.pi)).floor().detach()
    return wrapped.clamp(-math.pi, math.pi)


def _unwrap(angle: Tensor) -> Tensor:
    """A number that is the angle plus whole turns: that within half a turn of a logistic random number."""
    eps = torch.finfo(angle.dtype).eps
    u = torch.rand_like(angle).clamp(eps, 1 - eps)
    turns = ((u.logit() - angle) / (2 * math.pi)).round().detach()
    return angle + 2 * math.pi * turns


def _is_circular(fn: Any) -> bool:
    """Whether values are angles: that is known of families; others say so by their bounds."""
    if isinstance(fn, torch.distributions.VonMises | SineBivariateVonMises | SineSkewed):
        return True
    support = fn.support
    while isinstance(support, constraints.independent):
        support = support.base_constraint
    if not isinstance(support, constraints.interval):
        return False
    low, high = (torch.as_tensor(bound) for bound in (support.lower_bound, support.upper_bound))
    return bool(((low + math.pi).abs() < 1e-5).all() and ((high - math.pi).abs() < 1e-5).all())
