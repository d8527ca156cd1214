r"""Guides written in terms of the model's sites.

An :class:`EasyGuide` runs its model once, as a prototype, to learn the sites. Its :meth:`~EasyGuide.guide` may then
cover some of them by point estimates, and others, in groups, by one distribution over a flat vector of their
unconstrained values. With :math:`x_i = f_i(z_i)` for the parts :math:`z_i` of the vector :math:`z \sim q` the joint
density of the group is

.. math::
    \log q(x) = \log q(z) - \sum_i \log \lvert \det \nabla f_i(z_i) \rvert.

The first term belongs to the vector's own, auxiliary, site, the others to the model's sites.
"""

import re
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from math import prod
from typing import Any, final

import torch
from torch import Tensor
from torch.distributions import biject_to
from torch.distributions.transforms import Transform

from pyro import primitives
from pyro.distributions.delta import Delta
from pyro.distributions.util import sum_rightmost
from pyro.infer.autoguide.guide import prototype_hide_fn
from pyro.infer.autoguide.initialization import InitMessenger
from pyro.infer.autoguide.utils import deep_getattr, deep_setattr, helpful_support_errors
from pyro.nn.module import PyroModule, PyroParam, _PyroModuleMeta
from pyro.ops.tensor_utils import periodic_repeat
from pyro.poutine.frame import CondIndepStackFrame
from pyro.poutine.handlers import block, trace
from pyro.poutine.runtime import get_plates
from pyro.poutine.trace_struct import Trace

__all__ = ["EasyGuide", "Group", "easy_guide"]


class _EasyGuideMeta(_PyroModuleMeta, ABCMeta):
    """Lets PyroModules have abstract methods."""


