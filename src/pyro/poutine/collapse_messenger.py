"""Integrates latent sites out by conjugacy, with funsor's lazy terms in place of tensors.

Inside the context a latent site returns a variable, a funsor, instead of a draw, and a distribution with such a
parameter is built as a term. When the context closes, the terms are reduced, and their marginal log-density takes the
sites' place as one factor. Three rules are applied until no latent site is left:

1. a latent site on which no other depends integrates to one;
2. a Beta, Gamma or Dirichlet is integrated out of conjugate likelihoods, see :mod:`~pyro.poutine.conjugacy`;
3. funsor eliminates what is left: normals whose means are affine in normals, and finite discrete sites.

Rule 2 is ours, not funsor's (0.4.8). Funsor integrates a Beta, Gamma or Dirichlet without a look at the expression that
the likelihood has for its parameter, so that Poisson(2 * r) scores as Poisson(r); it multiplies likelihoods in a plate
to one multinomial with another coefficient; and it has no rule for Poisson likelihoods in a plate.

Funsor has neither ``to_event`` nor ``mask``, so those cannot be called on a distribution that depends on a latent site;
declare plates and use :func:`pyro.poutine.mask`. Its normals need tensors of torch's default dtype.

Reference: F. Obermeyer et al. (2019), *Functional tensors for probabilistic programming*,
https://arxiv.org/abs/1910.10775
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.distribution import COERCIONS, Distribution
from pyro.distributions.unit import Unit
from pyro.distributions.util import broadcast_shape, scale_and_mask
from pyro.poutine.conjugacy import LIKELIHOODS, PRIORS, Evidence, log_marginal, prior_of
from pyro.poutine.frame import CondIndepStackFrame
from pyro.poutine.runtime import Message, apply_stack, get_plates, new_message
from pyro.poutine.trace_messenger import TraceMessenger
from pyro.poutine.util import site_is_subsample

try:
    import funsor
    from funsor.cnf import Contraction
    from funsor.delta import Delta
    from funsor.distribution import CoerceDistributionToFunsor
    from funsor.interpretations import eager, reflect
    from funsor.interpreter import reinterpret
    from funsor.sum_product import sum_product
    from funsor.terms import Funsor, Number, Variable, to_data, to_funsor

    _HAS_FUNSOR = True
    _TO_FUNSOR = CoerceDistributionToFunsor("torch")
except ImportError:
    Contraction = Delta = Funsor = Variable = object
    _HAS_FUNSOR = False

__all__ = ["CollapseMessenger", "Contraction", "Delta", "Funsor", "Variable"]


def _coerce(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Builds a term of a distribution with a funsor among its parameters, without any rewriting."""
    if not any(isinstance(arg, Funsor) for arg in (*args, *kwargs.values())):
        return None
    if not hasattr(_TO_FUNSOR.module, cls.__name__):
        raise NotImplementedError(f"{cls.__name__} cannot depend on a site that poutine.collapse integrates out: "
                                  "funsor has no such distribution. Sample that site outside of the context.")
    kwargs = {name: arg for name, arg in kwargs.items() if name != "validate_args"}
    try:
        with reflect:
            return _TO_FUNSOR(cls, args, kwargs)
    except KeyError as e:
        fields = getattr(_TO_FUNSOR.module, cls.__name__)._ast_fields[:-1]
        raise NotImplementedError(f"{cls.__name__} on a site that poutine.collapse integrates out: expected the "
                                  f"parameters {', '.join(fields)}, got {len(args)} by position and {list(kwargs)} by "
                                  "name. Give these parameters, by name.") from e


