"""Families of distributions, one by one: a density with its gradients, and draws with theirs.

A step builds the distribution from its parameters, as a model does, and takes the gradients of the sum of its log
densities, or of its draws, with respect to the parameters and, for a density, to the value. Where draws have no
gradients they are drawn alone. Arguments are checked by default in flashover and in upstream, and not in NumPyro,
whose step is one compiled function.

The peers are named ``LIBRARY FAMILY SHAPE WORK``. They are many, so ``benchmarks/families.py`` runs them by family.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks.case import Case, Peer, Program
from benchmarks.family_rows import ROWS, Row

SHAPES = ((), (1000,), (100, 1000))
WORKS = ("log_prob", "draw")


def name(library: str, family: str, shape: Sequence[int], work: str) -> str:
    """The name of a peer."""
    return f"{library} {family} {tuple(shape)} {work}"


def with_torch(row: Row, shape: tuple[int, ...], work: str) -> Program:
    """One family in flashover or in upstream."""
    import torch

    import pyro.distributions as dist

    torch.manual_seed(0)
    parameters = {}
    for parameter, value in row.parameters.items():
        tensor = torch.tensor(value)
        parameters[parameter] = tensor.expand(shape + tensor.shape).clone().requires_grad_()
    inputs = list(parameters.values())
    fixed: Any = row.make(dist, parameters)
    value = fixed.sample().detach()

    def score() -> None:
        log_prob = row.make(dist, parameters).log_prob(value).sum()
        torch.autograd.grad(log_prob, scored, allow_unused=True)

    def draw() -> None:
        torch.autograd.grad(row.make(dist, parameters).rsample().sum(), inputs, allow_unused=True)

    def draw_alone() -> None:
        row.make(dist, parameters).sample()

    scored = inputs if _is_discrete(fixed) else [*inputs, value.requires_grad_()]
    if not scored:  # nothing has a gradient
        return _repeat(lambda: row.make(dist, parameters).log_prob(value) if work == "log_prob" else draw_alone())
    if work == "log_prob":
        return _repeat(score)
    return _repeat(draw if row.draws_gradients and fixed.has_rsample else draw_alone)


def with_numpyro(row: Row, shape: tuple[int, ...], work: str) -> Program:
    """One family in NumPyro, compiled."""
    import jax  # type: ignore[import-not-found]
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]

    parameters = {}
    for parameter, nested in row.parameters.items():
        array = jnp.asarray(nested, jnp.float32)
        parameters[parameter] = jnp.array(jnp.broadcast_to(array, shape + array.shape))
    fixed = row.make(dist, parameters, is_numpyro=True)
    value = fixed.sample(jax.random.PRNGKey(0))
    is_discrete = jnp.issubdtype(value.dtype, jnp.integer)

    def score(parameters: Any, value: Any) -> Any:
        return row.make(dist, parameters, is_numpyro=True).log_prob(value).sum()

    def draw(parameters: Any, key: Any) -> Any:
        return row.make(dist, parameters, is_numpyro=True).sample(key)

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


def _is_discrete(fixed: Any) -> bool:
    try:
        return bool(fixed.support.is_discrete)
    except NotImplementedError:  # some of upstream's families do not say
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
        for shape in SHAPES[: row.sizes]
        for work in WORKS
        for library, (environment, start) in libraries.items()
    }


CASE = Case(
    "families",
    "densities and draws of each family with their gradients",
    {peer: start for row in ROWS for peer, start in _peers(row).items()},
)
