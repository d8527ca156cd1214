"""Where latent variables start: functions from a site to a value, and the handler that applies one.

An init function takes the message of a latent site and returns a value in its distribution's support, or ``None`` to
leave the site to its distribution. Called without a site it returns itself with the other arguments filled in, so that
``AutoNormal(model, init_loc_fn=init_to_median(num_samples=50))`` reads well.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.distributions import transform_to
from torch.distributions.transforms import Transform

from pyro.distributions.torch_distribution import ExpandedDistribution, Independent, MaskedDistribution
from pyro.infer.autoguide.utils import helpful_support_errors
from pyro.ops.validation import is_validation_enabled
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.util import site_is_subsample

__all__ = ["InitFn", "InitMessenger", "InitPoint", "InitStrategy", "init_to_feasible", "init_to_generated",
           "init_to_mean", "init_to_median", "init_to_sample", "init_to_uniform", "init_to_value"]

InitFn = Callable[..., Any]


@dataclass(frozen=True)
class InitPoint:
    """An init function that knows, besides values, how far from them a guide should look.

    Attributes:
        values: the values by site name; sites without one are left to their distribution.
        scales: standard deviations in unconstrained space, by site name: of each element given all the others.
        covariance: returns the covariance matrix of all elements, site after site in the order of ``values``, in units
            of ``scales``; ``None`` if it is not known.
    """

    values: Mapping[str, Tensor]
    scales: Mapping[str, Tensor]
    covariance: Callable[[], Tensor] | None = None

    def __call__(self, site: Any) -> Tensor | None:
        """The site's value, if there is one."""
        return self.values.get(site["name"])


