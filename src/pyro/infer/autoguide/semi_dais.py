r"""A guide for models with latent variables of the whole and of each datum: annealed steps, row by row.

With global variables :math:`\theta` and, for each row i of a plate, local ones :math:`z_i` and data :math:`x_i`, the
posterior falls apart given :math:`\theta`: :math:`p(\theta, z \mid x) = p(\theta \mid x) \prod_i p(z_i \mid x_i,
\theta)`. A parametric guide describes the first factor. Each of the others is approached by K steps of
:func:`~pyro.infer.autoguide.dais.anneal` along the gradient of :math:`\log p(z_i, x_i \mid \theta)`, from a normal
distribution of its own. Steps of one row know nothing of the others, so that a run may look at some rows only.

Reference: M. Jankowiak and D. Phan (2022), *Surrogate likelihoods for variational annealed importance sampling*
"""

from functools import partial
from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions import biject_to

from pyro.distributions import constraints
from pyro.distributions.delta import Delta
from pyro.distributions.normal import Normal
from pyro.distributions.util import sum_rightmost
from pyro.infer.autoguide.dais import AnnealedGuide, LogDensity, anneal, conditional_log_density
from pyro.infer.autoguide.guide import Values
from pyro.infer.autoguide.initialization import InitFn, init_to_feasible
from pyro.infer.autoguide.options import check_init_scale
from pyro.infer.autoguide.unconstrained import sample_constrained, unconstrain, unconstrained_event_dim
from pyro.nn.module import PyroParam
from pyro.poutine.frame import CondIndepStackFrame
from pyro.poutine.handlers import block, condition, scale, trace
from pyro.poutine.mask_messenger import MaskMessenger
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.util import site_is_subsample
from pyro.primitives import sample

__all__ = ["AutoSemiDAIS"]


