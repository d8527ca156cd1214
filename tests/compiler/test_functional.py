import pytest
import torch

from pyro.compiler.functional import EACH, decompositions, functional

_aten = torch.ops.aten
X, Y = torch.tensor([0.5, 2.0]), torch.tensor([1.5, 3.0])


@pytest.mark.parametrize(("func", "args"), [
    (_aten.add_.Tensor, (Y,)), (_aten.mul_.Scalar, (3.0,)), (_aten.lerp_.Scalar, (Y, 0.3)), (_aten.sqrt_.default, ()),
    (_aten.addcmul_.default, (Y, Y)), (_aten.clamp_.default, (1.0, 1.5)), (_aten.masked_fill_.Scalar, (X > 1, 7.0)),
    (_aten.index_put_.default, ([torch.tensor([1])], torch.tensor(4.0))), (_aten.fill_.Scalar, (2.0,)),
    (_aten.zero_.default, ()), (_aten.unsqueeze_.default, (0,))])
def test_the_functional_form_computes_what_is_written(func, args):
    written = func(X.clone(), *args)
    assert torch.equal(functional(func)(X, *args), written)


def test_the_functional_form_of_out():
    assert functional(_aten.maximum.out) is _aten.maximum.default
    assert functional(_aten.add.out) is _aten.add.Tensor


@pytest.mark.parametrize("func", [_aten.normal_.default, _aten.uniform_.default, _aten.bernoulli_.float])
def test_random_ones(func):
    torch.manual_seed(0)
    written = func(torch.zeros(5))
    torch.manual_seed(0)
    pure = functional(func)
    drawn = pure(torch.zeros(5), 0.5) if func is _aten.bernoulli_.float else pure(torch.zeros(5))
    assert torch.equal(drawn, written)


@pytest.mark.parametrize("func", [_aten.resize_.default, _aten.set_.source_Tensor, _aten.add.Tensor])
def test_what_has_none(func):
    assert functional(func) is None or func is _aten.add.Tensor


def test_a_view_in_place_has_the_view_s_form():
    assert functional(_aten.transpose_.default) is _aten.transpose.int
    assert functional(_aten.squeeze_.dim) is _aten.squeeze.dim


def test_each_tensor_of_a_list():
    lists = [X, Y]
    for func, args in ((_aten._foreach_add.List, (lists, [Y, X])), (_aten._foreach_norm.Scalar, (lists, 2)),
                       (_aten._foreach_addcdiv.Scalar, (lists, [Y, X], [X, X], 0.5)),
                       (_aten._foreach_pow.ScalarAndTensor, (2.0, lists))):
        for got, expected in zip(EACH[func](*args), func(*args), strict=True):
            torch.testing.assert_close(got, expected)


def test_decompositions_are_of_operators_without_mutation():
    assert not any(func._schema.is_mutable for func in decompositions() if hasattr(func, "_schema"))
    assert _aten.native_batch_norm.default in decompositions()


@pytest.mark.parametrize("args", [(3,), (300,), (2, 5)])
@pytest.mark.parametrize("options", [{}, {"dtype": torch.float64}, {"dtype": torch.bool}])
def test_the_identity_matrix(args, options):
    func = _aten.eye.default if len(args) == 1 else _aten.eye.m
    made, expected = decompositions()[func](*args, **options), torch.eye(*args, **options)
    assert made.dtype is expected.dtype and torch.equal(made, expected)


@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize("name", ["tril_indices", "triu_indices"])
def test_the_indices_of_a_triangle(name, offset):
    made = decompositions()[getattr(_aten, name).default](3, 4, offset)
    assert torch.equal(made, getattr(torch, name)(3, 4, offset))
