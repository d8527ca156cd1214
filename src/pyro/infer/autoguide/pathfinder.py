r"""A good point to start from: the best normal approximation along the way to the posterior's mode.

L-BFGS climbs the log-density of the vector :math:`u` of all unconstrained values. At each point with gradient :math:`g
= \nabla \log p(x, u)`, the climb so far gives an estimate :math:`\Sigma` of the inverse of the Hessian of :math:`-\log
p`, see :mod:`pyro.ops.quasi_newton`, and so the normal approximation :math:`N(u + \Sigma g, \Sigma)`. The one with the
largest ELBO is in the bulk of the posterior, while the mode itself may be far from it, as in hierarchical models, where
it can be at infinity. A climb ends when the ELBO has not improved for some steps. The vectors are in double precision,
and the model is run in its own.

Most guides begin without correlations. So the best approximation is fitted, as a normal distribution of independent
elements, to the ELBO over fixed noise: pairs of opposite draws, orthogonal to each other, which give the ELBO of a
quadratic log-density exactly if there are as many pairs as elements; with fewer, the fit makes much of what they miss.
What the climb knows of the correlations is kept beside, for guides that have them.

References:
    L. Zhang, B. Carpenter, A. Gelman and A. Vehtari (2022), *Pathfinder: parallel quasi-Newton variational inference*;
    R. Giordano, M. Ingram and T. Broderick (2024), *Black box variational inference with a deterministic objective*,
    for fixed noise.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributions import biject_to
from torch.func import grad_and_value, vmap
from torch.linalg import LinAlgError  # type: ignore[attr-defined]

from pyro.infer.autoguide.dais import conditional_log_density
from pyro.infer.autoguide.initialization import (
    InitFn,
    InitMessenger,
    InitPoint,
    InitStrategy,
    init_to_feasible,
    init_to_uniform,
)
from pyro.infer.autoguide.unconstrained import unconstrain
from pyro.ops.quasi_newton import Curvature, Point, climb
from pyro.ops.validation import validation_enabled
from pyro.poutine.handlers import block, trace
from pyro.poutine.util import site_is_subsample

__all__ = ["Pathfinder", "init_to_pathfinder"]

_PATIENCE = 8  # steps of a climb without a better ELBO
_FIT_STEPS, _FIT_TOLERANCE = 40, 1e-7
_MOST_CORRELATED = 2000  # elements, of which a matrix is made


def init_to_pathfinder(
    site: Any = None,
    *,
    num_paths: int = 4,
    num_steps: int = 100,
    num_draws: int = 5,
    num_pairs: int = 64,
    init_loc_fn: InitFn = init_to_feasible,
) -> "Pathfinder":
    """A warm start: location and scales of the best normal approximation on the way to the mode.

    Guides that have a standard deviation for each element start with those of the approximation, given all the other
    elements, in the place of ``init_scale``. :class:`AutoMultivariateNormal`, :class:`AutoLowRankMultivariateNormal`
    and :class:`AutoDAIS` over ``"cholesky"`` start with its correlations too, up to 2000 elements. With plates that
    draw rows, the rows of the first run stand for all, without correlations. Normalizing flows have nothing to start:
    they take no ``init_loc_fn``.

    Args:
        site: none; the strategy needs the whole model, so call it without one and give the result to a guide.
        num_paths: how many climbs; the best approximation of all is taken.
        num_steps: at most how many steps each takes.
        num_draws: how many draws estimate the ELBO of an approximation.
        num_pairs: at most how many pairs of draws the best approximation is fitted with; 0 for no fit. As many as the
            model has latent elements are the best choice, and all that are taken.
        init_loc_fn: where the first climb begins; the others begin at random, as :func:`init_to_uniform` does.

    Returns:
        A strategy, for ``init_loc_fn=`` of guides.

    Raises:
        ValueError: if it is called with a site, or a number is not positive; when it is used, if no point of any climb
            has a finite log-density.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(4.0))
        >>> guide = pyro.infer.autoguide.AutoNormal(model, init_loc_fn=init_to_pathfinder(num_paths=1))
        >>> guide.median()["z"].round(decimals=2), guide.scales.z.detach().round(decimals=2)
        (tensor(2.), tensor(0.7100))
    """
    if site is not None:
        raise ValueError("init_to_pathfinder: expected no site, the warm start needs the whole model. Pass "
                         "init_loc_fn=init_to_pathfinder() to a guide, with the parentheses.")
    return Pathfinder(num_paths, num_steps, num_draws, num_pairs, init_loc_fn)


@dataclass(frozen=True)
class Pathfinder(InitStrategy):
    """What :func:`init_to_pathfinder` returns; see there.

    Attributes:
        num_paths: how many climbs.
        num_steps: at most how many steps each takes.
        num_draws: how many draws estimate an ELBO.
        num_pairs: at most how many pairs of draws fit the best approximation.
        init_loc_fn: where the first climb begins.
    """

    num_paths: int
    num_steps: int
    num_draws: int
    num_pairs: int
    init_loc_fn: InitFn

    def __post_init__(self) -> None:
        for name, least in {"num_paths": 1, "num_steps": 1, "num_draws": 1, "num_pairs": 0}.items():
            if getattr(self, name) < least:
                raise ValueError(f"init_to_pathfinder: expected {name} >= {least}, got {getattr(self, name)}.")

    def fit(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> InitPoint:
        """Climbs.

        Args:
            model: a model whose latent sites are continuous.
            args: its arguments.
            kwargs: its keyword arguments.

        Returns:
            Where a guide should start.
        """
        best: _Approximation | None = None
        # a trial step may go too far, and is taken back
        with block(), validation_enabled(False):
            density = _Density.of(model, args, kwargs, self.init_loc_fn)
            noise = torch.randn(self.num_draws, len(density.start), dtype=torch.float64)
            for path in range(self.num_paths):
                start = density.start if path == 0 else density.start_at(init_to_uniform)
                found = _best_of(_approximations(density, start, self.num_steps, noise))
                if found is not None and (best is None or found.elbo > best.elbo):
                    best = found
            if best is None:
                raise ValueError(f"init_to_pathfinder: the log-density of the sites {list(density.sites)} is NaN or "
                                 "infinite at every point of the climb. Begin elsewhere, by init_loc_fn=.")
            mean, scale = best.mean, best.curvature.conditional_scale()
            if self.num_pairs:
                mean, scale = _fit(density, mean, scale, self.num_pairs)
            return density.point(mean, scale, best.curvature)


@dataclass(frozen=True)
class _Density:
    """The log-density of a model in unconstrained space. What the sites leave open, such as rows, is drawn once."""

    model: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    sites: dict[str, Any]
    rows: dict[str, Tensor]
    start: Tensor
    seed: int

    @classmethod
    def of(cls, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], init: InitFn) -> "_Density":
        nodes = trace(InitMessenger(init)(model)).get_trace(*args, **kwargs).nodes
        latent = {name: site for name, site in nodes.items() if site["type"] == "sample" and not site["is_observed"]}
        rows = {name: site["value"] for name, site in latent.items() if site_is_subsample(site)}
        sites = {name: site for name, site in latent.items() if name not in rows}
        if not sites:
            raise ValueError("init_to_pathfinder: the model has no latent sites to start.")
        start = torch.cat([unconstrain(site).reshape(-1) for site in sites.values()]).double()
        return cls(model, args, kwargs, sites, rows, start, int(torch.randint(2**31, ())))

    def start_at(self, init: InitFn) -> Tensor:
        parts = [unconstrain({**site, "value": init(site)}) for site in self.sites.values()]
        return torch.cat([part.reshape(-1) for part in parts]).double()

    def _split(self, u: Tensor) -> Iterator[tuple[str, Any, Tensor]]:
        """Each site and its unconstrained value."""
        start = 0
        for name, site in self.sites.items():
            like = unconstrain(site)
            yield name, site, u[start : start + like.numel()].to(like).reshape(like.shape)
            start += like.numel()

    def _loss(self, u: Tensor) -> Tensor:
        values, log_det = dict(self.rows), torch.zeros((), dtype=torch.float64)
        for name, site, part in self._split(u):
            transform = biject_to(site["fn"].support)
            values[name] = value = transform(part)
            log_det = log_det + transform.log_abs_det_jacobian(part, value).sum().cpu()
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            log_density = conditional_log_density(self.model, values, self.args, self.kwargs)
        return -(log_density.cpu() + log_det)

    def values(self, many: Tensor) -> Tensor:
        """Minus the log-density at each of several points; infinity where the model cannot be evaluated."""
        try:
            with torch.no_grad():
                values: Tensor = _at_once(self._loss, many)
        except (RuntimeError, ValueError):
            values = torch.tensor([self.at(u).value for u in many], dtype=many.dtype)
        return values.nan_to_num(math.inf, math.inf, -math.inf)

    def slopes(self, many: Tensor) -> tuple[Tensor, Tensor]:
        """Values and gradients at several points."""
        try:
            slopes, values = _at_once(grad_and_value(self._loss), many)
        except (RuntimeError, ValueError):
            points = [self.at(u) for u in many]
            values = torch.tensor([point.value for point in points], dtype=many.dtype)
            slopes = torch.stack([point.slope for point in points])
        return values, slopes

    def at(self, u: Tensor) -> Point:
        """The point, with value and gradient."""
        leaf = u.clone().requires_grad_()
        try:
            with torch.enable_grad():
                loss = self._loss(leaf)
            (slope,) = torch.autograd.grad(loss, leaf)
        except (ValueError, LinAlgError):
            return Point(u, math.inf, torch.full_like(u, math.nan))
        return Point(u, loss.item(), slope)

    def point(self, mean: Tensor, scale: Tensor, curvature: Curvature) -> InitPoint:
        """What is known of the sites. Where rows stand for more of them, each was counted too often."""
        scales = {}
        for name, site, part in self._split(scale):
            weight = math.prod((frame.full_size or frame.size) / frame.size for frame in site["cond_indep_stack"])
            scales[name] = (part * weight**0.5).clamp(min=torch.finfo(part.dtype).eps)
        values = {name: biject_to(site["fn"].support)(part) for name, site, part in self._split(mean)}
        return InitPoint(values, scales, curvature.standardized if len(mean) <= _MOST_CORRELATED else None)


def _at_once(function: Callable[[Tensor], Any], many: Tensor) -> Any:
    """A function of one point at many; raises where it branches on values, or does what cannot be batched."""
    with warnings.catch_warnings(action="ignore"):  # some operators are batched in a loop, which is no harm
        return vmap(function, randomness="same")(many)


class _Approximation(NamedTuple):
    """A normal approximation: its mean and covariance, the estimate of its ELBO and that one's standard error."""

    mean: Tensor
    curvature: Curvature
    elbo: float
    error: float


