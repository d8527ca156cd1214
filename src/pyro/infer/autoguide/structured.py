r"""A guide in which the user says how each latent variable is distributed and on which others it depends.

In unconstrained space, and as vectors, the variables are

.. math::
    u_d = \ell_d + \delta_d, \qquad
    \delta_d = \epsilon_d + \sum_{u \to d} f_{ud}(\delta_u)

where the noise :math:`\epsilon_d` is zero, normal, multivariate normal or of the user's making, and the functions
:math:`f_{ud}`, linear unless given, shear along a graph without cycles. Shears keep volumes, so that the density of
:math:`u` is that of the noise.

References:
    M. Hoffman and D. Blei (2015), *Structured stochastic variational inference*;
    J. Spantini, D. Bigoni and Y. Marzouk (2018), *Inference via low-dimensional couplings*
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import biject_to

from pyro.distributions import constraints
from pyro.distributions.delta import Delta
from pyro.distributions.normal import Normal
from pyro.distributions.util import sum_rightmost
from pyro.infer.autoguide.guide import AutoGuide, Values
from pyro.infer.autoguide.initialization import InitFn, InitMessenger, init_to_feasible
from pyro.infer.autoguide.options import check_init_scale
from pyro.infer.autoguide.unconstrained import constrain, unconstrain, unconstrained_event_dim
from pyro.infer.autoguide.utils import deep_getattr, deep_setattr, helpful_support_errors
from pyro.infer.inspect import get_dependencies
from pyro.nn.module import PyroModule, PyroParam
from pyro.ops.tensor_utils import matvecmul
from pyro.poutine.handlers import block
from pyro.poutine.infer_config_messenger import InferConfigMessenger
from pyro.primitives import sample, subsample

__all__ = ["AutoStructured"]

Conditional = str | Callable[[], Tensor]
Dependency = str | Callable[[Tensor], Tensor]

_CONDITIONALS = ("delta", "normal", "mvn")


class AutoStructured(AutoGuide):
    """A guide with a conditional distribution for each site and dependencies between them.

    The parameters of site ``z`` are ``locs.z``, and ``scales.z`` and ``scale_trils.z`` as far as its distribution has
    them; a linear dependency of ``z`` on ``y`` has ``deps.z.y.weight``, which starts at zero. All are over flattened
    sites in unconstrained space, with all rows of plates. The noise of ``z`` is the auxiliary site ``z_aux``.

    Args:
        model: the model.
        conditionals: a distribution for all sites or one for each: ``"delta"``, ``"normal"``, ``"mvn"`` for a
            multivariate normal one, or a function without arguments that samples noise around zero, of the length of
            the flattened site, and may have parameters of its own.
        dependencies: for each site those that it depends on, with ``"linear"`` or a function from the flattened
            perturbation of one to that of the other; functions may be modules. By default, ``"linear"`` stands for
            linear dependencies between all sites that are dependent in the posterior.
        init_loc_fn: where the locations start, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: the standard deviations to start with.
        create_plates: see :class:`~pyro.infer.autoguide.AutoGuide`.

    Raises:
        ValueError: for a conditional or a dependency of another kind, or if ``init_scale`` is not positive.
        KeyError: if a site has no conditional.
        AssertionError: if the dependencies have a cycle, or name something that is not a latent site.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     x = pyro.sample("x", dist.Normal(0.0, 1.0).expand([2]).to_event(1))
        ...     pyro.sample("y", dist.LogNormal(x.sum(), 1.0))
        >>> guide = AutoStructured(model, conditionals={"x": "normal", "y": "delta"})
        >>> sorted(guide())
        ['x', 'y']
    """

    scale_constraint = constraints.softplus_positive
    scale_tril_constraint = constraints.softplus_lower_cholesky

    def __init__(
        self,
        model: Any,
        *,
        conditionals: str | Mapping[str, Conditional] = "mvn",
        dependencies: str | Mapping[str, Mapping[str, Dependency]] = "linear",
        init_loc_fn: InitFn = init_to_feasible,
        init_scale: float = 0.1,
        create_plates: Callable[..., Any] | None = None,
    ) -> None:
        for kind in [conditionals] if isinstance(conditionals, str) else conditionals.values():
            if not callable(kind) and kind not in _CONDITIONALS:
                raise ValueError(f"Unsupported conditional type: {kind}. Expected one of {_CONDITIONALS}, or a "
                                 "function.")
        _check_dependencies(dependencies)
        self.init_loc_fn = init_loc_fn
        self._init_scale = check_init_scale(init_scale)
        self.conditionals = conditionals
        self.dependencies = dependencies
        super().__init__(model, create_plates=create_plates)

    # ---- set-up

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        for kind in ("locs", "scales", "scale_trils", "conds", "deps"):
            setattr(self, kind, PyroModule())
        sites = dict(self._sites())
        self._kinds = {name: self._conditional(name) for name in sites}
        self._event_dims: dict[str, int] = {}
        self._shapes: dict[str, torch.Size] = {}
        for name, site in sites.items():
            loc = unconstrain(site)
            self._event_dims[name] = unconstrained_event_dim(site, loc)
            loc = self._with_all_rows(site, loc, self._event_dims[name])
            self._shapes[name] = loc.shape
            self._make_params(name, loc.reshape(-1), self._start_scale(name, loc).reshape(-1))
        wanted = self._dependencies(sites, *args, **kwargs)
        for downstream, upstreams in wanted.items():
            deep_setattr(self.deps, downstream, PyroModule())
            for upstream, dependency in upstreams.items():
                deep_setattr(deep_getattr(self.deps, downstream), upstream,
                             self._linear(upstream, downstream) if dependency == "linear" else dependency)
        self._upstreams = {name: tuple(wanted.get(name, ())) for name in sites}
        self._order = _upstream_first(self._upstreams)

    def _conditional(self, name: str) -> Conditional:
        if isinstance(self.conditionals, str):
            return self.conditionals
        if name not in self.conditionals:
            raise KeyError(f"Site '{name}': conditionals= has no entry. Give it one of {_CONDITIONALS} or a function.")
        return self.conditionals[name]

    def _make_params(self, name: str, loc: Tensor, scale: Tensor) -> None:
        kind = self._kinds[name]
        deep_setattr(self.locs, name, PyroParam(loc, constraints.real))
        if kind in ("normal", "mvn"):
            deep_setattr(self.scales, name, PyroParam(scale, self.scale_constraint))
        if kind == "mvn":
            eye = torch.eye(len(loc), dtype=loc.dtype, device=loc.device)
            deep_setattr(self.scale_trils, name, PyroParam(eye, self.scale_tril_constraint))
        elif callable(kind):
            deep_setattr(self.conds, name, kind)

    def _linear(self, upstream: str, downstream: str) -> nn.Linear:
        like = deep_getattr(self.locs, downstream)
        linear = nn.Linear(self._shapes[upstream].numel(), self._shapes[downstream].numel(), bias=False,
                           dtype=like.dtype, device=like.device)
        nn.init.zeros_(linear.weight)
        return linear

    def _dependencies(
        self, sites: Collection[str], *args: Any, **kwargs: Any
    ) -> Mapping[str, Mapping[str, Dependency]]:
        """The dependencies that were asked for; of all that are dependent in the posterior, later sites on earlier."""
        if not isinstance(self.dependencies, str):
            for name in {*self.dependencies, *(each for given in self.dependencies.values() for each in given)}:
                if name not in sites:
                    raise AssertionError(f"{type(self).__name__}: dependencies= has '{name}', which is not a latent "
                                         f"site of the model; these are {list(sites)}.")
            return self.dependencies
        model = InitMessenger(self.init_loc_fn)(self.model) if self.init_loc_fn is not None else self.model
        with block():
            found = get_dependencies(model, args, kwargs)["posterior_dependencies"]
        wanted: dict[str, dict[str, Dependency]] = {}
        for upstream, downstreams in found.items():
            for downstream in downstreams:
                if downstream in sites and upstream in sites and downstream != upstream:
                    wanted.setdefault(downstream, {})[upstream] = "linear"
        return wanted

    # ---- samples

    def _noise(self, name: str) -> tuple[Tensor, Tensor | None]:
        """The noise of a site, and the logarithms by which its auxiliary site was stretched, element by element."""
        kind = self._kinds[name]
        loc = deep_getattr(self.locs, name)
        if kind == "delta":
            return torch.zeros_like(loc), None
        if callable(kind):
            return deep_getattr(self.conds, name)(), None
        standard = Normal(torch.zeros_like(loc), torch.ones_like(loc)).to_event(1)
        white = sample(f"{name}_aux", standard, infer={"is_auxiliary": True})
        scale = deep_getattr(self.scales, name)
        if kind == "normal":
            return white * scale, scale.log()
        tril = deep_getattr(self.scale_trils, name)
        return matvecmul(tril, white) * scale, scale.log() + tril.diagonal(dim1=-2, dim2=-1).log()

    def get_deltas(self, save_params: Collection[str] | None = None) -> dict[str, Delta]:
        """Draws all sites, with all rows of plates, outside of any plate.

        Args:
            save_params: which sites to return; by default all.

        Returns:
            A point mass for each site; its log-density is that which the guide's density has beside the density of the
            auxiliary sites.
        """
        wanted = self._order if save_params is None else save_params
        with self._pyro_context, InferConfigMessenger(lambda site: {"is_auxiliary": True}):
            deltas = self._draw(set(wanted))
        return {name: deltas[name] for name, _ in self._sites() if name in wanted}

    def _draw(self, wanted: set[str]) -> dict[str, Delta]:
        needed = set(wanted)
        for name in reversed(self._order):
            if name in needed:
                needed.update(self._upstreams[name])
        perturbations: dict[str, Tensor] = {}
        result = {}
        for name, site in self._in_order(needed):
            noise, log_scale = self._noise(name)
            for upstream in self._upstreams[name]:
                noise = noise + deep_getattr(deep_getattr(self.deps, name), upstream)(perturbations[upstream])
            perturbations[name] = noise
            if name in wanted:
                result[name] = self._delta(site, deep_getattr(self.locs, name) + noise, log_scale)
        return result

    def _in_order(self, needed: Collection[str]) -> Iterator[tuple[str, Any]]:
        assert self.prototype_trace is not None
        return ((name, self.prototype_trace.nodes[name]) for name in self._order if name in needed)

    def _delta(self, site: Any, flat: Tensor, log_scale: Tensor | None) -> Delta:
        """The point mass of a site, at the image of an unconstrained vector."""
        name = site["name"]
        unconstrained = self._shaped(name, flat)
        with helpful_support_errors(site):
            transform = biject_to(site["fn"].support)
        value = transform(unconstrained)
        event_dim = site["fn"].event_dim
        log_det = transform.log_abs_det_jacobian(unconstrained, value)
        log_det = sum_rightmost(log_det, log_det.dim() - value.dim() + event_dim)
        if log_scale is not None:
            log_det = log_det + sum_rightmost(log_scale.reshape(self._shapes[name]), self._event_dims[name])
        return Delta(value, log_density=-log_det, event_dim=event_dim)

    def _shaped(self, name: str, flat: Tensor) -> Tensor:
        """Undoes flattening; plates around the guide stand left of those of a site, for which they keep places free."""
        shape, batch = self._shapes[name], flat.shape[:-1]
        own = len(shape) - self._event_dims[name]
        is_free = prod(batch[max(0, len(batch) - own) :]) == 1
        return flat.reshape((batch[: max(0, len(batch) - own)] if is_free else batch) + shape)

    def forward(self, *args: Any, **kwargs: Any) -> Values:
        """Draws the sites' values.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name.
        """
        self._set_up(*args, **kwargs)
        self._create_plates(*args, **kwargs)
        values = {}
        for name, delta in self.get_deltas().items():
            assert self.prototype_trace is not None
            with self._inside_plates(self.prototype_trace.nodes[name]):
                value = subsample(delta.v, event_dim=delta.event_dim)
                log_density = subsample(delta.log_density, event_dim=0)
                fn = Delta(value, log_density=log_density, event_dim=delta.event_dim)
                values[name] = sample(name, fn, infer={"_drawn_elsewhere": True})
        return values

    @torch.no_grad()
    def median(self, *args: Any, **kwargs: Any) -> Values:
        """The images of the locations, where all noise is zero.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name, with all rows of the plates.
        """
        self._set_up(*args, **kwargs)
        return {name: constrain(site, deep_getattr(self.locs, name).reshape(self._shapes[name])).clone()
                for name, site in self._sites()}


def _upstream_first(upstreams: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """All sites, each after those that it depends on, and otherwise in the order in which they came."""
    try:
        TopologicalSorter(upstreams).prepare()
    except CycleError as e:
        raise AssertionError(f"AutoStructured: the dependencies have a cycle, {' -> '.join(e.args[1])}. Turn or remove "
                             "one.") from None
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        for upstream in upstreams[name]:
            if upstream not in order:
                visit(upstream)
        order[name] = None

    for name in upstreams:
        if name not in order:
            visit(name)
    return tuple(order)


def _check_dependencies(dependencies: Any) -> None:
    given = [dependencies] if isinstance(dependencies, str) else \
        [kind for kinds in dependencies.values() for kind in kinds.values()]
    for kind in given:
        if kind != "linear" and (isinstance(dependencies, str) or not callable(kind)):
            raise ValueError(f"Expected either the string 'linear' or a callable, but got {kind}")
