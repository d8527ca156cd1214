"""Handwritten variational steps with Adam, for tests of whole programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal

__all__ = ["Workload", "WORKLOADS"]

Loss = Callable[..., Tensor]


@dataclass(frozen=True)
class Workload:
    """A step and what it starts from.

    Attributes:
        step: ``(*state, *constants, *rows) -> (*new_state, loss)``.
        state: parameters, first and second moments, the number of steps.
        constants: data.
        rows: noise and batches.
    """

    step: Callable[..., tuple[Tensor, ...]]
    state: list[Tensor]
    constants: list[Tensor]
    rows: list[Tensor]


def adam(
    loss: Loss,
    parameters: Sequence[Tensor],
    constants: Sequence[Tensor],
    rows: Sequence[Tensor],
    rate: float = 0.01,
) -> Workload:
    """Adam's step on ``loss(*parameters, *constants, *rows)``."""
    k = len(parameters)

    def step(*args: Tensor) -> tuple[Tensor, ...]:
        values, first, second, count, rest = (
            args[:k],
            args[k : 2 * k],
            args[2 * k : 3 * k],
            args[3 * k],
            args[3 * k + 1 :],
        )
        with torch.enable_grad():
            leaves = [p.detach().requires_grad_() for p in values]
            value = loss(*leaves, *rest)
            gradients = torch.autograd.grad(value, leaves)
        count = count + 1
        news: list[list[Tensor]] = [[], [], []]
        for p, g, m, v in zip(values, gradients, first, second, strict=True):
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            news[0].append(p - rate * (m / (1 - 0.9**count)) / ((v / (1 - 0.999**count)).sqrt() + 1e-8))
            news[1].append(m)
            news[2].append(v)
        return *news[0], *news[1], *news[2], count, value.detach()

    zeros = [torch.zeros_like(p) for p in parameters]
    state = [*parameters, *zeros, *[z.clone() for z in zeros], torch.zeros((), dtype=parameters[0].dtype)]
    return Workload(step, state, list(constants), list(rows))


def normal(loc: Any, scale: Any) -> Normal:
    """Without checks, which a captured step cannot make."""
    return Normal(loc, scale, validate_args=False)


def coin(steps: int, dtype: torch.dtype) -> Workload:
    """Ten tosses, one statement each, a logit-normal guide."""
    tosses = torch.tensor([1.0] * 6 + [0.0] * 4, dtype=dtype)

    def loss(loc: Tensor, log_scale: Tensor, tosses: Tensor, noise: Tensor) -> Tensor:
        z = loc + log_scale.exp() * noise
        fairness = torch.sigmoid(z)
        value = 10 * torch.log(fairness) + 10 * torch.log1p(-fairness) + 0.5 * noise * noise + log_scale
        for i in range(10):
            value = value + Bernoulli(fairness, validate_args=False).log_prob(tosses[i])
        return -value

    start = [torch.zeros((), dtype=dtype), torch.full((), -1.0, dtype=dtype)]
    return adam(loss, start, [tosses], [torch.randn(steps, dtype=dtype)])


def eight_schools(steps: int, dtype: torch.dtype) -> Workload:
    """The hierarchical model in its non-centred form."""
    effect = torch.tensor([28.0, 8, -3, 7, -1, 1, 18, 12], dtype=dtype)
    error = torch.tensor([15.0, 10, 16, 11, 9, 11, 10, 18], dtype=dtype)

    def loss(*args: Tensor) -> Tensor:
        q, (y, s, e) = args[:6], args[6:]
        guides = [normal(q[2 * i], q[2 * i + 1].exp()) for i in range(3)]
        z = [q[0] + q[1].exp() * e[0], q[2] + q[3].exp() * e[1], q[4] + q[5].exp() * e[2:]]
        joint = (
            normal(0.0, 5.0).log_prob(z[0]) + normal(0.0, 1.0).log_prob(z[1]) + normal(0.0, 1.0).log_prob(z[2]).sum()
        )
        joint = joint + normal(z[0] + z[1].exp() * z[2], s).log_prob(y).sum()
        return sum(g.log_prob(v).sum() for g, v in zip(guides, z, strict=True)) - joint

    shapes: list[tuple[int, ...]] = [(), (), (), (), (8,), (8,)]
    start = [torch.full(shape, -2.3 * (i % 2), dtype=dtype) for i, shape in enumerate(shapes)]
    return adam(loss, start, [effect, error], [torch.randn(steps, 10, dtype=dtype)])