def _elbo(density: _Density, mean: Tensor, curvature: Curvature, noise: Tensor) -> tuple[float, float]:
    """An estimate of the ELBO of a normal distribution, and its standard error."""
    draws, log_det = curvature.spread(noise)
    log_densities = -density.values(mean + draws)
    log_weights = log_densities + 0.5 * (noise.square().sum(-1) + log_det + noise.shape[-1] * math.log(2 * math.pi))
    error = log_weights.std(correction=0) / len(noise) ** 0.5
    return log_weights.mean().item(), error.item()


def _approximations(density: _Density, start: Tensor, num_steps: int, noise: Tensor) -> Iterator[_Approximation]:
    """The approximations along a climb that have an ELBO; the first is the start itself, with unit variances."""
    best, since = -math.inf, 0
    first = Curvature(torch.ones_like(start))
    points = climb(density.at, start, first.diagonal, num_steps, 1e-9)
    along = ((point.u - curvature.times(point.slope), curvature) for point, curvature in points)
    for mean, curvature in chain([(start, first)], along):
        elbo, error = _elbo(density, mean, curvature, noise)
        if math.isfinite(elbo):
            yield _Approximation(mean, curvature, elbo, error)
        best, since = (elbo, 0) if elbo > best else (best, since + 1)
        if since == _PATIENCE:
            return


