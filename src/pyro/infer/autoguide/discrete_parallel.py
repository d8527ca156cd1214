"""Categorical approximations of discrete latent variables, summed out in parallel."""

from typing import Any

from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.bernoulli import Bernoulli
from pyro.distributions.categorical import Categorical
from pyro.distributions.one_hot_categorical import OneHotCategorical
from pyro.distributions.torch_distribution import ExpandedDistribution, Independent, MaskedDistribution
from pyro.infer.autoguide.guide import AutoGuide, Values
from pyro.nn.module import PyroParam
from pyro.primitives import sample

__all__ = ["AutoDiscreteParallel"]

# a family with its parameter's constraint, and how many of its dims belong to no plate
_FAMILIES: dict[type, tuple[constraints.Constraint, int]] = {
    Bernoulli: (constraints.unit_interval, 0),
    Categorical: (constraints.simplex, 1),
    OneHotCategorical: (constraints.simplex, 1),
}


class AutoDiscreteParallel(AutoGuide):
    """A distribution of the model's own family for each discrete site, to be summed out by :class:`TraceEnum_ELBO`.

    The parameter of site ``z`` is ``AutoDiscreteParallel.z_probs``; it starts at the probabilities that the prior has
    in the prototype.

    Args:
        model: the model.
        create_plates: see :class:`~pyro.infer.autoguide.AutoGuide`.

    Raises:
        NotImplementedError: if a site is of no family with finitely many values and known parameters; names it.
    """

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        self._families: dict[str, type] = {}
        for name, site in self._sites():
            fn = _unwrapped(site["fn"])
            family = next((known for known in _FAMILIES if type(fn) is known), None)
            if family is None:
                raise NotImplementedError(
                    f"Site '{name}': AutoDiscreteParallel knows the families "
                    f"{[known.__name__ for known in _FAMILIES]}, got {type(fn).__name__}. Hide the site by "
                    f"poutine.block(model, hide=['{name}']), and give it a guide of its own.")
            constraint, own_dims = _FAMILIES[family]
            self._families[name] = family
            probs = fn.probs.detach().expand(site["fn"].shape() if own_dims == 0 or family is OneHotCategorical
                                             else (*site["fn"].shape(), fn.probs.shape[-1]))
            event_dim = own_dims + site["fn"].event_dim - fn.event_dim
            probs = self._with_all_rows(site, probs.clone(), event_dim)
            setattr(self, f"{name}_probs", PyroParam(probs, constraint, event_dim))

    def forward(self, *args: Any, **kwargs: Any) -> Values:
        """Samples, or enumerates, the sites.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name.
        """
        self._set_up(*args, **kwargs)
        self._create_plates(*args, **kwargs)
        values = {}
        for name, site in self._sites():
            with self._inside_plates(site):
                probs: Tensor = getattr(self, f"{name}_probs")
                fn = self._families[name](probs)
                fn = fn.to_event(site["fn"].event_dim - fn.event_dim)
                values[name] = sample(name, fn, infer={"enumerate": "parallel"})
        return values


def _unwrapped(fn: Any) -> Any:
    while isinstance(fn, Independent | ExpandedDistribution | MaskedDistribution):
        fn = fn.base_dist
    return fn
