r"""Guides that move draws of a simple distribution towards the posterior by a few differentiable Monte Carlo steps.

Differentiable annealed importance sampling, without accept-reject steps: from :math:`z_0 \sim q_0` and a momentum
:math:`v_0 \sim N(0, M)` each of K steps moves along the gradient of :math:`\log \pi_k = \beta_k \log p + (1 - \beta_k)
\log q_0`,

.. math::
    z' = z + \tfrac{\eta_k}{2} M^{-1} v, \qquad \hat v = v + \eta_k \nabla \log \pi_k(z'), \qquad
    z \leftarrow z' + \tfrac{\eta_k}{2} M^{-1} \hat v, \qquad
    v \leftarrow \gamma \hat v + \sqrt{1 - \gamma^2} \, M^{1/2} \epsilon

The moves keep volumes whatever the force is, so that

.. math::
    \log p(z_K) - \log q_0(z_0) + \sum_k \left( \log N(\hat v_k; 0, M) - \log N(v_{k-1}; 0, M) \right)

is an unbiased estimate of a lower bound of the evidence, and the parameters are fitted to it like those of any guide.

References:
    T. Geffner and J. Domke (2021), *MCMC variational inference via uncorrected Hamiltonian annealing*;
    G. Zhang et al. (2021), *Differentiable annealed importance sampling and the perils of
    gradient noise*;
    M. Jankowiak and D. Phan (2022), *Surrogate likelihoods for variational annealed importance sampling*
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import biject_to

from pyro.distributions import constraints
from pyro.distributions.delta import Delta
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.distributions.normal import Normal
from pyro.infer.autoguide.continuous import AutoContinuous
from pyro.infer.autoguide.guide import AutoGuide
from pyro.infer.autoguide.initialization import InitFn, init_to_uniform
from pyro.infer.autoguide.options import check_init_scale
from pyro.nn.module import PyroParam
from pyro.poutine.handlers import block, condition, trace
from pyro.poutine.mask_messenger import MaskMessenger
from pyro.primitives import sample

__all__ = ["AnnealedGuide", "AutoDAIS", "AutoSurrogateLikelihoodDAIS", "Schedule", "anneal",
           "conditional_log_density"]

LogDensity = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Schedule:
    """The parameters of the steps.

    Attributes:
        betas: inverse temperatures of the steps, increasing to one.
        etas: step sizes.
        gamma: how much of the momentum each step keeps, between 0 and 1.
        mass: the momentum's variances, the diagonal of M.
    """

    betas: Tensor
    etas: Tensor
    gamma: Tensor
    mass: Tensor

    @classmethod
    def of(
        cls, increments: Tensor, eta0: Tensor, eta_coeff: Tensor, eta_max: float, gamma: Tensor, mass: Tensor
    ) -> "Schedule":
        """A schedule of K steps whose sizes change linearly with the inverse temperature.

        Args:
            increments: what the inverse temperatures grow by, up to a factor; the steps are the last dim.
            eta0: the size of a step at temperature infinity.
            eta_coeff: how much larger it is in the end.
            eta_max: the largest size.
            gamma: how much of the momentum each step keeps.
            mass: the momentum's variances.
        """
        betas = increments.cumsum(-1) / increments.sum(-1, keepdim=True)
        etas = (eta0[..., None] + eta_coeff[..., None] * betas).clamp(0.0, eta_max)
        return cls(betas, etas, gamma, mass)


def anneal(
    log_start: LogDensity, log_target: LogDensity, z: Tensor, noise: Tensor, schedule: Schedule
) -> tuple[Tensor, Tensor]:
    """Moves points from one density towards another.

    Args:
        log_start: the log-density that they were drawn from, up to a constant, summed over all points.
        log_target: the other.
        z: the points, shape batch_shape + (n,).
        noise: standard normal numbers for the momenta, shape batch_shape + (K, n).
        schedule: the steps.

    Returns:
        The points in the end, and the logarithms of the momenta's density ratios, shape batch_shape.
    """
    root = schedule.mass.sqrt()
    v = root * noise[..., 0, :]
    ratio: Any = 0.0
    refresh = (1.0 - schedule.gamma.square()).sqrt()[..., None]
    for k in range(noise.size(-2)):
        eta, beta = schedule.etas[..., k, None], schedule.betas[..., k, None]
        z = z + 0.5 * eta * v / schedule.mass
        force = beta * _gradient(log_target, z) + (1.0 - beta) * _gradient(log_start, z)
        pushed = v + eta * force
        z = z + 0.5 * eta * pushed / schedule.mass
        ratio = ratio + 0.5 * ((v.square() - pushed.square()) / schedule.mass).sum(-1)
        if k + 1 < noise.size(-2):
            v = schedule.gamma[..., None] * pushed + refresh * root * noise[..., k + 1, :]
    return z, ratio


def _gradient(log_density: LogDensity, z: Tensor) -> Tensor:
    """The gradient at each point; differentiable where gradients are recorded."""
    is_recorded = torch.is_grad_enabled()
    with torch.enable_grad():
        at = z if z.requires_grad and is_recorded else z.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(log_density(at), at, create_graph=is_recorded)
    return gradient


class AnnealedGuide(AutoGuide):
    """What guides that anneal have in common: the steps' settings and parameters, and those of where they start."""

    eta0: Any
    eta_coeff: Any
    gamma: Any
    beta_increments: Any
    mass_matrix: Any
    z_0_loc: Any
    z_0_scale: Any

    def _set_steps(self, K: int, eta_init: float, eta_max: float, gamma_init: float) -> None:
        """Checks and keeps what the steps begin with; raises a :class:`ValueError` if something is out of range."""
        name = type(self).__name__
        if K < 1:
            raise ValueError(f"{name}: K must satisfy K >= 1 (got K = {K}): it is the number of steps.")
        if not 0.0 < eta_init < eta_max:
            raise ValueError(f"{name}: expected 0 < eta_init < eta_max, got eta_init = {eta_init}, "
                             f"eta_max = {eta_max}.")
        if not 0.0 < gamma_init < 1.0:
            raise ValueError(f"{name}: gamma_init must be in the open interval (0, 1), got {gamma_init}.")
        self.K = K
        self._inits = eta_init, eta_max, gamma_init

    def _make_steps(self, loc: Tensor, *batch: int) -> None:
        """Makes the steps' parameters: a set for each element of a batch, for vectors like the last dim of ``loc``."""
        eta_init, eta_max, gamma_init = self._inits
        self.eta0 = PyroParam(loc.new_full(batch, eta_init), constraints.interval(0.0, eta_max), 0)
        self.eta_coeff = PyroParam(loc.new_zeros(batch), constraints.real, 0)
        self.gamma = PyroParam(loc.new_full(batch, gamma_init), constraints.interval(0.0, 1.0), 0)
        self.beta_increments = PyroParam(loc.new_ones(*batch, self.K), constraints.positive, 1)
        self.mass_matrix = PyroParam(loc.new_ones(*batch, loc.shape[-1]), constraints.positive, 1)

    def _schedule(self) -> Schedule:
        """The steps as they are now."""
        return Schedule.of(self.beta_increments, self.eta0, self.eta_coeff, self._inits[1], self.gamma,
                           self.mass_matrix)