class InitStrategy(ABC):
    """Something that looks at the whole model to find where a guide should start; given as ``init_loc_fn``."""

    @abstractmethod
    def fit(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> InitPoint:
        """Looks at the model, once, before the guide has parameters.

        Args:
            model: the model.
            args: its arguments.
            kwargs: its keyword arguments.

        Returns:
            The init function that takes the strategy's place.
        """

    def __call__(self, site: Any) -> Any:
        """Raises: there is no value before :meth:`fit`."""
        raise ValueError(f"Site '{site['name']}': {type(self).__name__} needs the whole model, which guides give "
                         "it. Elsewhere call its method fit(model, args, kwargs), and use the function it returns.")


def _unconstrained_zeros(site: Any) -> tuple[Transform, Tensor]:
    """The transform onto a site's support, and zeros of the shape, dtype and device of what it takes."""
    fn = site["fn"]
    with helpful_support_errors(site):
        transform = transform_to(fn.support)
    try:
        prototype = fn.sample().detach()
    except NotImplementedError:  # an improper distribution
        prototype = torch.zeros(fn.shape())
    shape = transform.inverse_shape(prototype.shape)
    return transform, torch.zeros(shape, dtype=prototype.dtype, device=prototype.device)


def init_to_feasible(site: Any = None) -> Any:
    """The image of zero under the map from unconstrained values: 0 for a real variable, 1 for a positive one.

    Args:
        site: a message.

    Example:
        >>> import torch, pyro.distributions as dist
        >>> init_to_feasible({"name": "x", "fn": dist.Dirichlet(torch.ones(4))})
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    if site is None:
        return init_to_feasible
    transform, zeros = _unconstrained_zeros(site)
    return transform(zeros)


def init_to_sample(site: Any = None) -> Any:
    """A draw from the prior.

    Args:
        site: a message.
    """
    if site is None:
        return init_to_sample
    return site["fn"].sample().detach()


def _is_multivariate(fn: Any) -> bool:
    """Whether the elements of an event depend on each other, rather than being declared as one event."""
    while isinstance(fn, Independent | MaskedDistribution | ExpandedDistribution):
        fn = fn.base_dist
    return bool(fn.event_dim)


def init_to_median(site: Any = None, num_samples: int = 15, *, fallback: InitFn | None = init_to_feasible) -> Any:
    """The elementwise median of draws from the prior.

    Args:
        site: a message.
        num_samples: how many draws.
        fallback: used where the elements of an event depend on each other, so that medians may leave the support, and
            where the prior cannot be sampled.

    Raises:
        ValueError: if a fallback is needed and there is none.
    """
    if site is None:
        return partial(init_to_median, num_samples=num_samples, fallback=fallback)
    if not _is_multivariate(site["fn"]):
        try:
            draws = site["fn"].sample(sample_shape=(num_samples,)).detach()
        except NotImplementedError:  # an improper distribution
            return _fall_back(site, fallback)
        value = draws.median(dim=0).values
        if bool(value.isfinite().all()):
            return value
    return _fall_back(site, fallback)


def init_to_mean(site: Any = None, *, fallback: InitFn | None = init_to_median) -> Any:
    """The prior's mean.

    Args:
        site: a message.
        fallback: used where the mean is not known, not finite, or outside of the support.

    Raises:
        ValueError: if a fallback is needed and there is none.
    """
    if site is None:
        return partial(init_to_mean, fallback=fallback)
    try:
        value = site["fn"].mean.detach()
        is_valid = bool(value.isfinite().all()) and bool(site["fn"].support.check(value).all())
    except NotImplementedError:
        return _fall_back(site, fallback)
    return value.clone() if is_valid else _fall_back(site, fallback)


def init_to_uniform(site: Any = None, radius: float = 2.0) -> Any:
    """A random value, uniform between ``-radius`` and ``radius`` before the map onto the support.

    Args:
        site: a message.
        radius: half the width.
    """
    if site is None:
        return partial(init_to_uniform, radius=radius)
    transform, zeros = _unconstrained_zeros(site)
    return transform(zeros.uniform_(-radius, radius))


def init_to_value(
    site: Any = None, values: dict[str, Tensor] = {}, *, fallback: InitFn | None = init_to_uniform  # noqa: B006
) -> Any:
    """Given values.

    Args:
        site: a message.
        values: the values by the sites' names.
        fallback: used for sites without a value.

    Raises:
        ValueError: if a site has no value and there is no fallback.
    """
    if site is None:
        return partial(init_to_value, values=values, fallback=fallback)
    if site["name"] in values:
        return values[site["name"]]
    return _fall_back(site, fallback)


class _Generated:
    """An init function that is made anew for each run of the model."""

    def __init__(self, generate: Callable[[], InitFn]) -> None:
        self.generate = generate
        self._init: InitFn | None = None
        self._seen: set[str] = set()

    def __call__(self, site: Any) -> Any:
        if self._init is None or site["name"] in self._seen:
            self._init = self.generate()
            self._seen = set()
        self._seen.add(site["name"])
        return self._init(site)


def init_to_generated(site: Any = None, generate: Callable[[], InitFn] = lambda: init_to_uniform) -> Any:
    """Values of init functions that are made one a run, as for several chains or restarts.

    Args:
        site: a message.
        generate: makes an init function; called when a run begins, that is when a site comes again.

    Example:
        >>> import torch, pyro.distributions as dist
        >>> starts = iter([torch.tensor(1.0), torch.tensor(2.0)])
        >>> init = init_to_generated(generate=lambda: init_to_value(values={"x": next(starts)}))
        >>> site = {"name": "x", "fn": dist.Normal(0.0, 1.0)}
        >>> init(site), init(site)
        (tensor(1.), tensor(2.))
    """
    init = _Generated(generate)
    return init if site is None else init(site)


def _fall_back(site: Any, fallback: InitFn | None) -> Any:
    if fallback is None:
        raise ValueError(f"No init strategy specified for site '{site['name']}'. Give it a value, or pass a fallback, "
                         "for example fallback=init_to_feasible.")
    return fallback(site)


class InitMessenger(Messenger):
    """Gives latent sites the values of an init function.

    Args:
        init_fn: the init function.

    Raises:
        ValueError: at a site whose value has another shape than its distribution.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> with InitMessenger(init_to_mean):
        ...     pyro.sample("x", dist.Gamma(3.0, 2.0))
        tensor(1.5000)
    """

    def __init__(self, init_fn: InitFn) -> None:
        super().__init__()
        self.init_fn = init_fn

    def _pyro_sample(self, msg: Message) -> None:
        if msg["done"] or msg["is_observed"] or msg["value"] is not None or site_is_subsample(msg):
            return
        with torch.no_grad(), helpful_support_errors(msg):
            value = self.init_fn(msg)
        if value is None:
            return
        if is_validation_enabled() and hasattr(msg["fn"], "shape"):
            expected = msg["fn"].shape()
            if tuple(value.shape) != tuple(expected):
                raise ValueError(f"Site '{msg['name']}': the init function gave a value of shape {tuple(value.shape)}, "
                                 f"expected {tuple(expected)}, the distribution's. Reshape the value.")
        msg["value"] = value
        msg["done"] = True

    def _pyro_get_init_messengers(self, msg: Message) -> None:
        found = [] if msg["value"] is None else msg["value"]
        msg["value"] = [self, *found]
