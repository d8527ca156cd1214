r"""Stable variables in terms of angles and exponential numbers, whose densities are simple.

A stable density has no closed form. Its draws do: with the angle and the exponential number as sites of their own,
nothing needs to be integrated numerically. For data, the distribution must remain one with a density, and is a normal
of random width and place: for :math:`0 < a < 1`, the positive variable A with
:math:`\mathbb{E} \, e^{-s A} = e^{-s^a}` makes :math:`\sqrt{2 A} \, Z`, Z normal, symmetric stable of exponent 2a.

References:
    J. M. Chambers, C. L. Mallows, B. W. Stuck (1976), A method for simulating stable random variables, JASA 71(354);
    M. Kanter (1975), Stable densities under change of scale and total variation inequalities, Ann. Probab. 3(4);
    J. P. Nolan (2020), Univariate Stable Distributions, ch. 1 and 3.
"""

import math
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.exponential import Exponential
from pyro.distributions.normal import Normal
from pyro.distributions.stable import Stable, standard_stable
from pyro.distributions.uniform import Uniform
from pyro.infer.reparam.reparam import Reparam, ReparamMessage, ReparamResult, unwrapped
from pyro.ops.smooth import expm1_ratio, x_cot_x
from pyro.ops.validation import is_validation_enabled, require
from pyro.primitives import sample

__all__ = ["LatentStableReparam", "StableReparam", "SymmetricStableReparam"]


class LatentStableReparam(Reparam):
    """Computes a stable variable from the sites ``<name>_uniform``, an angle, and ``<name>_exponential``.

    For latent sites.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.Stable(1.5, 0.5))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": LatentStableReparam()})).get_trace()
        >>> trace.stochastic_nodes
        ['x_uniform', 'x_exponential']
    """

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the two sites; see :meth:`Reparam.apply`.

        Raises:
            NotImplementedError: if the site has a value: many angles and numbers lead to it.
            AssertionError: if the distribution is not stable.
        """
        self._refuse_observed(msg, "Use SymmetricStableReparam or StableReparam.")
        if msg["value"] is not None:
            raise NotImplementedError(f"Site '{msg['name']}': LatentStableReparam cannot begin at a given value.")
        base = _stable(self, msg)
        u, w = _noise(self, msg["name"], msg["fn"], base)
        return {"fn": None, "value": base._loc0 + base.scale * standard_stable(base.stability, base.skew, u, w),
                "is_observed": True}


class SymmetricStableReparam(Reparam):
    """Makes a stable site without skew normal, given the sites ``<name>_uniform`` and ``<name>_exponential``.

    For latent and observed sites.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.Stable(1.5, 0.0))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": SymmetricStableReparam()})).get_trace()
        >>> trace.stochastic_nodes
        ['x_uniform', 'x_exponential', 'x']
    """

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the two sites; see :meth:`Reparam.apply`.

        Raises:
            ValueError: if the skew is not zero.
            AssertionError: if the distribution is not stable.
        """
        name, base = msg["name"], _stable(self, msg)
        if is_validation_enabled():
            require(base.skew == 0, lambda: ValueError(
                f"Site '{name}': SymmetricStableReparam found nonzero skew. Use StableReparam."))
        width = _root_of_positive_stable(base.stability, *_noise(self, name, msg["fn"], base))
        return _remains(msg, base._loc0, base.scale * width)


class StableReparam(Reparam):
    r"""Makes a stable site normal, given four sites.

    .. math::
        x = \mathrm{loc} + \gamma (1 - |\beta|)^{1 / \alpha} z + \mathrm{sgn}(\beta) \, \gamma |\beta|^{1 / \alpha} t

    Here z is symmetric stable, from ``<name>_z_uniform`` and ``<name>_z_exponential``, and makes x normal; t has the
    largest skew, from ``<name>_t_uniform`` and ``<name>_t_exponential``, and shifts it. For latent and observed sites
    of skew between -1 and 1.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.Stable(1.5, 0.5))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": StableReparam()})).get_trace()
        >>> trace.stochastic_nodes
        ['x_z_uniform', 'x_z_exponential', 'x_t_uniform', 'x_t_exponential', 'x']
    """

    def apply(self, msg: ReparamMessage) -> ReparamResult:
        """Adds the four sites; see :meth:`Reparam.apply`.

        Raises:
            AssertionError: if the distribution is not stable.
        """
        name, fn, base = msg["name"], msg["fn"], _stable(self, msg)
        width = _root_of_positive_stable(base.stability, *_noise(self, f"{name}_z", fn, base))
        skewed = standard_stable(base.stability, torch.ones_like(base.skew), *_noise(self, f"{name}_t", fn, base))
        size = base.skew.abs()
        share = base.skew.sign() * size ** (1 / base.stability)
        loc = base._loc0 + base.scale * (share * skewed + _recentred(base.stability, base.skew))
        scale = base.scale * (1 - size) ** (1 / base.stability) * width
        return _remains(msg, loc, scale)


def _stable(reparam: Reparam, msg: ReparamMessage) -> Any:
    base, _ = unwrapped(msg["fn"])
    if not isinstance(base, Stable):
        raise AssertionError(f"Site '{msg['name']}': {type(reparam).__name__} expects a Stable distribution, got "
                             f"{type(base).__name__}.")
    return base


def _noise(reparam: Reparam, name: str, fn: Any, base: Any) -> tuple[Tensor, Tensor]:
    """Samples an angle and an exponential number for each element; the angle is returned as a number from 0 to 1."""
    one = torch.ones_like(base.stability)
    angle = sample(f"{name}_uniform", reparam._wrap(Uniform(-math.pi / 2 * one, math.pi / 2 * one), fn.event_dim))
    w = sample(f"{name}_exponential", reparam._wrap(Exponential(one), fn.event_dim))
    eps = torch.finfo(one.dtype).eps
    return (angle / math.pi + 0.5).clamp(eps, 1 - eps), w.clamp(min=eps)


def _root_of_positive_stable(stability: Tensor, u: Tensor, w: Tensor) -> Tensor:
    """The root of 2A, by Kanter's formula, where the angle is ``pi u``."""
    a, angle = stability / 2, math.pi * u
    tiny = torch.finfo(u.dtype).tiny
    # at stability 2 the angle below vanishes and so does its exponent: A is 1, and the normal is not mixed
    rest = torch.xlogy((1 - a) / a, ((1 - a) * angle).sin().clamp(min=tiny) / w)
    log_a = (a * angle).sin().log() - angle.sin().log() / a + rest
    return math.sqrt(2) * (log_a / 2).exp()


def _recentred(stability: Tensor, skew: Tensor) -> Tensor:
    r"""How far the parametrization S0 shifts the sum: :math:`\tan(\pi \alpha / 2) (\pm|\beta|^{1/\alpha} - \beta)`.

    The pole of the tangent at :math:`\alpha = 1` meets a zero of the bracket; their product is smooth.
    """
    epsilon = 1 - stability
    log_size = skew.abs().clamp(min=torch.finfo(skew.dtype).tiny).log()
    slope = skew * log_size / stability * expm1_ratio(epsilon / stability * log_size)
    return 2 / math.pi * x_cot_x(math.pi / 2 * epsilon) * slope


def _remains(msg: ReparamMessage, loc: Tensor, scale: Tensor) -> ReparamResult:
    _, rewrap = unwrapped(msg["fn"])
    return {"fn": rewrap(Normal(loc, scale)), "value": msg["value"], "is_observed": bool(msg["is_observed"])}
