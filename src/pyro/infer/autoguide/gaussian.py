r"""A normal distribution over unconstrained space that is as sparse as the model allows.

Two latent variables are conditionally independent, given all others, unless they meet in a factor of the joint density:
a site's density given its parents. The guide has one learned square for each such factor, in each row of its plates,

.. math::
    \log q(u) = -\tfrac12 \sum_f \left\| A_f^\top x_f - w_f \right\|^2 + \text{const},
    \qquad x = (u - \ell) / s

so that every normal distribution with the posterior's conditional independences can be reached, and parameters and
computations grow with the number of rows rather than with its square and cube (:mod:`pyro.ops.plated_gaussian`).

References:
    F. Obermeyer et al. (2019), *Tensor variable elimination for plated factor graphs*;
    L. Tan and D. Nott (2018), *Gaussian variational approximation with sparse precision matrices*
"""

from typing import Any

import torch
from torch import Tensor
from torch.distributions.transforms import AffineTransform

from pyro.distributions import constraints
from pyro.distributions.normal import Normal
from pyro.distributions.transformed_distribution import TransformedDistribution
from pyro.distributions.transforms.flow import Flow
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.initialization import InitFn, InitMessenger, init_to_feasible
from pyro.infer.autoguide.options import check_init_scale
from pyro.infer.autoguide.unconstrained import unconstrain
from pyro.infer.autoguide.utils import deep_getattr, deep_setattr
from pyro.infer.track_provenance import is_sample_site, trace_with_parents
from pyro.nn.module import PyroModule, PyroParam
from pyro.ops.plated_gaussian import PlatedGaussian, Solved
from pyro.ops.plated_structure import Factor, Variable
from pyro.poutine.handlers import block

__all__ = ["AutoGaussian"]

# whether all rows are parts of one vector, by the backend's name
_IS_DENSE = {"dense": True, "sparse": False, "funsor": False}


class _Correlate(Flow):
    """Takes independent standard normal numbers to a draw of a normal distribution."""

    domain = codomain = constraints.real_vector

    def __init__(self, solved: Solved) -> None:
        super().__init__()
        self.solved = solved

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.solved.unwhiten(x), -self.solved.log_det().expand(x.shape[:-1])

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        return self.solved.whiten(y), self.solved.log_det().expand(y.shape[:-1])


