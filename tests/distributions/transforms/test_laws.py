"""Laws of all transforms: inverse, Jacobian, shapes, caches, copies, gradients, capture, conditioning."""

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian
from torch.fx.experimental.proxy_tensor import make_fx

import pyro
import pyro.distributions as dist
from pyro.distributions.torch_transform import clear_cache
from tests.distributions.transforms.table import CASES, CONDITIONAL, PLANE, Case

INVERTIBLE = [case for case in CASES if "inverse" not in case.without]
NOT_INVERTIBLE = [case for case in CASES if "inverse" in case.without]
MODULES = [case for case in CASES if isinstance(case.build(), nn.Module)]
CACHING = [case for case in MODULES if case.build()._cache_size]
all_cases = pytest.mark.parametrize("case", CASES, ids=str)


def log_det_by_autodiff(transform: Any, x: Tensor) -> Tensor:
    """Of one event; of probabilities, with respect to all but the last."""
    if x.dim() == 0:
        derivative = jacobian(transform, x)
        assert isinstance(derivative, Tensor)
        return derivative.abs().log()
    free = x.flatten()
    if transform.domain is dist.constraints.simplex:
        matrix = jacobian(lambda p: transform(torch.cat([p, 1 - p.sum(-1, keepdim=True)])), free[:-1])
    else:
        matrix = jacobian(lambda flat: transform(flat.reshape(x.shape)).flatten(), free)
    assert isinstance(matrix, Tensor)
    log_det: Tensor = torch.linalg.slogdet(matrix).logabsdet
    return log_det


def summed(transform: Any, x: Tensor, log_det: Tensor) -> Tensor:
    """A log-determinant with the dimensions of an event summed, for transforms of single variables."""
    return log_det.sum(-1) if transform.domain.event_dim < x.dim() - 1 else log_det


