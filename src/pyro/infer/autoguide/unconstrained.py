"""The step that guides over unconstrained space share: from an unconstrained value to a site of the model.

If ``u`` has the density ``q`` and ``z = f(u)`` is one to one, then ``z`` has the density ``q(u) / |det f'(u)|``. So the
guide samples ``u`` at an auxiliary site, and then ``z`` from a point mass whose log-density is ``-log |det f'(u)|``.
"""

from typing import Any

from torch import Tensor
from torch.distributions import biject_to
from torch.distributions.transforms import Transform

from pyro.distributions.delta import Delta
from pyro.distributions.util import sum_rightmost
from pyro.infer.autoguide.utils import helpful_support_errors
from pyro.poutine.runtime import get_mask
from pyro.primitives import sample

__all__ = ["constrain", "sample_constrained", "unconstrain", "unconstrained_event_dim"]


def _transform(site: Any) -> Transform:
    with helpful_support_errors(site):
        return biject_to(site["fn"].support)  # type: ignore[no-any-return]


def unconstrain(site: Any) -> Tensor:
    """A site's value, mapped to unconstrained space.

    Args:
        site: the site.
    """
    return _transform(site).inv(site["value"].detach())  # type: ignore[no-any-return]


def constrain(site: Any, unconstrained: Tensor) -> Tensor:
    """The value of a site that belongs to an unconstrained one.

    Args:
        site: the site.
        unconstrained: a value, or a batch of them.
    """
    return _transform(site)(unconstrained)  # type: ignore[no-any-return]


def unconstrained_event_dim(site: Any, unconstrained: Tensor) -> int:
    """How many of an unconstrained value's rightmost dims belong to no plate.

    Args:
        site: the site.
        unconstrained: the site's value in unconstrained space.
    """
    return site["fn"].event_dim + unconstrained.dim() - site["value"].dim()  # type: ignore[no-any-return]


def sample_constrained(site: Any, unconstrained: Tensor) -> Tensor:
    """The statement of a guide's site, given its unconstrained value.

    Args:
        site: the model's site.
        unconstrained: drawn by the guide.

    Returns:
        The site's value.
    """
    transform = _transform(site)
    value = transform(unconstrained)
    event_dim = site["fn"].event_dim
    log_density: Tensor | float = 0.0
    if get_mask() is not False:
        log_det = transform.log_abs_det_jacobian(unconstrained, value)
        log_density = -sum_rightmost(log_det, log_det.dim() - value.dim() + event_dim)
    fn = Delta(value, log_density=log_density, event_dim=event_dim)
    return sample(site["name"], fn, infer={"_drawn_elsewhere": True})  # type: ignore[no-any-return]
