r"""Stein variational gradient descent: particles that move together towards a posterior.

With the kernel ``k`` and the gradients of the unnormalised log-density ``p``, each of N particles moves along

.. math::
    \phi(x_j) = \frac{1}{N} \sum_i k(x_i, x_j) \, \nabla \log p(x_i) + \nabla_{x_i} k(x_i, x_j),

the steepest descent of the divergence from ``p`` in the kernel's function space: the first term draws the particles to
the mode, the second keeps them apart. Particles live in the unconstrained space of all latent sites.

References:
    Q. Liu and D. Wang (2016), *Stein variational gradient descent*, https://arxiv.org/abs/1608.04471;
    J. Gorham and L. Mackey (2017), *Measuring sample quality with kernels*, https://arxiv.org/abs/1703.01717
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import biject_to

from pyro.distributions.util import sum_rightmost
from pyro.ops.validation import collecting
from pyro.optim.optim import PyroOptim
from pyro.params.param_store import _PYRO_PARAM_STORE
from pyro.poutine.handlers import block, trace
from pyro.poutine.messenger import Messenger
from pyro.poutine.plate_messenger import PlateMessenger
from pyro.poutine.runtime import Message
from pyro.poutine.util import site_is_subsample

__all__ = ["IMQSteinKernel", "RBFSteinKernel", "SVGD", "SteinKernel", "vectorize"]

_PARTICLES = "svgd_particles"


def vectorize(fn: Callable[..., Any], num_particles: int, max_plate_nesting: int) -> Callable[..., Any]:
    """Puts a program into a plate of particles, to the left of all its plates.

    Args:
        fn: the program.
        num_particles: the plate's size.
        max_plate_nesting: how many dims the program's plates take.
    """

    def vectorized(*args: Any, **kwargs: Any) -> Any:
        with PlateMessenger("num_particles_vectorized", num_particles, dim=-1 - max_plate_nesting):
            return fn(*args, **kwargs)

    return vectorized


class SteinKernel(ABC):
    """A kernel on each dim of the particles; the kernel on all of them is the product."""

    @abstractmethod
    def log_kernel_and_grad(self, particles: Tensor) -> tuple[Tensor, Tensor]:
        """The kernel's logarithm, and its gradient.

        Args:
            particles: of shape ``(N, D)``.

        Returns:
            ``log k_d(x_i, x_j)`` and its derivative with respect to ``x_i``, both of shape ``(N, N, D)``.
        """


class _ScaledKernel(SteinKernel):
    """A kernel of squared distances, in units of their median."""

    def __init__(self, bandwidth_factor: float | None = None) -> None:
        self.bandwidth_factor = bandwidth_factor

    @property
    def bandwidth_factor(self) -> float | None:
        """A factor of the bandwidth; ``None`` for 1."""
        return self._bandwidth_factor

    @bandwidth_factor.setter
    def bandwidth_factor(self, bandwidth_factor: float | None) -> None:
        if bandwidth_factor is not None and not bandwidth_factor > 0:
            raise AssertionError(f"{type(self).__name__}: expected a positive bandwidth_factor, got "
                                 f"{bandwidth_factor}.")
        self._bandwidth_factor = bandwidth_factor

    def _differences(self, particles: Tensor) -> tuple[Tensor, Tensor]:
        """``x_j - x_i``, and the bandwidth of each dim: the median of squares over ``log(N + 1)``."""
        differences = particles.unsqueeze(0) - particles.unsqueeze(1)
        first, second = torch.triu_indices(len(particles), len(particles), 1, device=particles.device)
        bandwidth = differences[first, second].square().median(0).values / math.log(len(particles) + 1)
        if self.bandwidth_factor is not None:
            bandwidth = self.bandwidth_factor * bandwidth
        return differences, bandwidth


class RBFSteinKernel(_ScaledKernel):
    r"""The Gaussian kernel :math:`\log k(x, y) = -(x - y)^2 / h`.

    Args:
        bandwidth_factor: factor of ``h``, which is the median of squared distances over ``log(N + 1)``.

    Example:
        >>> log_kernel, grad = RBFSteinKernel().log_kernel_and_grad(torch.tensor([[0.0], [1.0]]))
        >>> log_kernel.squeeze(-1)
        tensor([[-0.0000, -1.0986],
                [-1.0986, -0.0000]])
    """

    def log_kernel_and_grad(self, particles: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`SteinKernel.log_kernel_and_grad`."""
        differences, bandwidth = self._differences(particles)
        return -differences.square() / bandwidth, 2 * differences / bandwidth