def logistic(steps: int, dtype: torch.dtype, rows: int = 700, columns: int = 54) -> Workload:
    """Logistic regression with a mean-field guide."""
    x = torch.randn(rows, columns, dtype=dtype)
    y = (torch.rand(rows) < 0.5).to(dtype)

    def loss(loc: Tensor, log_scale: Tensor, x: Tensor, y: Tensor, noise: Tensor) -> Tensor:
        w = loc + log_scale.exp() * noise
        likelihood = Bernoulli(logits=x @ w, validate_args=False).log_prob(y).sum()
        return normal(loc, log_scale.exp()).log_prob(w).sum() - normal(0.0, 1.0).log_prob(w).sum() - likelihood

    start = [torch.zeros(columns, dtype=dtype), torch.full((columns,), -2.3, dtype=dtype)]
    return adam(loss, start, [x, y], [torch.randn(steps, columns, dtype=dtype)])


def linear(steps: int, dtype: torch.dtype, rows: int = 3000, batch: int = 256) -> Workload:
    """Linear regression on batches of rows."""
    x = torch.randn(rows, 10, dtype=dtype)
    y = x.sum(1) + torch.randn(rows, dtype=dtype)

    def loss(w: Tensor, log_scale: Tensor, b: Tensor, x: Tensor, y: Tensor, noise: Tensor, index: Tensor) -> Tensor:
        weights = w + log_scale.exp() * noise
        likelihood = normal(x[index] @ weights + b, 1.0).log_prob(y[index]).sum() * (rows / batch)
        return (
            normal(w, log_scale.exp()).log_prob(weights).sum() - normal(0.0, 1.0).log_prob(weights).sum() - likelihood
        )

    start = [torch.zeros(10, dtype=dtype), torch.full((10,), -2.3, dtype=dtype), torch.zeros((), dtype=dtype)]
    return adam(loss, start, [x, y], [torch.randn(steps, 10, dtype=dtype), torch.randint(0, rows, (steps, batch))])


def hierarchical(steps: int, dtype: torch.dtype, rows: int = 2500, groups: int = 100) -> Workload:
    """A regression with an intercept a group."""
    group = torch.randint(0, groups, (rows,))
    x, y = torch.randn(rows, dtype=dtype), torch.randn(rows, dtype=dtype)

    def loss(a: Tensor, s: Tensor, b: Tensor, x: Tensor, y: Tensor, group: Tensor, noise: Tensor) -> Tensor:
        level = a + s.exp() * noise
        likelihood = normal(level[group] + b * x, 0.7).log_prob(y).sum()
        return normal(a, s.exp()).log_prob(level).sum() - normal(0.0, 1.0).log_prob(level).sum() - likelihood

    start = [torch.zeros(groups, dtype=dtype), torch.full((groups,), -2.3, dtype=dtype), torch.zeros((), dtype=dtype)]
    return adam(loss, start, [x, y, group], [torch.randn(steps, groups, dtype=dtype)])


def vae(steps: int, dtype: torch.dtype, batch: int = 256, pixels: int = 784, hidden: int = 400) -> Workload:
    """A variational autoencoder with one hidden layer each way and 20 latent dims; its products are BLAS's."""
    latent = 20
    pictures = (torch.rand(batch, pixels) < 0.3).to(dtype)
    sizes = [(hidden, pixels), (2 * latent, hidden), (hidden, latent), (pixels, hidden)]

    def loss(*args: Tensor) -> Tensor:
        q, pictures, noise = args[:8], args[8], args[9]
        linear, softplus = torch.nn.functional.linear, torch.nn.functional.softplus
        loc, log_scale = linear(softplus(linear(pictures, q[0], q[1])), q[2], q[3]).chunk(2, -1)
        z = loc + log_scale.exp() * noise
        logits = linear(softplus(linear(z, q[4], q[5])), q[6], q[7])
        likelihood = Bernoulli(logits=logits, validate_args=False).log_prob(pictures).sum()
        return normal(loc, log_scale.exp()).log_prob(z).sum() - normal(0.0, 1.0).log_prob(z).sum() - likelihood

    start = [t.to(dtype) for n, m in sizes for t in (torch.randn(n, m) * m**-0.5, torch.zeros(n))]
    return adam(loss, start, [pictures], [torch.randn(steps, batch, latent, dtype=dtype)], rate=0.001)


WORKLOADS: dict[str, Callable[[int, torch.dtype], Workload]] = {
    "coin": coin,
    "eight schools": eight_schools,
    "logistic": logistic,
    "linear": linear,
    "hierarchical": hierarchical,
    "vae": vae,
}