@dataclass(frozen=True)
class _Site:
    """A site to be eliminated.

    Attributes:
        name: the site's name.
        fn: a distribution over tensors, expanded to its plates, or a term over named dims.
        value: the observed value, or ``None`` for a latent site.
        plates: the plates around, inside and outside of the context.
        names: the names of batch dims, by dim.
        scale: factor on the log-density, from inside the context.
        mask: where the log-density counts, from inside the context.
    """

    name: str
    fn: Any
    value: Tensor | None
    plates: tuple[CondIndepStackFrame, ...]
    names: Mapping[int, str]
    scale: float | Tensor
    mask: bool | Tensor | None

    @property
    def parents(self) -> frozenset[str]:
        """The names of the sites on which it depends."""
        if not isinstance(self.fn, Funsor):
            return frozenset()
        return frozenset(self.fn.inputs).difference(self.names.values(), ["value"])

    @property
    def dims(self) -> frozenset[int]:
        """The dims of its plates."""
        return frozenset(plate.dim for plate in self.plates if plate.dim is not None)

    @property
    def plate_names(self) -> frozenset[str]:
        """The names of those dims."""
        return frozenset(self.names[dim] for dim in self.dims)

    @property
    def is_weighted(self) -> bool:
        """Whether its log-density is scaled or masked."""
        return self.mask is not None or isinstance(self.scale, Tensor) or self.scale != 1

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape of the plates."""
        return _plate_shape(self.plates)

    def evidence(self, parent: "_Site") -> Evidence | None:
        """What the site says of its parent, if it is observed and conjugate to it."""
        likelihood, prior = LIKELIHOODS.get(_family(self.fn)), prior_of(parent.fn)
        if likelihood is None or likelihood.prior is not prior or self.value is None:
            return None
        if self.parents != {parent.name} or not set(parent.plates) <= set(self.plates):
            return None
        params = self.fn.params
        if parent.name in set().union(*(param.inputs for name, param in params.items() if name != likelihood.param)):
            return None
        if not isinstance(params[likelihood.param], Variable):  # such as 2 * p
            return None
        dims = {name: dim for dim, name in self.names.items()}
        others = {name: torch.as_tensor(to_data(param, dims)) for name, param in params.items()
                  if name not in (likelihood.param, "value")}
        if prior.event_dim:
            others["size"] = torch.tensor(parent.fn.event_shape[-1])
        shared = tuple(self.dims - parent.dims)
        scale = self.scale / parent.scale
        return Evidence(likelihood, self.value, others, self.batch_shape, shared, scale, self.mask)

    def factor(self) -> Any:
        """The site's log-density as a funsor, reduced as far as funsor can."""
        if isinstance(self.fn, Funsor):
            fn = reinterpret(self.fn)
        else:
            fn = to_funsor(self.fn, funsor.Real, self.names)
        # A normal has two parts, a tensor and a quadratic form. Funsor counts each once, not once an element, where it
        # mentions no plate; and so it would a term all of whose parts are the same for every element.
        everywhere = to_funsor(torch.zeros(self.batch_shape), funsor.Real, self.names)
        if self.value is None:
            return fn(value=self.name) + everywhere
        domain = fn.inputs["value"]
        cut = self.value.dim() - len(domain.shape)
        shape = broadcast_shape(tuple(self.value.shape[:cut]), self.batch_shape) + tuple(self.value.shape[cut:])
        return fn(value=to_funsor(self.value.expand(shape), domain, self.names)) + everywhere


def _plate_shape(plates: tuple[CondIndepStackFrame, ...]) -> tuple[int, ...]:
    sizes = {plate.dim: int(plate.size) for plate in plates if plate.dim is not None}
    return tuple(sizes.get(dim, 1) for dim in range(min(sizes, default=0), 0))


def _dim_names(plates: tuple[CondIndepStackFrame, ...], dims: int) -> dict[int, str]:
    """Names for the batch dims: those of plates, and by position those of enumerated sites outside."""
    names = {-dim: f"_dim_{dim}" for dim in range(1, dims + 1)}
    return names | {plate.dim: f"_plate_{plate.name}" for plate in plates if plate.dim is not None}


def _with_named_dims(fn: Any, names: Mapping[int, str]) -> Any:
    """Names the batch dims of a term's parameters, which a coercion takes for event dims."""
    constraints = getattr(getattr(fn, "dist_class", None), "arg_constraints", None)
    if constraints is None:
        return fn
    params = {}
    for name, param in fn.params.items():
        if name == "value":
            continue
        event_dim = constraints[name].event_dim if name in constraints else 0
        for dim in range(event_dim - len(param.output.shape), 0):
            size = param.output.shape[0]
            param = param[Variable(names[dim], funsor.Bint[size]) if size > 1 else Number(0, 1)]
        params[name] = param
    with reflect:
        return type(fn)(**params)