class EasyGuide(PyroModule, metaclass=_EasyGuideMeta):
    """A guide that its subclasses write in :meth:`guide`, with the help of the methods here.

    Args:
        model: a model.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     loc = pyro.sample("loc", dist.Normal(0.0, 1.0))
        ...     pyro.sample("scale", dist.LogNormal(0.0, 1.0))
        >>> class Guide(EasyGuide):
        ...     def guide(self):
        ...         group = self.group(match="loc|scale")
        ...         mean = pyro.param("mean", torch.zeros(group.event_shape))
        ...         group.sample("joint", dist.Normal(mean, 0.1).to_event(1))
        >>> pyro.poutine.trace(Guide(model)).get_trace().stochastic_nodes
        ['joint', 'loc', 'scale']
    """

    prototype_trace: Trace | None
    frames: dict[str, CondIndepStackFrame]
    groups: "dict[str, Group]"
    plates: dict[str, primitives.plate]

    def __init__(self, model: Callable[..., Any]) -> None:
        super().__init__(type(self).__name__)
        self._hidden = {"model": model}  # the model is no submodule
        self.prototype_trace = None
        self.frames = {}
        self.groups = {}
        self.plates = {}

    @property
    def model(self) -> Callable[..., Any]:
        """The model."""
        return self._hidden["model"]

    @abstractmethod
    def guide(self, *args: Any, **kargs: Any) -> Any:
        """The guide itself; takes the model's arguments."""

    def init(self, site: Any) -> Tensor:
        """An initial value for a site, by default drawn from the prior; may be overridden.

        Args:
            site: the site's message.
        """
        value: Tensor = site["fn"].sample()
        return value.detach()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Runs :meth:`guide`; the first time, the model is run before."""
        if self.prototype_trace is None:
            self._setup_prototype(*args, **kwargs)
        try:
            return self.guide(*args, **kwargs)
        finally:
            self.plates.clear()

    def plate(
        self,
        name: str,
        size: int | None = None,
        subsample_size: int | None = None,
        subsample: Tensor | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> primitives.plate:
        """A plate of the model, to be used instead of :class:`pyro.plate`; within a run, one for each name.

        Args:
            name: the plate's name.
            size: how many data there are. Without it the plate stands for its dim alone; point estimates of subsampled
                sites need it.
            subsample_size: how many of them to draw.
            subsample: the rows to use.
            *args: as for :class:`pyro.plate`.
            **kwargs: as for :class:`pyro.plate`.
        """
        if name not in self.plates:
            if name in self.frames and not args:
                kwargs.setdefault("dim", self.frames[name].dim)
            self.plates[name] = primitives.plate(name, size, subsample_size, subsample, *args, **kwargs)
        return self.plates[name]

    def group(self, match: str = ".*") -> "Group":
        """The model's latent sites whose names a regular expression matches from the start.

        Args:
            match: the regular expression.

        Raises:
            ValueError: if it matches none.
            AttributeError: before the guide's first run.
        """
        if match not in self.groups:
            sites = [site for name, site in self._sites().items() if re.match(match, name)]
            if not sites:
                raise ValueError(f"EasyGuide.group() pattern '{match}' matched no model sites. The model has "
                                 f"{list(self._sites())}.")
            self.groups[match] = Group(self, sites)
        return self.groups[match]

    def map_estimate(self, name: str) -> Tensor:
        """Covers a site by a point estimate, a parameter of the guide.

        Args:
            name: the site's name.

        Returns:
            The estimate.

        Raises:
            KeyError: if the model has no such latent site.
        """
        sites = self._sites()
        if name not in sites:
            raise KeyError(f"EasyGuide.map_estimate: '{name}' is no latent site of the model, which has {list(sites)}.")
        site = sites[name]
        event_dim = site["fn"].event_dim
        try:
            value = deep_getattr(self, name)
        except AttributeError:
            with helpful_support_errors(site):
                deep_setattr(self, name, PyroParam(self._full_size(site), site["fn"].support, event_dim))
            value = deep_getattr(self, name)
        estimate: Tensor = primitives.sample(name, Delta(value, event_dim=event_dim))
        return estimate

    def _sites(self) -> dict[str, Any]:
        if self.prototype_trace is None:
            raise AttributeError(f"{type(self).__name__}: the model's sites are not known before the guide's first "
                                 "run. Call the guide once with the model's arguments.")
        return {name: self.prototype_trace.nodes[name] for name in self.prototype_trace.stochastic_nodes}

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        """Runs the model once, for its latent sites and plates."""
        with torch.no_grad(), block(), InitMessenger(self.init):
            self.prototype_trace = trace(block(self.model, hide_fn=prototype_hide_fn)).get_trace(*args, **kwargs)
        for name, site in self._sites().items():
            for frame in site["cond_indep_stack"]:
                if not frame.vectorized:
                    raise NotImplementedError(
                        f"EasyGuide: site '{name}' is in the sequential plate '{frame.name}', which EasyGuide does not "
                        "support. Use the plate in a with statement.")
                self.frames[frame.name] = frame

    def _full_size(self, site: Any) -> Tensor:
        """A site's initial value with a row for all data of its plates, not for the subsample only."""
        value: Tensor = site["value"]
        for frame in site["cond_indep_stack"]:
            dim = frame.dim - site["fn"].event_dim
            if frame.full_size not in (None, frame.size) and -dim <= value.dim() and value.shape[dim] != 1:
                value = periodic_repeat(value, frame.full_size, dim).contiguous()
        return value


