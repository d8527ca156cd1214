"""Newton steps against linear algebra."""

import pytest
import torch

from pyro.ops.newton import newton_step, newton_step_1d, newton_step_2d, newton_step_3d

STEPS = {1: newton_step_1d, 2: newton_step_2d, 3: newton_step_3d}
BATCH = (2, 3)


def quadratic(dim, definite=True):
    """A loss 1/2 (x - c) A (x - c) of each element of a batch, with A and c."""
    generator = torch.Generator().manual_seed(dim)
    root = torch.randn(*BATCH, dim, dim, generator=generator, dtype=torch.float64)
    a = root @ root.mT + torch.eye(dim, dtype=torch.float64)
    if not definite:
        a = a - 5 * torch.eye(dim, dtype=torch.float64)
    c = torch.randn(*BATCH, dim, generator=generator, dtype=torch.float64)

    def loss(x):
        return 0.5 * ((x - c)[..., None, :] @ a @ (x - c)[..., None]).sum()

    x = torch.randn(*BATCH, dim, generator=generator, dtype=torch.float64).requires_grad_()
    return loss, x, a, c


@pytest.mark.parametrize("dim", STEPS)
@pytest.mark.parametrize("by_shape", [True, False])
def test_quadratic_is_solved_at_once(dim, by_shape):
    loss, x, a, c = quadratic(dim)
    mode, cov = (newton_step if by_shape else STEPS[dim])(loss(x), x)
    torch.testing.assert_close(mode.detach(), c)
    torch.testing.assert_close(cov.detach(), torch.linalg.inv(a))


@pytest.mark.parametrize("dim", STEPS)
def test_wide_trust_region_changes_nothing(dim):
    loss, x, a, c = quadratic(dim)
    mode, cov = newton_step(loss(x), x, 1e3)
    torch.testing.assert_close(mode.detach(), c, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(cov.detach(), torch.linalg.inv(a), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dim", STEPS)
@pytest.mark.parametrize("radius", [0.05, 0.5])
@pytest.mark.parametrize("definite", [True, False])
@pytest.mark.parametrize("convert", [float, lambda radius: torch.full(BATCH + (1,), radius, dtype=torch.float64)])
def test_step_stays_in_the_trust_region_and_descends(dim, radius, definite, convert):
    loss, x, _, _ = quadratic(dim, definite)
    if dim > 1 and convert is not float:
        radius_given = convert(radius)[..., 0]
    else:
        radius_given = convert(radius)
    value = loss(x)
    (gradient,) = torch.autograd.grad(value, x, retain_graph=True)
    mode, cov = newton_step(value, x, radius_given)
    change = (mode - x).detach()
    assert (change.norm(dim=-1) <= radius * (1 + 1e-6)).all()
    assert ((change * gradient).sum(-1) < 0).all()
    assert (torch.linalg.eigvalsh(cov.detach()) > 0).all()


@pytest.mark.parametrize("dim", STEPS)
@pytest.mark.parametrize("radius", [None, 10.0])
def test_last_step_is_differentiable_in_what_the_loss_depends_on(dim, radius):
    """The mode of a quartic moves with its center, though the earlier steps are detached."""
    center = torch.linspace(0.5, 1, dim, dtype=torch.float64).requires_grad_()

    def loss(x):
        return ((x - center).square() + (x - center) ** 4).sum()

    x = (center.detach() + 0.1).requires_grad_()
    for _ in range(8):
        x = newton_step(loss(x), x, radius)[0].detach().requires_grad_()
    mode, _ = newton_step(loss(x), x, radius)
    jacobian = torch.stack([torch.autograd.grad(mode[i], center, retain_graph=True)[0] for i in range(dim)])
    torch.testing.assert_close(jacobian, torch.eye(dim, dtype=torch.float64))


@pytest.mark.parametrize("dim", STEPS)
def test_linear_loss_moves_to_the_edge_of_the_trust_region(dim):
    x = torch.zeros(dim, requires_grad=True)
    mode, _ = newton_step((2 * x).sum(), x, 0.5)
    torch.testing.assert_close(mode, torch.full((dim,), -0.5 / dim**0.5))


def test_second_derivative_of_one_dimension_is_bounded_from_below():
    x = torch.ones(1, dtype=torch.float64, requires_grad=True)
    mode, cov = newton_step(-x.square().sum(), x)
    assert cov == 1e8
    assert mode == 1 + 2e8


@pytest.mark.parametrize("call, error, message", [
    (lambda x: newton_step(x, x), ValueError, r"loss has shape \(2, 2\), expected a scalar"),
    (lambda x: newton_step_3d(x.sum(), x), ValueError, r"x has shape \(2, 2\), expected a last dimension of 3"),
    (lambda x: newton_step(x.sum(), x.expand(4, 2, 2).reshape(4, 4)), NotImplementedError, "dimension of 1, 2 or 3"),
    (lambda x: newton_step(x.sum(), x[0, 0]), ValueError, "x is a scalar"),
    (lambda x: newton_step(torch.zeros(()), x), RuntimeError, "does not require grad"),
])
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call(torch.ones(2, 2, requires_grad=True))