class CollapseMessenger(TraceMessenger):
    r"""Integrates the latent sites inside out and leaves their marginal log-density in their place.

    .. math::
        \log \int p(z)\, p(x \mid z)\, dz

    The factor is a site with the name of the first site inside; its batch shape is that of the plates outside.
    A site inside that neither is nor depends on a latent site stays as it is. Handlers outside, such as
    ``poutine.condition``, do not see the sites that are integrated out: observe data by ``obs=`` or by handlers inside.
    With a scale inside, as of a subsampled plate, a latent site's scale multiplies its whole marginal.

    A latent site returns a :class:`funsor.terms.Variable`, which may be used in arithmetic and as a parameter of
    distributions until the context closes. Needs the package funsor.

    Args:
        *args: for :class:`~pyro.poutine.trace_messenger.TraceMessenger`.
        **kwargs: likewise.

    Raises:
        ImportError: if funsor is not installed.
        NotImplementedError: on leaving the context, if a latent site cannot be integrated out exactly.

    Example:
        >>> import pytest, pyro, pyro.distributions as dist
        >>> _ = pytest.importorskip("funsor")
        >>> def model():
        ...     with CollapseMessenger():
        ...         p = pyro.sample("p", dist.Beta(1.0, 3.0))
        ...         pyro.sample("x", dist.Bernoulli(p), obs=torch.tensor(1.0))
        >>> pyro.poutine.trace(model).get_trace().log_prob_sum().exp()
        tensor(0.2500)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not _HAS_FUNSOR:
            raise ImportError("poutine.collapse needs the package funsor, which is not installed. Install it by "
                              "'pip install funsor'.")
        funsor.set_backend("torch")
        super().__init__(*args, **kwargs)
        self._sites: dict[str, _Site] = {}
        self._outside: tuple[CondIndepStackFrame, ...] = ()

    def __enter__(self) -> "CollapseMessenger":
        super().__enter__()
        self._sites = {}
        self._outside = get_plates()
        COERCIONS.append(_coerce)
        return self

    def __exit__(self, *exc_info: Any) -> bool | None:
        COERCIONS.remove(_coerce)
        result = super().__exit__(*exc_info)
        sites, self._sites = self._sites, {}
        if sites and exc_info[0] is None:
            unit = Unit(_eliminate(sites, self._outside))
            name = next(iter(sites))
            apply_stack(new_message("sample", name, unit, value=unit.sample(), infer={"is_auxiliary": True},
                                    is_observed=True))
        return result

    def _reset(self) -> None:
        self._sites = {}
        super()._reset()

    def _pyro_sample(self, msg: Message) -> None:
        fn, value, name = msg["fn"], msg["value"], str(msg["name"])
        is_term = isinstance(fn, Funsor)
        if site_is_subsample(msg) or not (is_term or (isinstance(fn, Distribution) and value is None)):
            return
        if name in self._sites:
            raise RuntimeError(f"Site '{name}' stands twice in one poutine.collapse. Give each site a name of its own.")
        plates = tuple(dict.fromkeys((*self._outside, *msg["cond_indep_stack"])))
        shape = _plate_shape(plates)
        if is_term:
            dims = max([len(shape), *(len(param.output.shape) for param in getattr(fn, "params", {}).values())])
            names = _dim_names(plates, max(dims, 0 if value is None else value.dim()))
            fn = _with_named_dims(fn, names)
        else:
            fn = fn.expand(broadcast_shape(tuple(fn.batch_shape), shape))
            names = _dim_names(plates, len(fn.batch_shape))
        self._sites[name] = _Site(name, fn, value, plates, names, msg["scale"], msg["mask"])
        if value is None:
            msg["value"] = Variable(name, _domain(fn, names))
        msg["done"] = msg["stop"] = True


def _domain(fn: Any, names: Mapping[int, str]) -> Any:
    """The funsor domain of a draw."""
    if not isinstance(fn, Funsor):
        if not fn.is_discrete:
            return funsor.Reals[tuple(fn.event_shape)]
        fn = to_funsor(fn, funsor.Real, names)
    return fn.inputs["value"]


def _eliminate(sites: dict[str, _Site], outside: tuple[CondIndepStackFrame, ...]) -> Tensor:
    """The marginal log-density of the observed sites, of the shape of the plates outside."""
    sites = dict(sites)
    log_density = torch.zeros(())
    for name in [name for name in reversed(sites) if sites[name].value is None]:
        children = [other for other in sites.values() if name in other.parents]
        marginal = _conjugate_marginal(sites[name], children, outside) if children else 0.0
        if marginal is not None:
            log_density = log_density + marginal
            for done in (sites[name], *children):
                del sites[done.name]
    if sites:
        log_density = log_density + _eliminate_by_funsor(sites, outside)
    while log_density.dim() and log_density.shape[0] == 1:
        log_density = log_density[0]
    return log_density


def _conjugate_marginal(
    site: _Site, children: list[_Site], outside: tuple[CondIndepStackFrame, ...]
) -> Tensor | None:
    """The marginal log-density of a latent site's children, or ``None`` if they are not conjugate to it."""
    evidence = [item for item in (child.evidence(site) for child in children) if item is not None]
    if len(evidence) < len(children):
        return None
    marginal = scale_and_mask(log_marginal(site.fn, evidence), site.scale, site.mask)
    inside = list(site.dims.difference(plate.dim for plate in outside))
    return marginal.sum(inside, keepdim=True) if inside else marginal