class Group:
    """Latent sites that are covered together.

    Args:
        guide: the guide.
        sites: the sites' messages.

    Attributes:
        prototype_sites: the sites' messages.
        common_frames: the plates that all sites are in; around :meth:`sample` these must be entered.
        event_shape: the shape, flat, of the unconstrained values of all sites, the other plates included.
    """

    def __init__(self, guide: EasyGuide, sites: list[Any]) -> None:
        if not sites:
            raise AssertionError("Group: expected at least one site.")
        self.guide = guide
        self.prototype_sites = sites
        stacks = [site["cond_indep_stack"] for site in sites]
        self.common_frames = [frame for frame in stacks[0] if all(frame in stack for stack in stacks)]
        self._parts = [self._part(site) for site in sites]
        self.event_shape = torch.Size([sum(prod(batch) * prod(event) for batch, event in self._parts)])

    def _part(self, site: Any) -> tuple[torch.Size, torch.Size]:
        """The site's part of the vector: the sizes of its own plates' dims, 1 elsewhere; the unconstrained event."""
        with helpful_support_errors(site):
            unconstrained = biject_to(site["fn"].support).inverse_shape(site["fn"].shape())
        batch = list(site["fn"].batch_shape)
        for frame in self.common_frames:
            if -frame.dim <= len(batch):
                batch[frame.dim] = 1
        return torch.Size(batch), unconstrained[len(batch):]

    def sample(
        self, guide_name: str, fn: Any, infer: dict[str, Any] | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Draws one vector for all sites.

        Args:
            guide_name: the name of the vector's auxiliary site.
            fn: a distribution of the vector, of this group's event shape.
            infer: options for the inference algorithm.

        Returns:
            The vector, and the sites' values by name.

        Raises:
            ValueError: if the distribution has another event shape.
        """
        if tuple(fn.event_shape) != tuple(self.event_shape):
            raise ValueError(f"Site '{guide_name}': Invalid fn.event_shape for group: expected "
                             f"{tuple(self.event_shape)}, actual {tuple(fn.event_shape)}. Use "
                             "torch.zeros(group.event_shape) and .to_event(1).")
        vector = primitives.sample(guide_name, fn, infer={**(infer or {}), "is_auxiliary": True})
        values, start = {}, 0
        for site, (batch, event) in zip(self.prototype_sites, self._parts, strict=True):
            end = start + prod(batch) * prod(event)
            values[site["name"]] = self._sample_site(site, _widen(vector[..., start:end], batch, event))
            start = end
        return vector, values

    def map_estimate(self) -> dict[str, Tensor]:
        """Covers each site by a point estimate.

        Returns:
            The estimates by name.
        """
        estimates = {}
        for site in self.prototype_sites:
            with self._plates(site):
                estimates[site["name"]] = self.guide.map_estimate(site["name"])
        return estimates

    def _sample_site(self, site: Any, unconstrained: Tensor) -> Tensor:
        """The model's site, as a point mass that carries the transform's part of the density."""
        transform: Transform = biject_to(site["fn"].support)
        value = transform(unconstrained)
        event_dim = site["fn"].event_dim
        log_density = transform.inv.log_abs_det_jacobian(value, unconstrained)
        log_density = sum_rightmost(log_density, log_density.dim() - value.dim() + event_dim)
        with self._plates(site):
            drawn: Tensor = primitives.sample(site["name"], Delta(value, log_density, event_dim=event_dim),
                                              infer={"_drawn_elsewhere": True})
        return drawn

    def _plates(self, site: Any) -> ExitStack:
        """Enters the site's plates that are not entered yet."""
        entered = {frame.name for frame in get_plates()}
        with ExitStack() as stack:
            for frame in site["cond_indep_stack"]:
                if frame.name not in entered:
                    stack.enter_context(self.guide.plate(frame.name))
            return stack.pop_all()


def _widen(part: Tensor, batch: torch.Size, event: torch.Size) -> Tensor:
    """Unpacks a site's part of vectors; its own plates' dims and the vectors' batch dims end up in their places.

    Shape:
        part: ``outer + (prod(batch) * prod(event),)``; result: ``outer * batch + event``, where of each two sizes
        multiplied one is 1.
    """
    outer = part.shape[:-1]
    width = max(len(outer), len(batch))
    outer, batch = _pad(outer, width), _pad(batch, width)
    interleaved = [dim for i in range(width) for dim in (i, width + i)]
    last = [2 * width + i for i in range(len(event))]
    sizes = [a * b for a, b in zip(outer, batch, strict=True)]
    return part.reshape(outer + batch + event).permute(interleaved + last).reshape(torch.Size(sizes) + event)


def _pad(shape: torch.Size, width: int) -> torch.Size:
    return torch.Size((1,) * (width - len(shape)) + tuple(shape))


@final
class _FunctionGuide(EasyGuide):
    """A guide made of a function by :func:`easy_guide`."""

    def __init__(self, model: Callable[..., Any], fn: Callable[..., Any]) -> None:
        super().__init__(model)
        self._fn = fn
        self._pyro_name = fn.__name__

    def guide(self, *args: Any, **kargs: Any) -> Any:
        return self._fn(self, *args, **kargs)


def easy_guide(model: Callable[..., Any]) -> Callable[[Callable[..., Any]], EasyGuide]:
    """Makes a function the :meth:`~EasyGuide.guide` method of an :class:`EasyGuide`.

    Args:
        model: the model.

    Returns:
        A decorator of functions that take the guide and the model's arguments.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> def model():
        ...     pyro.sample("loc", dist.Normal(0.0, 1.0))
        >>> @easy_guide(model)
        ... def guide(self):
        ...     return self.map_estimate("loc")
        >>> guide().shape
        torch.Size([])
    """
    return partial(_FunctionGuide, model)
