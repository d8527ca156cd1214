"""Helpers of distributions: shapes, sums, scaling and masking, copies of nested objects."""

import copy
import gc
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pyro.distributions import constraints, util
from pyro.distributions.normal import Normal

shapes = st.lists(st.integers(1, 3), max_size=4).map(tuple)


@given(st.lists(shapes, max_size=4))
def test_broadcast_shape_is_that_of_numpy(given_shapes: list[tuple[int, ...]]) -> None:
    try:
        expected = np.broadcast_shapes(*given_shapes)
    except ValueError:
        with pytest.raises(ValueError, match="broadcast together"):
            util.broadcast_shape(*given_shapes)
    else:
        assert util.broadcast_shape(*given_shapes) == expected


@pytest.mark.parametrize(
    "given_shapes, expected",
    [
        (((2, 3), (3,)), (2, 3)),
        (((3,), (2, 3)), (2, 3)),
        (((), (4,)), (4,)),
        (((2, 3), (1,)), None),
        (((2, 1), (1, 3)), None),
    ],
)
def test_strict_broadcasting_only_prepends(
    given_shapes: tuple[tuple[int, ...], ...], expected: tuple[int, ...] | None
) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="broadcast together"):
            util.broadcast_shape(*given_shapes, strict=True)
    else:
        assert util.broadcast_shape(*given_shapes, strict=True) == expected


@pytest.mark.parametrize("x", [0, 0.0, False])
def test_zeros(x: float) -> None:
    assert util.is_identically_zero(x)
    assert not util.is_identically_one(x)


@pytest.mark.parametrize("x", [1, 1.0, True])
def test_ones(x: float) -> None:
    assert util.is_identically_one(x)
    assert not util.is_identically_zero(x)


@pytest.mark.parametrize("x", [torch.tensor(0.0), torch.tensor(1.0), "0", None, 2])
def test_nothing_else_is_identically_zero_or_one(x: object) -> None:
    assert not util.is_identically_zero(x)
    assert not util.is_identically_one(x)


@pytest.mark.parametrize("dim", range(-3, 5))
def test_sums_agree_with_sums_over_named_dimensions(dim: int) -> None:
    x = torch.randn(2, 3, 4, dtype=torch.float64)
    count = min(dim, 3) if dim >= 0 else 3 + dim
    right = x.sum([2, 1, 0][:count]) if count else x
    left = x.sum([0, 1, 2][:count]) if count else x
    assert util.sum_rightmost(x, dim).shape == right.shape == x.shape[: 3 - count]
    assert util.sum_leftmost(x, dim).shape == left.shape == x.shape[count:]
    torch.testing.assert_close(util.sum_rightmost(x, dim), right)
    torch.testing.assert_close(util.sum_leftmost(x, dim), left)


@pytest.mark.parametrize("fn", [util.sum_rightmost, util.sum_leftmost])
def test_a_number_is_its_own_sum(fn: Any) -> None:
    assert fn(2.5, 1) == 2.5


@pytest.mark.parametrize(
    "value_shape, index_shape, dim, expected_shape",
    [
        ((2, 3), (2, 1), -1, (2, 1)),
        ((2, 3), (1,), -1, (2, 1)),
        ((3,), (5, 1, 2), -1, (5, 1, 2)),
        ((2, 3), (4, 1, 1), -1, (4, 2, 1)),
        ((3, 2), (4, 2), 0, (4, 2)),
        ((3, 1, 2), (4, 5, 1), -3, (4, 5, 2)),
    ],
)
def test_gather_broadcasts_all_but_one_dimension(
    value_shape: tuple[int, ...], index_shape: tuple[int, ...], dim: int, expected_shape: tuple[int, ...]
) -> None:
    value = torch.randn(value_shape)
    dim_from_right = dim - len(value_shape) if dim >= 0 else dim
    index = torch.randint(value_shape[dim], index_shape)
    actual = util.gather(value, index, dim)
    assert actual.shape == expected_shape
    full_value = value.expand(tuple(
        value_shape[dim] if i == dim_from_right else size
        for i, size in zip(range(-len(expected_shape), 0), expected_shape, strict=True)
    ))
    expected = full_value.gather(dim_from_right, index.expand(expected_shape))
    assert torch.equal(actual, expected)


MASK = torch.tensor([True, False])


@pytest.mark.parametrize(
    "tensor, scale, mask, expected",
    [
        (torch.ones(2), 1.0, None, [1.0, 1.0]),
        (torch.ones(2), 2.0, True, [2.0, 2.0]),
        (torch.ones(2), 2.0, False, [0.0, 0.0]),
        (torch.ones(2), 2.0, MASK, [2.0, 0.0]),
        (torch.ones(()), 2.0, MASK, [2.0, 0.0]),
        (torch.ones(2), torch.tensor([2.0, 3.0]), None, [2.0, 3.0]),
        (torch.tensor([1.0, torch.nan]), 2.0, MASK, [2.0, 0.0]),
        (torch.tensor([1.0, -torch.inf]), torch.tensor(2.0), MASK, [2.0, 0.0]),
        (3.0, 2.0, MASK, [6.0, 0.0]),
    ],
)
def test_scale_and_mask(tensor: Tensor | float, scale: Tensor | float, mask: Any, expected: list[float]) -> None:
    result = util.scale_and_mask(tensor, scale, mask)
    assert isinstance(result, Tensor)
    assert result.tolist() == expected