def _best_of(approximations: Iterable[_Approximation]) -> _Approximation | None:
    """The last one that is not worse than the best one by more than the latter's standard error."""
    found = list(approximations)
    if not found:
        return None
    best = max(found, key=lambda each: each.elbo)
    return next(each for each in reversed(found) if each.elbo >= best.elbo - best.error)


def _fit(density: _Density, mean: Tensor, scale: Tensor, num_pairs: int) -> tuple[Tensor, Tensor]:
    """Means and standard deviations of independent normal variables with a larger ELBO, begun with given ones."""
    size = len(mean)
    directions, _ = torch.linalg.qr(torch.randn(size, min(size, num_pairs), dtype=mean.dtype))
    directions = directions.T * size**0.5
    noise = torch.cat([directions, -directions])

    def at(both: Tensor) -> Point:
        where, log_scale = both.chunk(2)
        values, slopes = density.slopes(where + log_scale.exp() * noise)
        by_scale = (slopes * noise).mean(0) * log_scale.exp() - 1.0
        return Point(both, (values.mean() - log_scale.sum()).item(), torch.cat([slopes.mean(0), by_scale]))

    # the curvature by the mean is about 1 / scale ** 2, that by the logarithm of the scale 2
    diagonal = torch.cat([scale.square(), torch.full_like(scale, 0.5)])
    both = torch.cat([mean, scale.log()])
    for point, _ in climb(at, both, diagonal, _FIT_STEPS, _FIT_TOLERANCE):
        both = point.u
    mean, log_scale = both.chunk(2)
    return mean, log_scale.exp()
