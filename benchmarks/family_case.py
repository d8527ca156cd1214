"""Families of distributions, one by one: a density with its gradients, and draws with theirs.

A step builds the distribution from its parameters, as a model does, and takes the gradients of the sum of its log
densities, or of its draws, with respect to the parameters and, for a density, to the value. Where draws have no
gradients they are drawn alone. Arguments are checked by default in flashover and in upstream, and not in NumPyro,
whose step is one compiled function.

The peers are named ``LIBRARY FAMILY SHAPE WORK``; a time series has its length in place of a batch shape. They are
many, so ``benchmarks/families.py`` runs them by family.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks.case import Case, Peer, Program
from benchmarks.family_row import Row
from benchmarks.family_rows import ROWS


def name(library: str, family: str, shape: Sequence[int], work: str) -> str:
    """The name of a peer."""
    return f"{library} {family} {tuple(shape)} {work}"


def tensors(row: Row, shape: tuple[int, ...]) -> dict[str, Any]:
    """The parameters of a row in torch: those that are not whole numbers require gradients.

    Args:
        row: the family.
        shape: one of its ``shapes``.
    """
    import torch

    own = {name: torch.tensor(value) for name, value in row.parameters.items()}
    parameters = {name: tensor.expand(shape + tensor.shape).clone() for name, tensor in own.items()}
    parameters |= {name: torch.tensor(value) for name, value in row.shared.items()}
    return {name: tensor.requires_grad_(tensor.is_floating_point()) for name, tensor in parameters.items()}


def with_torch(row: Row, shape: tuple[int, ...], work: str) -> Program:
    """One family in flashover or in upstream."""
    import torch

    import pyro.distributions as dist

    torch.manual_seed(0)
    parameters = tensors(row, shape)
    inputs = [tensor for tensor in parameters.values() if tensor.requires_grad]
    fixed: Any = row.make(dist, parameters)
    value = row.value(parameters).detach().clone() if row.value else fixed.sample().detach()
    scored = inputs if _is_discrete(fixed, value) else [*inputs, value.requires_grad_()]

    def score() -> None:
        log_prob = row.make(dist, parameters).log_prob(value).sum()
        if log_prob.requires_grad:
            torch.autograd.grad(log_prob, scored, allow_unused=True)

    def draw() -> None:
        torch.autograd.grad(row.make(dist, parameters).rsample().sum(), inputs, allow_unused=True)

    def draw_alone() -> None:
        row.make(dist, parameters).sample()

    if work == "log_prob":
        return _repeat(score)
    return _repeat(draw if inputs and row.draws_gradients and fixed.has_rsample else draw_alone)


def with_numpyro(row: Row, shape: tuple[int, ...], work: str) -> Program:
    """One family in NumPyro, compiled."""
    import jax  # type: ignore[import-not-found]
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]

    own = {name: jnp.asarray(nested, jnp.float32) for name, nested in row.parameters.items()}
    every = {name: jnp.array(jnp.broadcast_to(array, shape + array.shape)) for name, array in own.items()}
    every |= {name: jnp.asarray(nested) for name, nested in row.shared.items()}
    parameters = {name: array for name, array in every.items() if jnp.issubdtype(array.dtype, jnp.floating)}
    whole = {name: array for name, array in every.items() if name not in parameters}

    def make(parameters: Any) -> Any:
        return row.make(dist, parameters | whole, is_numpyro=True)

    fixed = make(parameters)
    value = row.value(every) if row.value else fixed.sample(jax.random.PRNGKey(0))
    is_discrete = jnp.issubdtype(value.dtype, jnp.integer)

    def score(parameters: Any, value: Any) -> Any:
        return make(parameters).log_prob(value).sum()

    def draw(parameters: Any, key: Any) -> Any:
        return make(parameters).sample(key)

    if work == "log_prob":
        argnums = (0,) * bool(parameters) + (1,) * (not is_discrete)
        scored = jax.jit(jax.grad(score, argnums) if argnums else score)
        return _repeat(lambda: jax.block_until_ready(scored(parameters, value)))
    has_gradient = row.draws_gradients and fixed.has_rsample
    drawn = jax.jit(jax.grad(lambda parameters, key: draw(parameters, key).sum()) if has_gradient else draw)
    split = jax.jit(jax.random.split)
    key = jax.random.PRNGKey(1)

    def draw_step() -> None:
        nonlocal key
        key, now = split(key)
        jax.block_until_ready(drawn(parameters, now))

    return _repeat(draw_step)


def _is_discrete(fixed: Any, value: Any) -> bool:
    try:
        return not value.is_floating_point() or bool(fixed.support.is_discrete)
    except (AttributeError, NotImplementedError):  # some of upstream's families do not say
        return False


def _repeat(step: Any) -> Program:
    def run(steps: int) -> None:
        for _ in range(steps):
            step()

    return run


def _peers(row: Row) -> dict[str, Peer]:
    libraries = {"flashover": ("dev", with_torch)}
    if "U" in row.libraries:
        libraries["upstream"] = ("upstream", with_torch)
    if "N" in row.libraries:
        libraries["numpyro"] = ("npr", with_numpyro)
    return {
        name(library, row.name, shape, work): Peer(environment, partial(start, row, shape, work), process=library)
        for shape in row.shapes
        for work in row.works
        for library, (environment, start) in libraries.items()
    }


CASE = Case(
    "families",
    "densities and draws of each family with their gradients",
    {peer: start for row in ROWS for peer, start in _peers(row).items()},
)
