"""Automatic guides that are handlers: each latent site's prior gives way to a learned posterior while the model runs.

The posterior of a site may use the prior that the model has *given the values drawn so far*, so that these guides
follow the model's dependencies, control flow and plates without a prototype. Parameters come into being at the first
run of a site: ``locs.z``, ``scales.z`` and so on, one set a site.

In a plate with subsampling a site has parameters for all rows; in an *amortised* plate one set serves all of them.
"""

from abc import ABCMeta
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.distributions import biject_to
from torch.distributions.transforms import AffineTransform, Transform

from pyro.distributions import constraints
from pyro.distributions.normal import Normal
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.transformed_distribution import TransformedDistribution
from pyro.infer.autoguide.guide import _takes_no_arguments
from pyro.infer.autoguide.initialization import InitFn, InitPoint, InitStrategy, init_to_feasible, init_to_mean
from pyro.infer.autoguide.options import check_init_scale
from pyro.infer.autoguide.utils import deep_getattr, deep_setattr, helpful_support_errors
from pyro.nn.module import PyroModule, PyroParam, _PyroModuleMeta
from pyro.ops.tensor_utils import periodic_repeat
from pyro.poutine.guide import GuideMessenger
from pyro.poutine.handlers import block
from pyro.poutine.runtime import Message, get_plates
from pyro.poutine.util import site_is_subsample

__all__ = ["AutoHierarchicalNormalMessenger", "AutoMessenger", "AutoMessengerMeta", "AutoNormalMessenger",
           "AutoRegressiveMessenger"]

Posterior = TorchDistributionMixin | Tensor


class AutoMessengerMeta(_PyroModuleMeta, ABCMeta):
    """The class of classes that are both handlers of effects and modules."""


class AutoMessenger(GuideMessenger, PyroModule, metaclass=AutoMessengerMeta):
    """The base of automatic guides that are handlers; a subclass defines :meth:`get_posterior`.

    A site that was data in an earlier run and is latent in this one, as in predictions, is drawn from its prior.

    Args:
        model: the model.
        amortized_plates: names of the plates whose rows share their parameters.
    """

    def __init__(self, model: Callable[..., Any], *, amortized_plates: tuple[str, ...] = ()) -> None:
        PyroModule.__init__(self)
        self._pyro_context.inherits = True  # as of guides that have a name
        GuideMessenger.__init__(self, model)
        self.amortized_plates = amortized_plates
        self._data_names: set[str] = set()
        self._waiting_state: dict[str, Tensor] = {}
        self._has_run = False

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """Draws the latent variables; see :meth:`GuideMessenger.__call__`.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            The values of all sample sites by name: latent, computed and observed ones.
        """
        self._has_run = True
        with self._pyro_context:
            return super().__call__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        """As a call of the guide."""
        return self(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        """Calls the guide, for code that needs tensors in a tuple, such as :func:`torch.jit.trace`.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            The sites' values, in alphabetical order of the sites.
        """
        return tuple(value for _, value in sorted(self(*args, **kwargs).items()))

    def _pyro_sample(self, msg: Message) -> None:
        name = str(msg["name"])
        if msg["is_observed"]:
            self._data_names.add(name)
        elif name in self._data_names and not site_is_subsample(msg):
            self._keep_inside(msg)
            return
        super()._pyro_sample(msg)

    # ---- parameters

    def _has_param(self, kind: str, name: str) -> bool:
        try:
            deep_getattr(getattr(self, kind), name)
        except AttributeError:
            return False
        return True

    def _param(self, kind: str, name: str, init: Callable[[], Tensor], constraint: Any, event_dim: int) -> Tensor:
        """A parameter of a site, which is made by the first run.

        Args:
            kind: the attribute that holds the parameters of this kind, such as ``locs``.
            name: the site.
            init: the first value, for the rows of this run.
            constraint: what values are allowed.
            event_dim: how many rightmost dims belong to no plate.
        """
        if not self._has_param(kind, name):
            with torch.no_grad():
                waiting = self._waiting_state.pop(f"{kind}.{name}_unconstrained", None)
                if waiting is None:
                    value = self._adjust_plates(init(), event_dim)
                else:
                    value = torch.distributions.transform_to(constraint)(waiting)
            deep_setattr(getattr(self, kind), name, PyroParam(value.contiguous(), constraint, event_dim))
        return deep_getattr(getattr(self, kind), name)  # type: ignore[no-any-return]

    def _adjust_plates(self, value: Tensor, event_dim: int) -> Tensor:
        """Makes of a value for this run's rows one that has all rows of plates, and one row of amortised ones."""
        around = {frame.name for frame in self._around["cond_indep_stack"]}
        for frame in get_plates():
            if frame.dim is None or value.dim() < event_dim - frame.dim:
                continue
            dim = frame.dim - event_dim
            full_size = frame.size if frame.full_size is None else frame.full_size
            if frame.name in around or frame.name in self.amortized_plates:
                value = value.mean(dim, keepdim=True)
            elif frame.size != full_size and value.shape[dim] == frame.size:
                value = periodic_repeat(value, full_size, dim)
        while value.dim() > event_dim and value.shape[0] == 1:
            value = value.squeeze(0)
        return value

    # ---- state before the first run

    def _set_up_for_state(self) -> None:
        """Runs the guide once if it has not run yet and its model takes no arguments: then its parameters exist."""
        if not self._has_run and _takes_no_arguments(self.model):
            with block():
                self()

    def named_modules(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, torch.nn.Module]]:
        """As in :class:`torch.nn.Module`; the way to parameters, which begin to exist if the model allows it."""
        self._set_up_for_state()
        yield from super().named_modules(*args, **kwargs)

    def _save_to_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self._set_up_for_state()
        super()._save_to_state_dict(*args, **kwargs)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Loads parameters; those of sites that have not been run yet are kept until they are.

        Args:
            state_dict: what ``state_dict()`` returned.
            *args: as in :class:`torch.nn.Module`.
            **kwargs: as in :class:`torch.nn.Module`.
        """
        known = self.state_dict().keys()
        self._waiting_state = {name: value.clone() for name, value in state_dict.items() if name not in known}
        own = {name: value for name, value in state_dict.items() if name in known}
        return super().load_state_dict(own, *args, **kwargs)


def _transform(name: str, prior: Any) -> Transform:
    """The map from unconstrained space onto the support of a site's prior."""
    with helpful_support_errors({"name": name, "fn": prior}):
        return biject_to(prior.support).with_cache()  # type: ignore[no-any-return]