class AutoGaussian(AutoContinuous):
    """A normal approximation with the conditional independences of the posterior.

    It reaches what :class:`~pyro.infer.autoguide.AutoMultivariateNormal` reaches in this class of posteriors, with
    fewer parameters: their number grows with the data, not with its square. The parameters are ``locs`` and ``scales``
    by latent site, and ``white_vecs`` and ``prec_sqrts`` by site, observed ones included.

    Args:
        model: the model. Which sites depend on which is found out in its first run.
        init_loc_fn: where the mean starts, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: the standard deviations to start with; the correlations are small at first.
        backend: how to compute. ``"sparse"``, the default, eliminates plate by plate; ``"dense"`` takes the Cholesky
            factor of the precision matrix of all elements. The distribution is the same. ``"funsor"`` is another name
            of ``"sparse"``.

    Raises:
        KeyError: for another backend.
        ValueError: if ``init_scale`` is not positive.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     mu = pyro.sample("mu", dist.Normal(0.0, 1.0))
        ...     with pyro.plate("rows", 3):
        ...         x = pyro.sample("x", dist.Normal(mu, 1.0))
        ...         pyro.sample("y", dist.Normal(x, 1.0), obs=torch.ones(3))
        >>> guide = AutoGaussian(model)
        >>> {name: tuple(value.shape) for name, value in guide.named_pyro_params() if "prec" in name}
        {'prec_sqrts.mu': (1, 1), 'prec_sqrts.x': (3, 2, 1), 'prec_sqrts.y': (3, 1, 1)}
    """

    scale_constraint = constraints.softplus_positive

    def __init__(
        self,
        model: Any,
        *,
        init_loc_fn: InitFn = init_to_feasible,
        init_scale: float = 0.1,
        backend: str | None = None,
    ) -> None:
        backend = "sparse" if backend is None else backend
        if backend not in _IS_DENSE:
            raise KeyError(f"{type(self).__name__}: expected a backend among {sorted(_IS_DENSE)}, got {backend!r}.")
        super().__init__(model, init_loc_fn)
        self.backend = backend
        self._init_scale = check_init_scale(init_scale)

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        self.locs = PyroModule()
        self.scales = PyroModule()
        self.white_vecs = PyroModule()
        self.prec_sqrts = PyroModule()
        for name, site in self._sites():
            loc = self._with_all_rows(site, unconstrain(site), self._event_dims[name])
            deep_setattr(self.locs, name, PyroParam(loc, constraints.real))
            deep_setattr(self.scales, name, PyroParam(self._start_scale(name, loc), self.scale_constraint))
        self._order, variables = self._make_variables()
        self._back = self._order.argsort()
        factors, plate_dims = self._make_factors(*args, **kwargs)
        sizes = {name: size for dims in plate_dims.values() for _, (name, size) in dims.items()}
        self._structure = PlatedGaussian(variables, factors, sizes, dense=_IS_DENSE[self.backend])
        like = self._flat(self.locs).detach()
        for name, factor in factors.items():
            self._make_factor_params(name, factor, plate_dims[name], like)

    def _make_variables(self) -> tuple[Tensor, dict[str, Variable]]:
        """The variables, and the positions of their elements in the guide's vector.

        A variable's plates are the leftmost dims of its tensor; a site may have other batch dims between its plates.
        """
        variables, order, start = {}, [], 0
        for name, site in self._sites():
            shape, event_dim = self._unconstrained_shapes[name], self._event_dims[name]
            plates = _vectorized(site)
            dims = [len(shape) - event_dim + dim for dim in plates]
            variables[name] = Variable(tuple(plate for plate, _ in plates.values()),
                                       shape.numel() // torch.Size([size for _, size in plates.values()]).numel())
            rest = [dim for dim in range(len(shape)) if dim not in dims]
            own = torch.arange(shape.numel()).reshape(shape) + start
            order.append(own.permute([*dims, *rest]).reshape(-1))
            start += shape.numel()
        return torch.cat(order), variables

    def _make_factors(
        self, *args: Any, **kwargs: Any
    ) -> tuple[dict[str, Factor], dict[str, dict[int, tuple[str, int]]]]:
        """A factor for each site that counts, and its plates."""
        latent = dict(self._sites())
        assert self.init_loc_fn is not None
        with block():
            trace, parents = trace_with_parents(InitMessenger(self.init_loc_fn)(self.model), args, kwargs)
        factors, plates = {}, {}
        for name, site in trace.nodes.items():
            is_latent = name in latent
            if not (is_latent or is_sample_site(site)) or (site["is_observed"] and site["mask"] is False):
                continue
            touched = (*([name] if is_latent else ()), *(other for other in latent if other in parents[name]))
            if not touched:
                continue
            plates[name] = _vectorized(site)
            factors[name] = Factor(tuple(plate for plate, _ in plates[name].values()), touched, 1)
        return {name: self._with_rank(name, factor, trace.nodes[name], plates)
                for name, factor in factors.items()}, plates

    def _with_rank(
        self, name: str, factor: Factor, site: Any, plates: dict[str, dict[int, tuple[str, int]]]
    ) -> Factor:
        """Gives a factor as many columns as its site has numbers, but no more than it touches."""
        touched = 0
        for other in factor.variables:
            beyond = [size for plate, size in plates[other].values() if plate not in factor.plates]
            touched += self._elements(other) * torch.Size(beyond).numel()
        if name in self._event_dims:
            rank = self._elements(name)
        else:
            rows = torch.Size([frame.size for frame in site["cond_indep_stack"] if frame.vectorized]).numel()
            rank = min(touched, max(1, site["value"].numel() // rows))
        return Factor(factor.plates, factor.variables, rank)

    def _elements(self, name: str) -> int:
        """How many numbers a latent site has in each row of its plates."""
        assert self.prototype_trace is not None
        rows = torch.Size([size for _, size in _vectorized(self.prototype_trace.nodes[name]).values()])
        return self._unconstrained_shapes[name].numel() // rows.numel()

    def _make_factor_params(
        self, name: str, factor: Factor, plates: dict[int, tuple[str, int]], like: Tensor
    ) -> None:
        batch = [plates[dim][1] if dim in plates else 1 for dim in range(min(plates, default=0), 0)]
        shape = self._structure.factor_shape(name)[-2:]
        # a square that is zero has no gradient: what is not known to begin with begins with a little of everything
        sqrt = (torch.rand(*batch, *shape).to(like) - 0.5) * self._init_scale
        if name in self._event_dims:
            sqrt[..., : factor.rank, :].diagonal(dim1=-2, dim2=-1).fill_(1.0)
        deep_setattr(self.white_vecs, name, PyroParam(like.new_zeros(*batch, factor.rank), constraints.real))
        deep_setattr(self.prec_sqrts, name, PyroParam(sqrt, constraints.real))

    def _flat(self, params: PyroModule) -> Tensor:
        """The parameters of all sites, in the order of the structure."""
        vector = torch.cat([deep_getattr(params, name).reshape(-1) for name, _ in self._sites()])
        return vector[self._order.to(vector.device)]

    def _solve(self) -> Solved:
        factors = self._structure.factors
        sqrts = {name: deep_getattr(self.prec_sqrts, name) for name in factors}
        whites = {name: deep_getattr(self.white_vecs, name) for name in factors}
        return self._structure.solve(sqrts, whites)

    def get_base_dist(self) -> Any:
        """Independent standard normal numbers."""
        zeros = self._flat(self.locs).new_zeros(self.latent_dim)
        return Normal(zeros, torch.ones_like(zeros)).to_event(1)

    def get_transform(self, *args: Any, **kwargs: Any) -> Any:
        """Correlates, scales and shifts.

        Args:
            *args: ignored.
            **kwargs: ignored.
        """
        affine = AffineTransform(self._flat(self.locs), self._flat(self.scales), event_dim=1, cache_size=1)
        return [_Correlate(self._solve()), affine]

    def get_posterior(self, *args: Any, **kwargs: Any) -> Any:
        """The approximate posterior in unconstrained space.

        Args:
            *args: ignored.
            **kwargs: ignored.
        """
        return TransformedDistribution(self.get_base_dist(), self.get_transform())

    def _split(self, latent: Tensor) -> Any:
        return super()._split(latent[..., self._back.to(latent.device)])

    def _loc_scale(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        solved = self._solve()
        loc, scale = self._flat(self.locs), self._flat(self.scales)
        mean = solved.unwhiten(torch.zeros_like(loc))
        slope = solved.unwhiten(torch.eye(self.latent_dim).to(loc)) - mean
        return loc + scale * mean, scale * torch.linalg.vector_norm(slope, dim=0)


def _vectorized(site: Any) -> dict[int, tuple[str, int]]:
    """The plates of a site that are tensor dims: name and full size by dim, from left to right."""
    frames = sorted((frame for frame in site["cond_indep_stack"] if frame.vectorized), key=lambda frame: frame.dim)
    return {frame.dim: (frame.name, frame.size if frame.full_size is None else frame.full_size) for frame in frames}