class AutoSemiDAIS(AnnealedGuide):
    """A guide of the global variables, and annealed importance sampling for the local ones.

    Unlike :class:`AutoDAIS` it goes with plates that draw rows. NumPyro's guide of this name.

    Args:
        model: the model. It must do what ``local_model(global_model(*args))`` does.
        local_model: the part of the model inside the plate. It takes what the global part returns; without a global
            part, the model's arguments.
        global_guide: an automatic guide of the global part, or any guide that returns values by site name and has the
            global part as its attribute ``model``; ``None`` if there are no global variables.
        local_guide: samples what the steps of the local sites start from, by sites of the same names whose values carry
            gradients; takes the arguments of ``local_model``. By default independent normal distributions in
            unconstrained space, with parameters for each row.
        K: the number of steps.
        eta_init: the step size to start with.
        eta_max: the largest step size.
        gamma_init: how much of the momentum each step keeps, to start with.
        init_scale: the standard deviations to start with.
        subsample_plate: the plate of the rows; needed only where the local sites have several plates in common.
        use_global_dais_params: whether all rows share step sizes, temperatures and masses.
        init_loc_fn: where the means start, see :mod:`pyro.infer.autoguide.initialization`.

    Raises:
        ValueError: if an argument is out of range; at the first call, if the rows' plate is not clear.
        NotImplementedError: at the first call, if local sites stand in another plate that draws rows.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> from pyro.infer.autoguide import AutoNormal
        >>> def global_model():
        ...     return pyro.sample("theta", dist.Normal(0.0, 1.0))
        >>> def local_model(theta):
        ...     with pyro.plate("data", 8, subsample_size=2):
        ...         tau = pyro.sample("tau", dist.Gamma(5.0, 5.0))
        ...         pyro.sample("x", dist.Normal(theta, tau), obs=torch.ones(2))
        >>> guide = AutoSemiDAIS(lambda: local_model(global_model()), local_model, AutoNormal(global_model))
        >>> {name: tuple(value.shape) for name, value in guide().items()}
        {'theta': (), 'tau': (2,)}
    """

    def __init__(
        self,
        model: Any,
        local_model: Any,
        global_guide: Any = None,
        local_guide: Any = None,
        *,
        K: int = 4,
        eta_init: float = 0.01,
        eta_max: float = 0.1,
        gamma_init: float = 0.9,
        init_scale: float = 0.1,
        subsample_plate: str | None = None,
        use_global_dais_params: bool = False,
        init_loc_fn: InitFn = init_to_feasible,
    ) -> None:
        if global_guide is not None and not hasattr(global_guide, "model"):
            raise ValueError(f"{type(self).__name__}: expected a global_guide with the global part of the model as its "
                             f"attribute 'model', got {global_guide!r}. Use an automatic guide, or set the attribute.")
        super().__init__(model)
        self._set_steps(K, eta_init, eta_max, gamma_init)
        self.global_guide = global_guide
        self.local_guide = local_guide
        self.subsample_plate = subsample_plate
        self.use_global_dais_params = use_global_dais_params
        self.init_loc_fn = init_loc_fn
        self._init_scale = check_init_scale(init_scale)
        # in a tuple, so that its parameters are not counted as the guide's modules
        self._local_model = (local_model,)

    # ---- the prototype

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        with block():
            self._create_plates(*args, **kwargs)
            global_names = set() if self.global_guide is None else set(self.global_guide(*args, **kwargs))
        self._locals = {name: site for name, site in self._sites() if name not in global_names}
        if not self._locals:
            raise RuntimeError(f"{type(self).__name__} found no local latent variables. Use the global guide alone.")
        self._frame = self._rows_frame()
        locs: list[Tensor] = []
        scales: list[Tensor] = []
        self._event_dims: dict[str, int] = {}
        self._row_shapes: dict[str, Size] = {}
        for name, site in self._locals.items():
            value = unconstrain(site)
            event_dim = self._event_dims[name] = unconstrained_event_dim(site, value)
            loc = self._with_all_rows(site, value, event_dim)
            for parts, part in ((locs, loc), (scales, self._start_scale(name, loc))):
                first = part.movedim(self._dim - event_dim, 0)
                parts.append(first.reshape(first.shape[0], *(1,) * (-self._dim - 1), -1))
            self._row_shapes[name] = first.shape[1:]
        self._make_params(torch.cat(locs, -1), torch.cat(scales, -1))

    def _rows_frame(self) -> CondIndepStackFrame:
        """The plate of the rows."""
        stacks = [{frame for frame in site["cond_indep_stack"] if frame.vectorized} for site in self._locals.values()]
        shared = sorted(set.intersection(*stacks), key=lambda frame: frame.name)
        drawn = [frame for frame in shared if frame.full_size != frame.size]
        name = self.subsample_plate
        chosen = [frame for frame in shared if frame.name == name] if name is not None else drawn or shared
        if len(chosen) != 1:
            raise ValueError(f"{type(self).__name__}: expected one plate with all local sites {list(self._locals)} "
                             f"inside" + (f", named '{name}'" if name else "") +
                             f", got {[frame.name for frame in shared]}. Put the sites into one plate, or name it by "
                             "subsample_plate=.")
        for frame in set.union(*stacks) - set(chosen):
            if frame.full_size is not None and frame.full_size != frame.size:
                raise NotImplementedError(f"Plate '{frame.name}': {type(self).__name__} can draw rows of one plate, "
                                          f"and that is '{chosen[0].name}'. Use all rows of the others.")
        return chosen[0]  # type: ignore[no-any-return]

    @property
    def _dim(self) -> int:
        dim = self._frame.dim
        assert dim is not None
        return dim

    def _make_params(self, loc: Tensor, scale: Tensor) -> None:
        """Makes the parameters, given what the normal distributions start with, (rows, 1, ..., 1, variables)."""
        self._make_steps(loc, *(() if self.use_global_dais_params else loc.shape[:-1]))
        if self.local_guide is None:
            self.z_0_loc = PyroParam(loc, constraints.real, 1)
            self.z_0_scale = PyroParam(scale, constraints.positive, 1)

    # ---- between vectors, a row each, and sites

    def _plates_left(self, name: str) -> int:
        """How many dims of a site's batch shape are to the left of the rows."""
        return len(self._row_shapes[name]) - self._event_dims[name] + self._dim + 1

    def _pack(self, values: Values) -> Tensor:
        """The vectors of the rows, shape outer_shape + (rows, 1, ..., 1, variables)."""
        parts = []
        for name, site in self._locals.items():
            unconstrained = biject_to(site["fn"].support).inv(values[name])
            shape = self._row_shapes[name]
            row_first = unconstrained.movedim(self._dim - self._event_dims[name], -1 - len(shape))
            outer = row_first.shape[: -1 - len(shape)]
            padding = (1,) * self._plates_left(name) if outer else ()
            inner = (1,) * (-self._dim - 1)
            parts.append(row_first.reshape(*outer, *padding, row_first.shape[len(outer)], *inner, shape.numel()))
        return torch.cat(parts, -1)

    def _unpack(self, z: Tensor) -> Values:
        """The unconstrained values of the sites, from the vectors of the rows."""
        outer, rows = z.shape[: self._dim - 1], z.shape[self._dim - 1]
        sizes = [shape.numel() for shape in self._row_shapes.values()]
        values = {}
        for (name, shape), part in zip(self._row_shapes.items(), z.split(sizes, -1), strict=True):
            # plates of the site to the left of the rows have free places, of size 1, among those around the guide
            batch = outer[: max(0, len(outer) - self._plates_left(name))]
            row_first = part.reshape(*batch, rows, *shape)
            values[name] = row_first.movedim(len(batch), self._dim - self._event_dims[name])
        return values

    # ---- densities

    def _local_arguments(
        self, global_values: Values, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What the local part of the model is called with."""
        if self.global_guide is None:
            return args, kwargs
        with block(hide_fn=_is_no_param):
            return (condition(self.global_guide.model, data=global_values)(*args, **kwargs),), {}

    def _log_density(
        self, program: Any, index: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any], z: Tensor
    ) -> Tensor:
        """The log-density of a program of the local sites in unconstrained space, each row counted once."""
        values, log_det = {}, z.new_zeros(())
        for name, unconstrained in self._unpack(z).items():
            transform = biject_to(self._locals[name]["fn"].support)
            values[name] = value = transform(unconstrained)
            log_det = log_det + transform.log_abs_det_jacobian(unconstrained, value).sum()
        values[self._frame.name] = index
        # the plate's scale says how many rows a row stands for
        once = scale(program, scale=index.shape[0] / self._full_size)
        return conditional_log_density(once, values, args, kwargs) + log_det

    @property
    def _full_size(self) -> int:
        return self._frame.size if self._frame.full_size is None else self._frame.full_size

    def _draw_start(
        self, prefix: str, index: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Tensor, Tensor]:
        """A draw of the local guide, and the logarithm of its volume in constrained space, row by row."""
        program = condition(self.local_guide, data={self._frame.name: index})
        with block(hide_fn=site_is_subsample), _Renaming(prefix):
            nodes = trace(program).get_trace(*args, **kwargs).nodes
        sites = {name.removeprefix(prefix): site for name, site in nodes.items()
                 if site["type"] == "sample" and not site_is_subsample(site)}
        if sites.keys() != self._locals.keys() or any(not site["fn"].has_rsample for site in sites.values()):
            raise ValueError(f"{type(self).__name__}: expected a local_guide with the sites {sorted(self._locals)}, "
                             f"all of distributions with has_rsample=True, got {sorted(sites)}. Sample the "
                             "model's sites themselves.")
        values = {name: site["value"] for name, site in sites.items()}
        z = self._pack(values)
        log_volume = z.new_zeros(())
        for name, unconstrained in self._unpack(z).items():
            site = self._locals[name]
            log_det = biject_to(site["fn"].support).log_abs_det_jacobian(unconstrained, values[name])
            log_det = sum_rightmost(log_det, log_det.dim() - values[name].dim() + site["fn"].event_dim)
            others = [dim for dim in range(self._dim - self._plates_left(name), 0) if dim != self._dim]
            log_volume = log_volume + (log_det.sum(others, keepdim=True) if others else log_det)
        return z, log_volume

    # ---- the guide

    def forward(self, *args: Any, **kwargs: Any) -> Values:
        """Draws the sites' values.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name.
        """
        self._set_up(*args, **kwargs)
        rows = self._create_plates(*args, **kwargs)[self._frame.name]
        values: Values = {} if self.global_guide is None else dict(self.global_guide(*args, **kwargs))
        inputs = self._local_arguments(values, args, kwargs)
        index = torch.as_tensor(rows._indices)
        prefix, auxiliary = f"_{self._pyro_name}", {"is_auxiliary": True}
        log_volume: Tensor | float = 0.0
        log_start: LogDensity = partial(self._log_density, self.local_guide, index, *inputs)
        if self.local_guide is not None:
            z, log_volume = self._draw_start(f"{prefix}_z_0_", index, *inputs)
        with rows:
            if self.local_guide is None:
                start = Normal(self.z_0_loc, self.z_0_scale).to_event(1)
                z = sample(f"{prefix}_z_0", start, infer=auxiliary)
                log_start = partial(_sum_of_log_prob, start)
            zeros = torch.zeros_like(z).unsqueeze(-2).expand(*z.shape[:-1], self.K, -1)
            with MaskMessenger(False):
                noise = sample(f"{prefix}_momentum", Normal(zeros, 1.0).to_event(2), infer=auxiliary)
            schedule = self._schedule()
        log_target: LogDensity = partial(self._log_density, self._local_model[0], index, *inputs)
        z, ratio = anneal(log_start, log_target, z, noise, schedule)
        with rows:
            end = Delta(z, log_density=log_volume - ratio, event_dim=1)
            z = sample(f"{prefix}_latent", end, infer=auxiliary)
        for name, unconstrained in self._unpack(z).items():
            with self._inside_plates(self._locals[name]):
                values[name] = sample_constrained(self._locals[name], unconstrained)
        return values


class _Renaming(Messenger):
    """Makes the sites of a program auxiliary ones, with names of their own."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def _pyro_sample(self, msg: Message) -> None:
        if not site_is_subsample(msg):
            msg["name"] = f"{self.prefix}{msg['name']}"
            msg["infer"] = {**msg["infer"], "is_auxiliary": True}


def _sum_of_log_prob(start: Any, z: Tensor) -> Tensor:
    return start.log_prob(z).sum()  # type: ignore[no-any-return]


def _is_no_param(msg: Any) -> bool:
    return msg["type"] != "param"  # type: ignore[no-any-return]