class _LocScaleMessenger(AutoMessenger):
    """A guide with a location and a scale for each element of each site, in unconstrained space."""

    def __init__(
        self,
        model: Callable[..., Any],
        *,
        init_loc_fn: InitFn = init_to_mean(fallback=init_to_feasible),  # noqa: B008
        init_scale: float = 0.1,
        amortized_plates: tuple[str, ...] = (),
    ) -> None:
        super().__init__(model, amortized_plates=amortized_plates)
        self.init_loc_fn = init_loc_fn
        self._init_scale = check_init_scale(init_scale)
        self.locs = PyroModule()
        self.scales = PyroModule()

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """Draws the latent variables; see :meth:`GuideMessenger.__call__`.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            The values of all sample sites by name: latent, computed and observed ones.
        """
        if isinstance(self.init_loc_fn, InitStrategy):
            self.init_loc_fn = self.init_loc_fn.fit(self.model, args, kwargs)
        return super().__call__(*args, **kwargs)

    def _start(self, name: str, prior: Any, transform: Transform) -> Tensor:
        """Where a site starts, in unconstrained space."""
        site = {"type": "sample", "name": name, "fn": prior, "is_observed": False, "infer": {}}
        value = self.init_loc_fn(site)
        if value is None:  # a site that the warm start has not seen
            value = init_to_feasible(site)
        return transform.inv(value.detach().expand(prior.batch_shape + prior.event_shape))  # type: ignore[no-any-return]

    def _start_scale(self, name: str, loc: Tensor) -> Tensor:
        """What a site's scale starts with."""
        found = self.init_loc_fn.scales.get(name) if isinstance(self.init_loc_fn, InitPoint) else None
        return torch.full_like(loc, self._init_scale) if found is None else found.to(loc)

    def _loc_and_scale(
        self, name: str, start: Callable[[], Tensor], event_dim: int
    ) -> tuple[Tensor, Tensor]:
        loc = self._param("locs", name, start, constraints.real, event_dim)
        scale = self._param("scales", name, lambda: self._start_scale(name, loc), constraints.positive, event_dim)
        return loc, scale


