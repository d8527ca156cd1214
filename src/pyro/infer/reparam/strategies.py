"""Choices of reparametrisers for whole models."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import constraints

from pyro.distributions.affine_beta import AffineBeta
from pyro.distributions.log_normal import LogNormal
from pyro.distributions.projected_normal import ProjectedNormal
from pyro.distributions.relaxed import RelaxedOneHotCategorical
from pyro.distributions.stable import Stable, StableWithLogProb
from pyro.distributions.torch_distribution import Independent
from pyro.distributions.transformed_distribution import TransformedDistribution
from pyro.infer.reparam.loc_scale import LocScaleReparam
from pyro.infer.reparam.projected_normal import ProjectedNormalReparam
from pyro.infer.reparam.reparam import Reparam
from pyro.infer.reparam.softmax import GumbelSoftmaxReparam
from pyro.infer.reparam.stable import LatentStableReparam, StableReparam, SymmetricStableReparam
from pyro.infer.reparam.transform import TransformReparam
from pyro.poutine.handlers import reparam
from pyro.poutine.runtime import Message

__all__ = ["AutoReparam", "MinimalReparam", "Strategy"]


class Strategy(ABC):
    """Decides for each site how to reparametrise it; a subclass defines :meth:`configure`.

    Used as ``poutine.reparam(model, config=strategy)``, or as a decorator of the model.

    Attributes:
        config: what was decided, by site name. A site is decided upon once, so that later runs, and other runs with
            the same strategy, find the same sites.
    """

    def __init__(self) -> None:
        self.config: dict[str, Reparam | None] = {}

    @abstractmethod
    def configure(self, msg: Message) -> Reparam | None:
        """Decides upon a site.

        Args:
            msg: the site.

        Returns:
            A reparametriser, or ``None`` to leave the site as it is.
        """
        raise NotImplementedError

    def __call__(self, msg_or_fn: Message | Callable[..., Any]) -> Any:
        """Reparametrises a model, or decides upon one site.

        Args:
            msg_or_fn: a model; the handler passes a site.

        Returns:
            The model inside the handler; the site's reparametriser.
        """
        if not isinstance(msg_or_fn, dict):
            return reparam(msg_or_fn, config=self)
        name = str(msg_or_fn["name"])
        if name not in self.config:
            self.config[name] = self.configure(msg_or_fn)
        return self.config[name]


class MinimalReparam(Strategy):
    """Reparametrises only sites that inference cannot do without: stable and projected normal ones.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> @MinimalReparam()
        ... def model():
        ...     pyro.sample("x", dist.Normal(0.0, 1.0))
        ...     pyro.sample("y", dist.Stable(1.5, 0.0))
        >>> pyro.poutine.trace(model).get_trace().stochastic_nodes
        ['x', 'y_uniform', 'y_exponential']
    """

    def configure(self, msg: Message) -> Reparam | None:
        """Decides upon a site; see :meth:`Strategy.configure`."""
        return _minimal(_inside(msg["fn"]), msg["is_observed"])


class AutoReparam(Strategy):
    """Reparametrises all latent sites for which there is a generally useful way, again and again.

    Transformed variables by their base, location-scale families by decentring, relaxed categorical and stable ones by
    their noise. Masked sites are left as they are.

    Args:
        centered: for :class:`LocScaleReparam`; by default the guide learns it.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> @AutoReparam(centered=0.0)
        ... def model():
        ...     pyro.sample("x", dist.LogNormal(3.0, 2.0))
        >>> pyro.poutine.trace(model).get_trace().stochastic_nodes
        ['x_base_decentered']
    """

    def __init__(self, *, centered: float | Tensor | None = None) -> None:
        super().__init__()
        self.centered = centered

    def configure(self, msg: Message) -> Reparam | None:
        """Decides upon a site; see :meth:`Strategy.configure`."""
        fn, is_observed = _inside(msg["fn"]), msg["is_observed"]
        if is_observed:
            return _minimal(fn, is_observed)
        if isinstance(fn, TransformedDistribution | LogNormal | AffineBeta):
            return TransformReparam()
        if _is_loc_scale(fn) and not str(msg["name"]).endswith("_decentered") and not _is_one(self.centered):
            return LocScaleReparam(self.centered)
        if isinstance(fn, RelaxedOneHotCategorical):
            return GumbelSoftmaxReparam()
        return _minimal(fn, is_observed)


def _inside(fn: Any) -> Any:
    return fn.base_dist if isinstance(fn, Independent) else fn


def _minimal(fn: Any, is_observed: bool) -> Reparam | None:
    if isinstance(fn, Stable) and not isinstance(fn, StableWithLogProb):
        if not is_observed:
            return LatentStableReparam()
        return SymmetricStableReparam() if bool((fn.skew == 0).all()) else StableReparam()
    if isinstance(fn, ProjectedNormal) and not is_observed:
        return ProjectedNormalReparam()
    return None


def _is_loc_scale(fn: Any) -> bool:
    return {"loc", "scale"} <= set(getattr(fn, "arg_constraints", ())) and fn.support is constraints.real


def _is_one(centered: float | Tensor | None) -> bool:
    return not isinstance(centered, torch.Tensor) and centered == 1