@pytest.mark.parametrize("mask", [None, True, False, MASK])
def test_the_number_zero_stays(mask: Any) -> None:
    assert util.scale_and_mask(0.0, 5.0, mask) == 0.0


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_masked_entries_send_zero_gradients(bad: float) -> None:
    tensor = torch.tensor([1.0, bad], requires_grad=True)
    scale = torch.tensor(2.0, requires_grad=True)
    util.scale_and_mask(tensor, scale, MASK).sum().backward()
    assert tensor.grad is not None and tensor.grad.tolist() == [2.0, 0.0]
    assert scale.grad is not None and scale.grad.item() == 1.0


def test_scale_and_mask_keeps_dtype() -> None:
    assert util.scale_and_mask(torch.ones(2, dtype=torch.float64), 2.0, MASK).dtype == torch.float64


def test_prototypes_give_dtype() -> None:
    prototype = torch.ones(3, dtype=torch.float64)
    assert util.scalar_like(prototype, 2).item() == 2
    assert util.scalar_like(prototype, 2).dtype == torch.float64
    assert torch.equal(util.eye_like(prototype, 2, 3), torch.eye(2, 3, dtype=torch.float64))
    assert util.eye_like(prototype, 2).shape == (2, 2)


class Pair(NamedTuple):
    first: Any
    second: Any


def _leaf() -> Tensor:
    return torch.ones(2, requires_grad=True)


NESTS = {
    "tensor": (lambda: _leaf(), lambda nest: nest),
    "dict": (lambda: {"a": _leaf(), "b": 1}, lambda nest: nest["a"]),
    "list": (lambda: [1, [_leaf()]], lambda nest: nest[1][0]),
    "tuple": (lambda: (1, _leaf()), lambda nest: nest[1]),
    "namedtuple": (lambda: Pair(1, _leaf()), lambda nest: nest.second),
    "distribution": (lambda: Normal(_leaf(), 1.0).to_event(1), lambda nest: nest.base_dist.loc),
    "transform": (
        lambda: torch.distributions.transforms.AffineTransform(_leaf(), 1.0), lambda nest: nest.loc
    ),
    "constraint": (lambda: constraints.greater_than(_leaf()), lambda nest: nest.lower_bound),
    "module": (lambda: torch.nn.Linear(1, 1), lambda nest: nest.weight),
}


@pytest.mark.parametrize("name", NESTS)
def test_detach_and_deep_to_reach_every_tensor_of_a_copy(name: str) -> None:
    build, find = NESTS[name]
    nest = build()
    detached = util.detach(nest)
    assert type(detached) is type(nest)
    assert not find(detached).requires_grad
    assert find(nest).requires_grad
    double = util.deep_to(nest, torch.float64)
    assert find(double).dtype == torch.float64
    assert find(nest).dtype == torch.float32


def test_copies_keep_what_is_shared_and_cyclic() -> None:
    leaf = _leaf()
    nest: list[Any] = [leaf, {"again": leaf}]
    nest.append(nest)
    copied = util.detach(nest)
    assert copied[0] is copied[1]["again"]
    assert copied[2] is copied
    assert nest[0] is leaf


@pytest.mark.parametrize("atom", [None, 3, "text", torch.relu, Tensor, {1, 2}])
def test_what_holds_no_tensors_is_shared(atom: Any) -> None:
    assert util.detach(atom) is atom


class Owner:
    @util.weakmethod
    def method(self, a: int, b: int = 2) -> tuple[int, int]:
        """Docstring."""
        return a, b


def test_weakmethod_does_not_keep_its_object_alive() -> None:
    owner = Owner()
    bound = owner.method
    assert bound(1) == (1, 2)
    gc.disable()
    try:
        del owner
        with pytest.raises(AttributeError, match="method"):
            bound(1)
    finally:
        gc.enable()


class Documented:
    def run(self) -> None:
        """Runs."""

    def undocumented(self) -> None: ...


@pytest.mark.parametrize("full_text", [False, True])
def test_copy_docs_from(full_text: bool) -> None:
    @util.copy_docs_from(Documented, full_text=full_text)
    class Copy:
        def run(self) -> None: ...

        def undocumented(self) -> None: ...

        def _private(self) -> None: ...

    doc = Copy.run.__doc__
    assert doc is not None
    assert (doc == "Runs.") if full_text else ("Documented.run" in doc)
    assert Copy.undocumented.__doc__ is None


def test_own_docstrings_are_kept() -> None:
    @util.copy_docs_from(Documented)
    class Copy:
        def run(self) -> None:
            """Own."""

    assert Copy.run.__doc__ == "Own."


def test_copied_distribution_draws_alike() -> None:
    normal = Normal(torch.zeros(3), 1.0)
    torch.manual_seed(0)
    expected = normal.sample()
    torch.manual_seed(0)
    assert torch.equal(copy.deepcopy(util.detach(normal)).sample(), expected)