class AutoNormalMessenger(_LocScaleMessenger):
    """A normal distribution for each element of each site, in unconstrained space.

    The same family as :class:`~pyro.infer.autoguide.AutoNormal`, for models whose sites may change from run to run, and
    with amortisation.

    Args:
        model: the model.
        init_loc_fn: where the means start.
        init_scale: the standard deviations to start with.
        amortized_plates: names of the plates whose rows share their parameters.

    Raises:
        ValueError: if ``init_scale`` is not positive.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> pyro.clear_param_store()
        >>> def model():
        ...     rate = pyro.sample("rate", dist.Gamma(2.0, 1.0))
        ...     pyro.sample("count", dist.Poisson(rate), obs=torch.tensor(3.0))
        >>> AutoNormalMessenger(model).median()["rate"]
        tensor(2.)
    """

    _computing_median = False

    def _get_loc_and_scale(self, name: str, prior: Any, transform: Transform) -> tuple[Tensor, Tensor]:
        """The mean and the standard deviation of a site, in unconstrained space."""
        return self._loc_and_scale(name, lambda: self._start(name, prior, transform), transform.domain.event_dim)

    def get_posterior(self, name: str, prior: TorchDistributionMixin) -> Posterior:
        """The posterior of a site.

        Args:
            name: the site's name.
            prior: its distribution in the model, given the values before it.

        Returns:
            A distribution, or its median while :meth:`median` runs.
        """
        transform = _transform(name, prior)
        loc, scale = self._get_loc_and_scale(name, prior, transform)
        if self._computing_median:
            return transform(loc)  # type: ignore[no-any-return]
        return TransformedDistribution(Normal(loc, scale).to_event(transform.domain.event_dim), transform)

    @torch.no_grad()
    def median(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        """The values of all sites where each latent one is at its posterior's median, given the medians before it.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name.
        """
        self._computing_median = True
        try:
            return {name: value.detach().clone() for name, value in self(*args, **kwargs).items()}
        finally:
            self._computing_median = False


class AutoHierarchicalNormalMessenger(AutoNormalMessenger):
    r"""A normal distribution for each element of each site, around a multiple of the mean that the model gives it.

    .. math::
        \operatorname{loc} = \ell + w \, T^{-1}(\operatorname{E}[z \mid \text{sites before}])

    where T maps unconstrained space onto the support. The mean follows the sites before, so that sites far down a
    hierarchy move with those above; :math:`\ell` and :math:`w > 0` are learned, element by element. Where the mean is
    infinite or does not exist, as of a (half) Cauchy prior, the second term is left out.

    Args:
        model: the model.
        init_loc_fn: where the locations start.
        init_scale: the standard deviations to start with.
        amortized_plates: names of the plates whose rows share their parameters.
        init_weight: what :math:`w` starts with.
        hierarchical_sites: the sites that are treated in this way; by default all. The others are as in
            :class:`AutoNormalMessenger`.

    Raises:
        NotImplementedError: at a site whose prior has no known mean.
    """

    def __init__(
        self,
        model: Callable[..., Any],
        *,
        init_loc_fn: InitFn = init_to_mean(fallback=init_to_feasible),  # noqa: B008
        init_scale: float = 0.1,
        amortized_plates: tuple[str, ...] = (),
        init_weight: float = 1.0,
        hierarchical_sites: list[str] | None = None,
    ) -> None:
        if not init_weight > 0:
            raise ValueError(f"Expected init_weight > 0. but got {init_weight}: weights stay positive.")
        super().__init__(model, init_loc_fn=init_loc_fn, init_scale=init_scale, amortized_plates=amortized_plates)
        self._init_weight = init_weight
        self._hierarchical_sites = hierarchical_sites
        self.weights = PyroModule()

    def _get_loc_and_scale(self, name: str, prior: Any, transform: Transform) -> tuple[Tensor, Tensor]:
        if self._hierarchical_sites is not None and name not in self._hierarchical_sites:
            return super()._get_loc_and_scale(name, prior, transform)
        try:
            mean = transform.inv(prior.mean)
        except NotImplementedError:
            raise NotImplementedError(f"Site '{name}': the mean of its prior is not known. Leave it out of "
                                      "hierarchical_sites=.") from None
        mean = torch.where(mean.isfinite(), mean, 0.0)
        event_dim = transform.domain.event_dim
        start = lambda: self._start(name, prior, transform) - self._init_weight * mean
        loc, scale = self._loc_and_scale(name, start, event_dim)
        weight = self._param("weights", name, lambda: torch.full_like(loc, self._init_weight), constraints.positive,
                             event_dim)
        return loc + mean * weight, scale


class AutoRegressiveMessenger(_LocScaleMessenger):
    r"""The prior of each site, given the sites before, under a learned affine map in unconstrained space.

    If T maps unconstrained space onto the support and z is a draw of the prior, then :math:`T(a + b \, T^{-1}(z))` is
    one of the posterior. The posterior keeps the model's dependencies, and sites in amortised plates vary by row
    through them.

    Args:
        model: the model.
        init_loc_fn: the value that the map leaves where it is at the start.
        init_scale: what :math:`b` starts with.
        amortized_plates: names of the plates whose rows share their parameters.

    Raises:
        ValueError: if ``init_scale`` is not positive.
    """

    def _start_scale(self, name: str, loc: Tensor) -> Tensor:
        # a factor of the prior's width, and no width itself
        return torch.full_like(loc, self._init_scale)

    def get_posterior(self, name: str, prior: Any) -> Posterior:
        """The posterior of a site.

        Args:
            name: the site's name.
            prior: its distribution in the model, given the values before it.

        Returns:
            A distribution.
        """
        transform = _transform(name, prior)
        event_dim = transform.domain.event_dim
        start = lambda: (1.0 - self._init_scale) * self._start(name, prior, transform)
        loc, scale = self._loc_and_scale(name, start, event_dim)
        affine = AffineTransform(loc, scale, event_dim=event_dim, cache_size=1)
        return TransformedDistribution(prior, [transform.inv, affine, _transform(name, prior)])
