"""Guides that describe all latent variables, as one unconstrained vector, by one distribution."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions.transformed_distribution import TransformedDistribution
from pyro.infer.autoguide.guide import AutoGuide, Values
from pyro.infer.autoguide.initialization import InitFn, InitPoint, init_to_median
from pyro.infer.autoguide.options import normal_quantiles
from pyro.infer.autoguide.unconstrained import (
    constrain,
    sample_constrained,
    unconstrain,
    unconstrained_event_dim,
)
from pyro.poutine.frame import CondIndepStackFrame
from pyro.primitives import sample, subsample

__all__ = ["AutoContinuous"]


class AutoContinuous(AutoGuide):
    """The base of guides over one vector, in which the model's sites lie one after the other.

    The vector is the auxiliary site ``_<name of the guide>_latent``. Sites in plates that draw rows have all rows in
    it, and the guide's density counts them all at each run, as the model's, scaled, does in expectation.

    A subclass gives :meth:`get_posterior`, or :meth:`get_transform` and the base distribution that it is applied to.

    Args:
        model: the model.
        init_loc_fn: where to start, see :mod:`pyro.infer.autoguide.initialization`.

    Attributes:
        latent_dim: the vector's length, from the first call on.

    References:
        A. Kucukelbir et al. (2017), *Automatic differentiation variational inference*.
    """

    _latent_ndim = 1

    def __init__(self, model: Any, init_loc_fn: InitFn = init_to_median) -> None:
        super().__init__(model)
        self.init_loc_fn = init_loc_fn

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        self._unconstrained_shapes: dict[str, Size] = {}
        self._event_dims: dict[str, int] = {}
        self._cond_indep_stacks: dict[str, tuple[CondIndepStackFrame, ...]] = {}
        for name, site in self._sites():
            value = unconstrain(site)
            self._event_dims[name] = unconstrained_event_dim(site, value)
            self._unconstrained_shapes[name] = self._with_all_rows(site, value, self._event_dims[name]).shape
            self._cond_indep_stacks[name] = site["cond_indep_stack"]
        self.latent_dim = sum(shape.numel() for shape in self._unconstrained_shapes.values())
        if self.latent_dim == 0:
            raise RuntimeError(f"{type(self).__name__} found no latent variables; Use an empty guide instead: "
                               "def guide(*args, **kwargs): pass")

    def _init_loc(self) -> Tensor:
        """The vector to start with: what the init function gave the prototype's sites."""
        return torch.cat([self._with_all_rows(site, unconstrain(site), self._event_dims[name]).reshape(-1)
                          for name, site in self._sites()])

    def _init_scale_vector(self) -> Tensor:
        """The standard deviations of the vector's elements to start with."""
        loc = self._init_loc()
        sizes = [shape.numel() for shape in self._unconstrained_shapes.values()]
        parts = zip(self._unconstrained_shapes.items(), loc.split(sizes), strict=True)
        return torch.cat([self._start_scale(name, part.reshape(shape)).reshape(-1) for (name, shape), part in parts])

    def _init_covariance(self, scale: Tensor) -> Tensor | None:
        """The covariance matrix to start with, in units of ``scale``, where the init function knows one."""
        point = self.init_loc_fn
        if not isinstance(point, InitPoint) or point.covariance is None:
            return None
        matrix = point.covariance().to(scale)
        # with plates that draw rows it is one of some rows only
        return matrix if len(matrix) == self.latent_dim else None

    def _init_scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance matrix to start with; diagonal where correlations are not known."""
        scale = self._init_scale_vector()
        covariance = self._init_covariance(scale)
        if covariance is None:
            return scale.diag()
        tril, info = torch.linalg.cholesky_ex(covariance)
        return scale.unsqueeze(-1) * tril if info == 0 else scale.diag()

    def get_base_dist(self) -> Any:
        """The distribution that :meth:`get_transform` is applied to.

        Returns:
            A distribution over vectors of length ``latent_dim``.
        """
        raise NotImplementedError(f"{type(self).__name__} must define get_base_dist().")

    def get_transform(self, *args: Any, **kwargs: Any) -> Any:
        """The transform from the base distribution to the posterior.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            A transform between vectors of length ``latent_dim``.
        """
        raise NotImplementedError(f"{type(self).__name__} must define get_transform().")

    def get_posterior(self, *args: Any, **kwargs: Any) -> Any:
        """The approximate posterior in unconstrained space.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            A distribution over vectors of length ``latent_dim``.
        """
        return TransformedDistribution(self.get_base_dist(), self.get_transform(*args, **kwargs))

    def sample_latent(self, *args: Any, **kwargs: Any) -> Tensor:
        """Samples the vector.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Shape:
            ``batch_shape + (latent_dim,)``, where plates around the guide make the batch shape.
        """
        posterior = self.get_posterior(*args, **kwargs)
        return sample(f"_{self._pyro_name}_latent", posterior, infer={"is_auxiliary": True})  # type: ignore[no-any-return]

    def _split(self, latent: Tensor) -> Iterator[tuple[Any, Tensor]]:
        """Each site, and its part of a vector, flat."""
        sizes = [shape.numel() for shape in self._unconstrained_shapes.values()]
        for (_, site), part in zip(self._sites(), latent.split(sizes, dim=-1), strict=True):
            yield site, part

    def _unpack_latent(self, latent: Tensor) -> Iterator[tuple[Any, Tensor]]:
        """Each site, and its unconstrained value in a vector; plates around the guide stand left of the site's own."""
        batch = latent.shape[: -self._latent_ndim]
        for site, part in self._split(latent):
            name = site["name"]
            shape, event_dim = self._unconstrained_shapes[name], self._event_dims[name]
            own = len(shape) - event_dim
            # plates further out keep places free, of size 1, for those of the site
            outer = batch[: len(batch) - own] if math.prod(batch[max(0, len(batch) - own):]) == 1 else batch
            yield site, part.reshape(outer + shape)

    def forward(self, *args: Any, **kwargs: Any) -> Values:
        """Draws the sites' values.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name.
        """
        self._set_up(*args, **kwargs)
        latent = self.sample_latent(*args, **kwargs)
        self._create_plates(*args, **kwargs)
        values = {}
        for site, unconstrained in self._unpack_latent(latent):
            with self._inside_plates(site):
                rows = subsample(unconstrained, event_dim=self._event_dims[site["name"]])
                values[site["name"]] = sample_constrained(site, rows)
        return values

    def _loc_scale(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """The means and the standard deviations of the vector's elements, for guides where these are normal."""
        raise NotImplementedError(f"{type(self).__name__} has no known median and quantiles. Take those of draws, as "
                                  "Predictive returns them.")

    def _constrained(self, latent: Tensor) -> Values:
        """The sites' values that belong to a vector, or to a batch of them."""
        batch = latent.shape[: -self._latent_ndim]
        return {site["name"]: constrain(site, part.reshape(batch + self._unconstrained_shapes[site["name"]]))
                for site, part in self._split(latent)}

    @torch.no_grad()
    def median(self, *args: Any, **kwargs: Any) -> Values:
        """The image of the vector's median.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name, with all rows of the plates.
        """
        self._set_up(*args, **kwargs)
        loc, _ = self._loc_scale(*args, **kwargs)
        return self._constrained(loc.detach().clone())

    @torch.no_grad()
    def quantiles(self, quantiles: float | Iterable[float] | Tensor, *args: Any, **kwargs: Any) -> Values:
        """The images of the quantiles of the vector's elements.

        Args:
            quantiles: probabilities.
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name, with all rows of the plates, and a leftmost dim for the probabilities.
        """
        self._set_up(*args, **kwargs)
        return self._constrained(normal_quantiles(quantiles, *self._loc_scale(*args, **kwargs)))
