import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyro.ops import packed
from pyro.ops.packed import Packed

SYMBOLS = {-1: "a", -2: "b", -3: "c", -4: "d"}
DIMS = {symbol: dim for dim, symbol in SYMBOLS.items()}
SIZES = {"a": 2, "b": 3, "c": 4, "d": 5}


def draw(names):
    return Packed(torch.randn([SIZES[name] for name in names]), names)


NAMES = st.permutations("abcd").flatmap(lambda names: st.integers(0, 4).map(lambda n: "".join(names[:n])))


@given(st.lists(st.sampled_from([1, 2, 3]), max_size=4))
def test_unpack_undoes_pack(shape):
    """Up to leading dims of size 1, which packing drops."""
    tensor = torch.randn(shape)
    value = packed.pack(tensor, SYMBOLS)
    assert all(size != 1 for size in value.tensor.shape) and len(value.dims) == value.tensor.dim()
    while shape and shape[0] == 1:
        shape = shape[1:]
    assert torch.equal(packed.unpack(value, DIMS), tensor.reshape(shape))


@given(NAMES)
def test_pack_undoes_unpack_up_to_the_order(names):
    value = draw(names)
    again = packed.pack(packed.unpack(value, DIMS), SYMBOLS)
    assert sorted(again.dims) == sorted(names)
    assert torch.equal(again.tensor, value.tensor.permute([names.index(name) for name in again.dims]))


@pytest.mark.parametrize("value", [0.5, 2, True, None, Packed(torch.zeros(2), "a")])
def test_numbers_and_packed_tensors_stay_as_they_are(value):
    assert packed.pack(value, SYMBOLS) is value
    assert isinstance(value, Packed) or packed.unpack(value, DIMS) is value


@pytest.mark.parametrize(("value", "message"), [
    (torch.zeros(3, 1, 1, 1, 1), r"Dim -5 of a tensor of shape \(3, 1, 1, 1, 1\) has size 3 .*pyro\.plate"),
    ([1.0], "expected a tensor or a number, got list"),
])
def test_what_cannot_be_packed(value, message):
    with pytest.raises(ValueError, match=message):
        packed.pack(value, SYMBOLS)


@given(NAMES, NAMES)
def test_mul_is_an_outer_product_over_the_union_of_dims(left, right):
    x, y = draw(left), draw(right)
    product = packed.mul(x, y)
    assert set(product.dims) == set(left) | set(right) and len(set(product.dims)) == len(product.dims)
    expected = torch.einsum(f"{left},{right}->{product.dims}", x.tensor, y.tensor)
    torch.testing.assert_close(product.tensor, expected)


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_broadcast_all_gives_the_same_dims(names):
    values = [draw(n) for n in names]
    union = "".join(sorted(set().union(*names)))
    for value, wide in zip(values, packed.broadcast_all(*values), strict=True):
        assert wide.dims == union and wide.tensor.shape == tuple(SIZES[name] for name in union)
        torch.testing.assert_close(packed.mul(value, Packed(torch.ones_like(wide.tensor), union)).tensor, wide.tensor)
    backwards = packed.broadcast_all(*values, dims=union[::-1])
    assert all(wide.dims == (union[::-1] or "") for wide in backwards)


@given(NAMES.filter(lambda names: "a" in names), NAMES.map(lambda names: names.replace("a", "")))
def test_gather_looks_up_along_a_dim(names, index_names):
    value = draw(names)
    index = Packed(torch.randint(SIZES["a"], [SIZES[name] for name in index_names]), index_names)
    found = packed.gather(value, index, "a")
    assert set(found.dims) == (set(names) | set(index_names)) - {"a"}
    one_hot = Packed(torch.nn.functional.one_hot(index.tensor, SIZES["a"]).float(), index_names + "a")
    expected = torch.einsum(f"{names},{one_hot.dims}->{found.dims}", value.tensor, one_hot.tensor)
    torch.testing.assert_close(found.tensor, expected)


def test_gather_needs_the_dim():
    with pytest.raises(ValueError, match="no dim 'a' in a tensor with dims 'bc'"):
        packed.gather(draw("bc"), Packed(torch.tensor(0), ""), "a")


def test_arithmetic_with_numbers():
    value = draw("ab")
    assert torch.equal(packed.neg(value).tensor, -value.tensor) and packed.neg(2.0) == -2.0
    assert torch.equal(packed.exp(value).tensor, value.tensor.exp())
    assert packed.exp(1.0) == pytest.approx(math.e) and packed.exp(-math.inf) == 0.0
    assert torch.equal(packed.mul(2.0, value).tensor, 2 * value.tensor)
    assert torch.equal(packed.mul(value, 2.0).tensor, 2 * value.tensor) and packed.mul(2.0, 3.0) == 6.0


MASK = Packed(torch.tensor([True, False]), "a")


@pytest.mark.parametrize(("scale", "mask", "factor"), [
    (1.0, None, Packed(torch.ones(2), "a")), (2.0, None, Packed(torch.full((2,), 2.0), "a")),
    (2.0, True, Packed(torch.full((2,), 2.0), "a")), (2.0, False, Packed(torch.zeros(2), "a")),
    (2.0, MASK, Packed(torch.tensor([2.0, 0.0]), "a")), (1.0, MASK, Packed(torch.tensor([1.0, 0.0]), "a")),
    (Packed(torch.tensor([2.0, 3.0]), "a"), None, Packed(torch.tensor([2.0, 3.0]), "a")),
    (Packed(torch.tensor([2.0, 3.0]), "a"), MASK, Packed(torch.tensor([2.0, 0.0]), "a")),
])
def test_scale_and_mask(scale, mask, factor):
    value = draw("ba")
    result = packed.scale_and_mask(value, scale, mask)
    (result,) = packed.broadcast_all(result, dims="ba")
    assert torch.equal(result.tensor, value.tensor * factor.tensor)
    assert packed.scale_and_mask(0, scale, mask) == 0


def test_masked_nans_are_zero():
    value = Packed(torch.tensor([1.0, float("nan")]), "a")
    assert packed.scale_and_mask(value, 2.0, MASK).tensor.tolist() == [2.0, 0.0]


def test_rename_equation():
    assert packed.rename_equation("xy,yz->xz", draw("ba"), draw("ad")) == "ba,ad->bd"
    with pytest.raises(ValueError):
        packed.rename_equation("xy,yz->xz", draw("ba"))