@all_cases
def test_jacobian_is_that_of_differentiation(case: Case) -> None:
    transform, x = case.transform(), case.argument(3)
    log_det = transform.log_abs_det_jacobian(x, transform(x))
    assert log_det.shape == x.shape[: x.dim() - transform.domain.event_dim]
    expected = torch.stack([log_det_by_autodiff(transform, row) for row in x])
    torch.testing.assert_close(summed(transform, x, log_det), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", INVERTIBLE, ids=str)
def test_inverse_undoes_the_map_with_the_same_jacobian(case: Case) -> None:
    transform, x = case.transform(), case.argument(5)
    y = transform(x).detach()
    log_det = transform.log_abs_det_jacobian(x, y)
    clear_cache(transform)
    inverse = transform.inv
    found = inverse(y)
    torch.testing.assert_close(found, x, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(-inverse.log_abs_det_jacobian(y, found), log_det, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(transform(found), y, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("case", NOT_INVERTIBLE, ids=str)
def test_without_an_inverse_only_the_last_result_is_undone(case: Case) -> None:
    transform, x = case.transform(), case.argument(5)
    y = transform(x)
    assert transform.inv(y) is x
    with pytest.raises((KeyError, NotImplementedError), match="no inverse in closed form"):
        transform.inv(y.clone())
    clear_cache(transform)
    with pytest.raises((KeyError, NotImplementedError), match="no inverse in closed form"):
        transform.inv(y)


@all_cases
def test_shapes_and_spaces(case: Case) -> None:
    transform, x = case.transform(), case.argument(2, 5)
    y = transform(x)
    assert transform.bijective
    assert transform.forward_shape(x.shape) == y.shape
    assert transform.inverse_shape(y.shape) == x.shape
    assert transform.domain.check(x).all()
    assert transform.codomain.check(y).all()
    rows = torch.stack([transform(row) for row in x.flatten(0, 1)]).reshape(y.shape)
    torch.testing.assert_close(y, rows)


@all_cases
@pytest.mark.parametrize("cache_size", [0, 1])
def test_cache_sizes_agree_and_share_parameters(case: Case, cache_size: int) -> None:
    transform, x = case.transform(), case.argument(5)
    other = transform.with_cache(cache_size)
    assert other._cache_size == cache_size
    y = other(x)
    assert cache_size == 0 or other.inv(y) is x
    torch.testing.assert_close(y, transform(x))
    with torch.no_grad():  # the graph of a constant is made anew
        assert (other(x) is other(x)) is (cache_size == 1) or "no cache" in case.without
    if isinstance(transform, nn.Module):
        assert [id(parameter) for parameter in other.parameters()] == [id(p) for p in transform.parameters()]


@all_cases
def test_copies_of_a_used_transform_compute_the_same(case: Case) -> None:
    transform, x = case.transform(), case.argument(5)
    y = transform(x.requires_grad_())
    for duplicate in (copy.deepcopy(transform), pickle.loads(pickle.dumps(transform))):
        assert torch.equal(duplicate(x), y)
        assert duplicate == transform or isinstance(transform, nn.Module)


@pytest.mark.parametrize("case", MODULES, ids=str)
def test_all_parameters_are_registered_and_trained(case: Case) -> None:
    transform, x = case.transform(), case.argument(5)
    pyro.clear_param_store()
    pyro.module("flow", transform)
    names = [f"flow$$${name}" for name, _ in transform.named_parameters()]
    assert names and sorted(pyro.get_param_store()) == sorted(names)
    y = transform(x)
    log_det = transform.log_abs_det_jacobian(x, y)
    loss = (y * torch.linspace(0.5, 2, y.numel(), dtype=y.dtype).reshape(y.shape)).square().sum() + log_det.sum()
    loss.backward()
    idle = [name for name, p in transform.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not idle or "trained" in case.without
    assert hash(transform) == hash(transform) and transform == transform


@pytest.mark.parametrize("case", CACHING, ids=str)
def test_a_change_of_parameters_empties_the_cache(case: Case) -> None:
    transform, x = case.transform(), case.argument(5)
    optimizer = torch.optim.SGD(transform.parameters(), lr=0.1)
    before = transform(x)
    (before.square().sum() + transform.log_abs_det_jacobian(x, before).sum()).backward()
    optimizer.step()
    after = transform(x)
    assert not torch.equal(after, before)
    (after.square().sum() + transform.log_abs_det_jacobian(x, after).sum()).backward()  # no graph is used twice


@pytest.mark.parametrize("case", CACHING, ids=str)
def test_a_pass_without_gradients_is_not_used_where_they_are_asked_for(case: Case) -> None:
    transform, x = case.transform(), case.argument(5)
    with torch.no_grad():
        y = transform(x)
        assert transform(x) is y
        assert not transform.log_abs_det_jacobian(x, y).requires_grad
    assert transform.inv(y) is x or "inverse" not in case.without
    clear_cache(transform)
    with torch.no_grad():
        y = transform(x)
    assert transform(x).requires_grad


@all_cases
def test_captured_and_mapped_it_computes_the_same(case: Case) -> None:
    transform = case.transform().with_cache(0)
    x, other = case.argument(3), case.argument(2)[:1].expand(3, *case.shape).clone()

    def compute(x: Tensor) -> tuple[Tensor, ...]:
        y = transform(x)
        log_det = transform.log_abs_det_jacobian(x, y)
        return (y, log_det) if "inverse" in case.without else (y, log_det, transform.inv(y))

    graph = make_fx(compute)(x)
    torch.testing.assert_close(graph(other), compute(other))
    torch.testing.assert_close(torch.func.vmap(compute)(x), compute(x))


@pytest.mark.parametrize(("case", "scale"), [
    (case, scale) for case in CASES for scale in (0.0, 1e-6, 30.0) if scale < 1 or "far" not in case.without], ids=str)
def test_single_precision_stays_finite(case: Case, scale: float) -> None:
    transform, x = case.transform(torch.float32), case.argument(4, dtype=torch.float32)
    x = (x.log() * scale).softmax(-1) if transform.domain is dist.constraints.simplex else x * scale
    x.requires_grad_()
    y = transform(x)
    log_det = transform.log_abs_det_jacobian(x, y)
    (gradient,) = torch.autograd.grad(y.sum() + log_det.sum(), x)
    for tensor in (y, log_det, gradient):
        assert tensor.isfinite().all()


@pytest.mark.parametrize("case", PLANE, ids=str)
def test_density_on_the_plane_integrates_to_one(case: Case) -> None:
    """The flow takes data to normal variables, so each one is scored without an inverse."""
    side = torch.linspace(-12, 12, 241, dtype=torch.float64)
    base = dist.Normal(torch.zeros(2, dtype=torch.float64), 1.0).to_event(1)
    density = dist.TransformedDistribution(base, [case.transform().inv])
    with torch.no_grad():
        points = torch.cartesian_prod(side, side)
        total = density.log_prob(points).exp().sum() * (side[1] - side[0]) ** 2
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=2e-3)


@pytest.mark.parametrize("case", CONDITIONAL, ids=str)
def test_conditional_transform_depends_on_its_context(case: Case) -> None:
    conditional, x = case.transform(), case.argument(4)
    first, second = torch.randn(2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    transform = conditional.condition(first)
    y = transform(x)
    assert not torch.allclose(y, conditional.condition(second)(x), atol=1e-4)
    assert getattr(conditional, "domain", transform.domain).event_dim == transform.domain.event_dim
    (y.square().sum() + transform.log_abs_det_jacobian(x, y).sum()).backward()
    assert all(parameter.grad is not None for parameter in conditional.parameters())
    expected = torch.stack([log_det_by_autodiff(transform, row) for row in x])
    torch.testing.assert_close(summed(transform, x, transform.log_abs_det_jacobian(x, y)), expected)


@pytest.mark.parametrize("case", CONDITIONAL, ids=str)
def test_a_batch_of_contexts_is_each_of_them(case: Case) -> None:
    conditional, x = case.transform(), case.argument(3)
    contexts = torch.randn(3, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    together = conditional.condition(contexts)
    y = together(x)
    singly = [conditional.condition(context) for context in contexts]
    torch.testing.assert_close(y, torch.stack([flow(row) for flow, row in zip(singly, x, strict=True)]))
    log_det = torch.stack([flow.log_abs_det_jacobian(row, flow(row)) for flow, row in zip(singly, x, strict=True)])
    torch.testing.assert_close(together.log_abs_det_jacobian(x, y), log_det)
    if "inverse" not in case.without:
        inverse = conditional.inv.condition(contexts)
        torch.testing.assert_close(inverse(y.detach()), x, rtol=1e-7, atol=1e-7)
        assert conditional.inv.inv is conditional
