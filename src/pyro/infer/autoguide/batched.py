"""Normal distributions over vectors, one for each element of a batch that all latent variables have in common.

Where all sites stand in the same plates, the posterior often falls apart into one factor for each of the plates'
elements. Then a covariance for each element is enough: for ``B`` elements with ``D`` variables each, ``B`` matrices
``D x D`` in the place of one of ``(B D) x (B D)``.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.low_rank_multivariate_normal import LowRankMultivariateNormal
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.initialization import InitFn, init_to_median
from pyro.infer.autoguide.options import check_init_scale
from pyro.nn.module import PyroParam

__all__ = ["AutoBatchedLowRankMultivariateNormal", "AutoBatchedMultivariateNormal"]


class _AutoBatched(AutoContinuous):
    """The base of both: sites as one tensor of shape ``batch_shape + (D,)``."""

    scale: Any
    scale_constraint = constraints.softplus_positive

    def __init__(self, model: Any, init_loc_fn: InitFn, init_scale: float, batch_ndim: int) -> None:
        if batch_ndim < 1:
            raise ValueError(f"{type(self).__name__}: expected batch_ndim >= 1, got {batch_ndim}. Without a batch use "
                             f"{type(self).__name__.replace('Batched', '')}.")
        super().__init__(model, init_loc_fn=init_loc_fn)
        self._init_scale = check_init_scale(init_scale)
        self.batch_ndim = batch_ndim
        self._latent_ndim = batch_ndim + 1

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        shapes = {name: shape[: self.batch_ndim] for name, shape in self._unconstrained_shapes.items()}
        self._batch_shape = next(iter(shapes.values()))
        if len(self._batch_shape) < self.batch_ndim or len(set(shapes.values())) > 1:
            found = {name: tuple(shape) for name, shape in shapes.items()}
            raise ValueError(f"{type(self).__name__}: expected sites that have their {self.batch_ndim} leftmost dims "
                             f"in common, got {found}. Put all of them into the same plates, or hide the others.")
        self.loc = torch.nn.Parameter(self._by_batch(self._init_loc()))

    def _by_batch(self, vector: Tensor) -> Tensor:
        """A vector of the sites one after the other, as a vector for each element of the batch."""
        return torch.cat([part.reshape(*self._batch_shape, -1) for _, part in super()._split(vector)], -1)

    def _split(self, latent: Tensor) -> Iterator[tuple[Any, Tensor]]:
        sizes = [Size(shape[self.batch_ndim :]).numel() for shape in self._unconstrained_shapes.values()]
        for (_, site), part in zip(self._sites(), latent.split(sizes, dim=-1), strict=True):
            yield site, part.flatten(-self._latent_ndim)


class AutoBatchedMultivariateNormal(_AutoBatched):
    """For each element of the batch, a normal distribution with a full covariance.

    The parameters are those of :class:`AutoMultivariateNormal`, with the batch's dims on the left.

    Args:
        model: the model.
        init_loc_fn: where the means start, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: the standard deviations to start with.
        batch_ndim: how many leftmost dims of all sites are the batch.

    Raises:
        ValueError: if an argument is not positive; at the first call, if the sites have no batch in common.
    """

    scale_tril: Any
    scale_tril_constraint = constraints.unit_lower_cholesky

    def __init__(
        self, model: Any, init_loc_fn: InitFn = init_to_median, init_scale: float = 0.1, batch_ndim: int = 1
    ) -> None:
        super().__init__(model, init_loc_fn, init_scale, batch_ndim)

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        loc = self.loc.detach()
        identity = torch.eye(loc.shape[-1], dtype=loc.dtype, device=loc.device).expand(*loc.shape, -1)
        self.scale = PyroParam(self._by_batch(self._init_scale_vector()), self.scale_constraint)
        self.scale_tril = PyroParam(identity.clone(), self.scale_tril_constraint)

    def get_posterior(self, *args: Any, **kwargs: Any) -> Any:
        """A batch of multivariate normal distributions, as one event."""
        scale_tril = self.scale.unsqueeze(-1) * self.scale_tril
        return MultivariateNormal(self.loc, scale_tril=scale_tril).to_event(self.batch_ndim)

    def _loc_scale(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        return self.loc, self.scale * self.scale_tril.square().sum(-1).sqrt()


class AutoBatchedLowRankMultivariateNormal(_AutoBatched):
    """For each element of the batch, a normal distribution with a covariance of low rank plus a diagonal.

    The parameters are those of :class:`AutoLowRankMultivariateNormal`, with the batch's dims on the left.

    Args:
        model: the model.
        init_loc_fn: where the means start, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: about the standard deviations to start with.
        rank: how many columns the factor has, by default the square root of the number of variables in an element.
        batch_ndim: how many leftmost dims of all sites are the batch.

    Raises:
        ValueError: if an argument is not positive; at the first call, if the sites have no batch in common.
    """

    def __init__(
        self,
        model: Any,
        init_loc_fn: InitFn = init_to_median,
        init_scale: float = 0.1,
        rank: int | None = None,
        batch_ndim: int = 1,
    ) -> None:
        if rank is not None and not (isinstance(rank, int) and rank > 0):
            raise ValueError(f"Expected rank > 0 but got {rank}. Pass a positive integer, or None for the square root "
                             "of the number of variables in an element.")
        super().__init__(model, init_loc_fn, init_scale, batch_ndim)
        self.rank = rank

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        loc = self.loc.detach()
        if self.rank is None:
            self.rank = round(loc.shape[-1] ** 0.5)
        scale = self._by_batch(self._init_scale_vector()) * 0.5**0.5
        self.scale = PyroParam(scale, self.scale_constraint)
        self.cov_factor = torch.nn.Parameter(loc.new_empty(*loc.shape, self.rank).normal_(0, self.rank**-0.5))

    def get_posterior(self, *args: Any, **kwargs: Any) -> Any:
        """A batch of multivariate normal distributions, as one event."""
        loc, scale = self.loc, self.scale
        factor = scale.unsqueeze(-1) * self.cov_factor
        return LowRankMultivariateNormal(loc, factor, scale * scale).to_event(self.batch_ndim)

    def _loc_scale(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        return self.loc, self.scale * (1 + self.cov_factor.square().sum(-1)).sqrt()