class IMQSteinKernel(_ScaledKernel):
    r"""The inverse multiquadric kernel :math:`\log k(x, y) = \beta \log(\alpha + (x - y)^2 / h)`.

    Args:
        alpha: positive.
        beta: negative.
        bandwidth_factor: factor of ``h``, which is the median of squared distances over ``log(N + 1)``.

    Raises:
        AssertionError: if ``alpha`` or ``beta`` has the wrong sign.
    """

    def __init__(self, alpha: float = 0.5, beta: float = -0.5, bandwidth_factor: float | None = None) -> None:
        if not (alpha > 0 and beta < 0):
            raise AssertionError(f"IMQSteinKernel: expected alpha > 0 and beta < 0, got {alpha} and {beta}.")
        super().__init__(bandwidth_factor)
        self.alpha = alpha
        self.beta = beta

    def log_kernel_and_grad(self, particles: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`SteinKernel.log_kernel_and_grad`."""
        differences, bandwidth = self._differences(particles)
        base = self.alpha + differences.square() / bandwidth
        return self.beta * base.log(), -2 * self.beta * differences / (bandwidth * base)


class _Unconstrained(Messenger):
    """Gives the latent sites of a program values from unconstrained particles.

    Attributes:
        values: the sites' values.
        log_det: the log-determinant of the map from the particles to them, summed over particles.
    """

    def __init__(self, particles: Tensor, layout: dict[str, tuple[slice, torch.Size]]) -> None:
        super().__init__()
        self._particles = particles
        self._layout = layout
        self.values: dict[str, Tensor] = {}
        self.log_det: Any = 0.0

    def _pyro_sample(self, msg: Message) -> None:
        if msg["name"] not in self._layout or msg["is_observed"]:
            return
        name = str(msg["name"])
        columns, shape = self._layout[name]
        transform = biject_to(msg["fn"].support)
        unconstrained = self._particles[:, columns].reshape(shape)
        value = transform(unconstrained)
        log_det = transform.log_abs_det_jacobian(unconstrained, value)
        self.log_det = self.log_det + sum_rightmost(log_det, log_det.dim() - 1).sum()
        self.values[name] = value
        msg["value"], msg["done"] = value, True


class SVGD:
    """Moves particles towards the posterior of a model's latent sites, which must all be continuous.

    The particles are the parameter ``svgd_particles``; they start as draws from the prior. Observations and densities
    are the model's, which has to broadcast under a plate around it. There is no guide, and parameters of the model are
    not learnt.

    Args:
        model: the model.
        kernel: such as :class:`RBFSteinKernel`.
        optim: an optimiser of :mod:`pyro.optim`.
        num_particles: how many.
        max_plate_nesting: how many dims the model's plates take.
        mode: ``"univariate"`` for a kernel of each dim by itself, ``"multivariate"`` for one of all dims.

    Raises:
        AssertionError: if the mode is another one, or the kernel is no :class:`SteinKernel`.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> pyro.clear_param_store()
        >>> def model(x):
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=x)
        >>> svgd = SVGD(model, RBFSteinKernel(), pyro.optim.Adam({"lr": 0.1}), num_particles=10, max_plate_nesting=0)
        >>> for step in range(200):
        ...     squared_gradients = svgd.step(torch.tensor(2.0))
        >>> abs(svgd.get_named_particles()["z"].mean().item() - 1.0) < 0.1
        True
    """

    def __init__(
        self,
        model: Any,
        kernel: SteinKernel,
        optim: PyroOptim,
        num_particles: int,
        max_plate_nesting: int,
        mode: str = "univariate",
    ) -> None:
        if not isinstance(kernel, SteinKernel):
            raise AssertionError(f"SVGD: expected a SteinKernel such as RBFSteinKernel(), got {kernel!r}.")
        if mode not in ("univariate", "multivariate"):
            raise AssertionError(f"SVGD: expected mode 'univariate' or 'multivariate', got {mode!r}.")
        self.model = vectorize(model, num_particles=num_particles, max_plate_nesting=max_plate_nesting)
        self.kernel = kernel
        self.optim = optim
        self.num_particles = num_particles
        self.max_plate_nesting = max_plate_nesting
        self.mode = mode
        self._layout: dict[str, tuple[slice, torch.Size]] = {}
        self._arguments: tuple[tuple[Any, ...], dict[str, Any]] = (), {}

    def _find_layout(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Runs the model once, unseen; its latent sites say what a particle is made of."""
        with block(), torch.no_grad():
            prototype = trace(self.model).get_trace(*args, **kwargs)
        columns: list[Tensor] = []
        start = 0
        for name, site in prototype.iter_stochastic_nodes():
            if site_is_subsample(site):
                continue
            fn, value = site["fn"], site["value"]
            if getattr(fn.support, "is_discrete", False):
                raise NotImplementedError(f"Site '{name}': SVGD needs continuous latent sites, and "
                                          f"{type(fn).__name__} is discrete. Sum it out by hand.")
            unconstrained = biject_to(fn.support).inv(value)
            columns.append(unconstrained.reshape(self.num_particles, -1))
            self._layout[name] = slice(start, start + columns[-1].shape[1]), unconstrained.shape
            start += columns[-1].shape[1]
        if _PARTICLES not in _PYRO_PARAM_STORE:
            _PYRO_PARAM_STORE[_PARTICLES] = torch.cat(columns, -1).reshape(-1)

    def _particles(self) -> Tensor:
        return _PYRO_PARAM_STORE[_PARTICLES].reshape(self.num_particles, -1)

    def _run(self) -> tuple[_Unconstrained, Any]:
        args, kwargs = self._arguments
        values = _Unconstrained(self._particles(), self._layout)
        with block(), values:
            return values, trace(self.model).get_trace(*args, **kwargs)

    def get_named_particles(self) -> dict[str, Tensor]:
        """The particles as values of the model's sites.

        Returns:
            By name, with the shapes that they have in a plate of particles: those are the leftmost dim.

        Raises:
            KeyError: if there are none yet.
        """
        if not self._layout:
            raise KeyError("SVGD: there are no particles before the first step. Call step() first.")
        with torch.no_grad():
            return self._run()[0].values

    def _direction(self, particles: Tensor, gradients: Tensor) -> Tensor:
        """The directions of steepest descent, ``phi``."""
        log_kernel, log_kernel_grad = self.kernel.log_kernel_and_grad(particles)
        if self.mode == "multivariate":
            log_kernel = log_kernel.sum(-1, keepdim=True)
        kernel = log_kernel.exp()
        return (kernel * (gradients.unsqueeze(1) + log_kernel_grad)).mean(0)

    def step(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """One step of all particles.

        Args:
            *args: for the model.
            **kwargs: for the model.

        Returns:
            For each site the mean square of the direction in which its part of the particles was moved.
        """
        if not self._layout:
            self._find_layout(args, kwargs)
        self._arguments = args, kwargs
        value: Any = _PYRO_PARAM_STORE[_PARTICLES]
        leaf: Tensor = value.unconstrained()
        with collecting():
            values, run = self._run()
            log_density = run.log_prob_sum() + values.log_det
            (gradients,) = torch.autograd.grad(log_density, [leaf])
        with torch.no_grad():
            particles = leaf.detach().reshape(self.num_particles, -1)
            direction = self._direction(particles, gradients.reshape(particles.shape))
            leaf.grad = -direction.reshape(leaf.shape)
        self.optim({leaf})
        leaf.grad = None
        return {name: direction[:, columns].square().mean().item() for name, (columns, _) in self._layout.items()}