_INEXACT_IN_FUNSOR = {prior.family.__name__ for prior in PRIORS}
"""Rule 2 is for these; see the module's docstring on what funsor makes of what rule 2 leaves."""


def _eliminate_by_funsor(sites: dict[str, _Site], outside: tuple[CondIndepStackFrame, ...]) -> Tensor:
    _check_for_funsor(sites)
    latent = [name for name, site in sites.items() if site.value is None]
    dims = {name: dim for site in sites.values() for dim, name in site.names.items()}
    plates = frozenset().union(*(site.plate_names for site in sites.values()))
    plates -= {f"_plate_{plate.name}" for plate in outside}
    try:
        with eager:
            factors = [site.factor() for site in sites.values()]
            result = sum_product(funsor.ops.logaddexp, funsor.ops.add, factors, plates.union(latent), plates)
    except (AssertionError, AttributeError, RuntimeError, TypeError, ValueError) as e:
        raise _failure(sites, f"funsor says {type(e).__name__} {e}") from e
    if not isinstance(result, funsor.Tensor | Number) or not set(result.inputs) <= set(dims):
        raise _failure(sites, "their product has no closed-form integral that is known")
    return torch.as_tensor(to_data(result, {name: dims[name] for name in result.inputs}))


def _check_for_funsor(sites: dict[str, _Site]) -> None:
    """Refuses what funsor would get wrong."""
    latent = [site.fn for site in sites.values() if site.value is None]
    if any(_family(fn) in _INEXACT_IN_FUNSOR or prior_of(fn) for fn in latent):
        raise _failure(sites, "a Beta, Gamma or Dirichlet needs observed likelihoods whose parameter is that very site")
    weighted = [name for name, site in sites.items() if site.is_weighted]
    if weighted:
        raise _failure(sites, f"sites {weighted} are scaled or masked inside of the context")


def _failure(sites: dict[str, _Site], why: str) -> NotImplementedError:
    shown = ", ".join(f"'{name}' ({_family(site.fn)}, {'latent' if site.value is None else 'observed'})"
                      for name, site in sites.items())
    return NotImplementedError(f"poutine.collapse cannot integrate the latent sites out of {shown}: {why}. Sample the "
                               "latent sites outside of the context, or give a conjugate prior to the parameter "
                               "itself.")


def _family(fn: Any) -> str:
    return type(fn).__name__.split("[")[0].removesuffix("Probs")  # funsor's names have type parameters
