"""ClippedAdam against its formula, and against torch's Adam where the two coincide."""

import math

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from pyro.optim.clipped_adam import ClippedAdam


def gradients(steps, shape=(3,)):
    generator = torch.Generator().manual_seed(0)
    return 5 * torch.randn((steps, *shape), generator=generator, dtype=torch.float64)


def by_formula(x, grads, lr, betas, eps, weight_decay, clip_norm, lrd, centered_variance):
    m = v = torch.zeros_like(x)
    for t, g in enumerate(grads, 1):
        lr = lr * lrd
        h = g.clamp(-clip_norm, clip_norm) + weight_decay * x
        m = betas[0] * m + (1 - betas[0]) * h
        v = betas[1] * v + (1 - betas[1]) * (h - m if centered_variance else h) ** 2
        x = x - lr * math.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t) * m / (v.sqrt() + eps)
    return x


DEFAULTS = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "clip_norm": 10.0, "lrd": 1.0,
            "centered_variance": False}
CASES = [
    {},
    {"lr": 0.1, "clip_norm": 1.0},
    {"lr": 0.1, "lrd": 0.9, "betas": (0.5, 0.7)},
    {"lr": 0.1, "weight_decay": 0.3},
    {"lr": 0.1, "betas": (0.5, 0.9), "centered_variance": True},
    {"lr": 0.1, "betas": (0.0, 0.9), "eps": 0.1},
]


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("capturable", [False, True])
def test_formula(options, capturable):
    grads = gradients(10)
    p = torch.ones(3, dtype=torch.float64, requires_grad=True)
    optimizer = ClippedAdam([p], **options)
    optimizer.param_groups[0]["capturable"] = capturable
    for grad in grads:
        p.grad = grad.clone()
        optimizer.step()
    torch.testing.assert_close(p.detach(), by_formula(torch.ones(3, dtype=torch.float64), grads, **DEFAULTS | options))


def test_without_clipping_and_eps_it_is_adam():
    p, q = (torch.ones(3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    ours, theirs = ClippedAdam([p], lr=0.1, clip_norm=math.inf, eps=0), torch.optim.Adam([q], lr=0.1, eps=0)
    for grad in gradients(10):
        p.grad, q.grad = grad.clone(), grad.clone()
        ours.step()
        theirs.step()
    torch.testing.assert_close(p, q)


def test_learning_rate_decays_in_the_group():
    p = torch.ones(3, requires_grad=True)
    optimizer = ClippedAdam([p], lr=0.8, lrd=0.5)
    optimizer.step()
    optimizer.step()
    assert optimizer.param_groups[0]["lr"] == 0.2


def test_parameters_that_joined_later_count_their_own_steps():
    p, q = (torch.ones(2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    both = ClippedAdam([p, q], lr=0.1)
    p.grad = torch.ones_like(p)
    both.step()
    p.grad, q.grad = torch.ones_like(p), torch.full_like(q, 3.0)
    both.step()
    expected = by_formula(torch.ones(2, dtype=torch.float64), [torch.full_like(q, 3.0)], **DEFAULTS | {"lr": 0.1})
    torch.testing.assert_close(q.detach(), expected)


def test_step_can_be_captured():
    def step(p, grad, mean, square, count, lr):
        p = p.detach().requires_grad_()
        p.grad = grad.clone()
        optimizer = ClippedAdam([p], lrd=0.9, weight_decay=0.1)
        optimizer.param_groups[0].update(capturable=True, lr=lr)
        optimizer.state[p] = {"step": count.clone(), "exp_avg": mean.clone(), "exp_avg_sq": square.clone()}
        optimizer.step()
        return p.detach().clone(), optimizer.state[p]["step"], optimizer.param_groups[0]["lr"]

    def inputs(count):
        return (torch.ones(3), torch.tensor([1.0, 20.0, -3.0]), torch.full((3,), 0.1), torch.full((3,), 0.2),
                torch.tensor(count), torch.tensor(0.1 * count))

    captured = make_fx(step)(*inputs(1.0))
    for actual, expected in zip(captured(*inputs(5.0)), step(*inputs(5.0)), strict=True):
        torch.testing.assert_close(actual, expected)


def test_closure_is_called_with_gradients():
    p = torch.ones(2, requires_grad=True)

    def closure():
        loss = p.square().sum()
        loss.backward()
        return loss

    assert ClippedAdam([p]).step(closure) == 2
    assert (p < 1).all()