class AutoDAIS(AnnealedGuide, AutoContinuous):
    """Differentiable annealed importance sampling from a normal distribution over all latent variables.

    More flexible than a normal distribution by itself and without a shape of its own; each draw costs K gradients of
    the model's log-density. NumPyro's guide of this name.

    Args:
        model: the model.
        K: the number of steps.
        base_dist: where they start from, ``"diagonal"`` for a normal distribution with a diagonal covariance or
            ``"cholesky"`` for one with a full covariance.
        eta_init: the step size to start with.
        eta_max: the largest step size.
        gamma_init: how much of the momentum each step keeps, to start with.
        init_loc_fn: where the mean starts, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: the standard deviations to start with.

    Raises:
        ValueError: if an argument is out of range.
        NotImplementedError: if a latent variable is in a plate that draws rows.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     x = pyro.sample("x", dist.Normal(0.0, 1.0))
        ...     pyro.sample("y", dist.Normal(x.exp(), 1.0), obs=torch.tensor(2.0))
        >>> guide = AutoDAIS(model, K=2)
        >>> guide()["x"].shape
        torch.Size([])
    """

    z_0_scale_tril: Any

    def __init__(
        self,
        model: Any,
        *,
        K: int = 4,
        base_dist: str = "diagonal",
        eta_init: float = 0.01,
        eta_max: float = 0.1,
        gamma_init: float = 0.9,
        init_loc_fn: InitFn = init_to_uniform,
        init_scale: float = 0.1,
    ) -> None:
        if base_dist not in ("diagonal", "cholesky"):
            raise ValueError(f"{type(self).__name__}: expected base_dist 'diagonal' or 'cholesky', got {base_dist!r}.")
        super().__init__(model, init_loc_fn)
        self._set_steps(K, eta_init, eta_max, gamma_init)
        self.base_dist = base_dist
        self._init_scale = check_init_scale(init_scale)

    def _setup_prototype(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_prototype(*args, **kwargs)
        for name, frame in self._prototype_frames.items():
            if frame.full_size is not None and frame.full_size != frame.size:
                raise NotImplementedError(f"Plate '{name}': {type(self).__name__} cannot draw rows of a plate with "
                                          "latent variables. Use AutoSemiDAIS, or all rows.")
        loc = self._init_loc()
        self._make_steps(loc)
        self.z_0_loc = PyroParam(loc, constraints.real)
        if self.base_dist == "diagonal":
            self.z_0_scale = PyroParam(self._init_scale_vector(), constraints.positive)
        else:
            self.z_0_scale_tril = PyroParam(self._init_scale_tril(), constraints.lower_cholesky)

    def get_base_dist(self) -> Any:
        """The distribution that the steps start from."""
        if self.base_dist == "diagonal":
            return Normal(self.z_0_loc, self.z_0_scale).to_event(1)
        return MultivariateNormal(self.z_0_loc, scale_tril=self.z_0_scale_tril)

    def get_posterior(self, *args: Any, **kwargs: Any) -> Any:
        """Raises: the guide's density has no closed form."""
        raise NotImplementedError(f"{type(self).__name__} has no posterior in closed form; call the guide for draws.")

    def _force_model(self) -> Any:
        """The model whose gradients the steps follow."""
        return self.model

    def _log_density(self, latent: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """The log-density of that model in unconstrained space, summed over all particles."""
        values, log_det = {}, latent.new_zeros(())
        for site, unconstrained in self._unpack_latent(latent):
            transform = biject_to(site["fn"].support)
            values[site["name"]] = value = transform(unconstrained)
            log_det = log_det + transform.log_abs_det_jacobian(unconstrained, value).sum()
        return conditional_log_density(self._force_model(), values, args, kwargs) + log_det

    def sample_latent(self, *args: Any, **kwargs: Any) -> Tensor:
        """Samples the vector of all unconstrained values: start, steps and end.

        Args:
            *args: the model's.
            **kwargs: the model's.
        """
        prefix = f"_{self._pyro_name}"
        start = self.get_base_dist()
        z = sample(f"{prefix}_z_0", start, infer={"is_auxiliary": True})
        zeros = torch.zeros_like(self.z_0_loc).expand(self.K, self.latent_dim)
        white = Normal(zeros, torch.ones_like(zeros)).to_event(2)
        with MaskMessenger(False):
            noise = sample(f"{prefix}_momentum", white, infer={"is_auxiliary": True})
        z, ratio = anneal(lambda at: start.log_prob(at).sum(), lambda at: self._log_density(at, args, kwargs), z, noise,
                          self._schedule())
        end = Delta(z, log_density=-ratio, event_dim=1)
        return sample(f"{prefix}_latent", end, infer={"is_auxiliary": True})  # type: ignore[no-any-return]


class AutoSurrogateLikelihoodDAIS(AutoDAIS):
    """As :class:`AutoDAIS`, with steps that follow the gradients of another, cheaper model.

    The other model has the latent variables and priors of the first, and a likelihood of its own: that of some of the
    data, for example, weighted by parameters that are learned with the guide. So the model may draw rows of its data.
    NumPyro's guide of this name.

    Args:
        model: the model.
        surrogate_model: the other model; it takes the same arguments.
        K: the number of steps.
        eta_init: the step size to start with.
        eta_max: the largest step size.
        gamma_init: how much of the momentum each step keeps, to start with.
        base_dist: where they start from, ``"diagonal"`` or ``"cholesky"``.
        init_loc_fn: where the mean starts, see :mod:`pyro.infer.autoguide.initialization`.
        init_scale: the standard deviations to start with.
    """

    def __init__(
        self,
        model: Any,
        surrogate_model: Any,
        *,
        K: int = 4,
        eta_init: float = 0.01,
        eta_max: float = 0.1,
        gamma_init: float = 0.9,
        base_dist: str = "diagonal",
        init_loc_fn: InitFn = init_to_uniform,
        init_scale: float = 0.1,
    ) -> None:
        super().__init__(model, K=K, base_dist=base_dist, eta_init=eta_init, eta_max=eta_max, gamma_init=gamma_init,
                         init_loc_fn=init_loc_fn, init_scale=init_scale)
        # in a tuple, so that its parameters are not counted as the guide's modules
        self._surrogate = (surrogate_model,)

    def _force_model(self) -> Any:
        return self._surrogate[0]


def conditional_log_density(
    model: Any, values: dict[str, Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Tensor:
    """The log-density of a model's run with given values, unseen by the handlers around but for its parameters.

    Args:
        model: the model.
        values: values of its latent sites.
        args: its arguments.
        kwargs: its keyword arguments.

    Returns:
        A scalar.
    """
    with block(hide_fn=lambda msg: msg["type"] != "param"):
        return trace(condition(model, data=values)).get_trace(*args, **kwargs).log_prob_sum()  # type: ignore[no-any-return]
