import pytest
import torch

from pyro.compiler.views import PIECES, put_back, view_source

_aten = torch.ops.aten
X = torch.arange(24.0).view(2, 3, 4)

VIEWS = [
    (_aten.view.default, ([6, 4],)), (_aten.unsqueeze.default, (1,)), (_aten.transpose.int, (0, 2)),
    (_aten.permute.default, ([2, 0, 1],)), (_aten.permute.default, ([-1, 0, 1],)), (_aten.select.int, (1, 2)),
    (_aten.slice.Tensor, (2, 1, 4, 2)), (_aten.diagonal.default, (1, 0, 2)), (_aten.alias.default, ()),
    (_aten.as_strided.default, ([2, 2], [12, 1], 3)),
    (_aten.detach.default, ()),
]


@pytest.mark.parametrize(("func", "args"), VIEWS, ids=[str(func) + str(i) for i, (func, _) in enumerate(VIEWS)])
def test_putting_back_is_writing_through(func, args):
    assert view_source(func)
    written = X.clone()
    view = func(written, *args)
    new = torch.randn(view.shape)
    view.copy_(new)
    target, arguments = put_back(func, X.shape, X, new, args)
    assert torch.equal(target(*arguments), written)


@pytest.mark.parametrize(("func", "shape", "args"), [
    (_aten.squeeze.default, (1, 3), ()), (_aten.squeeze.dim, (3, 1), (1,)), (_aten.t.default, (2, 3), ())])
def test_views_of_few_dims(func, shape, args):
    written, x = torch.zeros(shape), torch.zeros(shape)
    func(written, *args).copy_(torch.ones(func(written, *args).shape) * 2)
    target, arguments = put_back(func, x.shape, x, torch.full_like(func(x, *args), 2.0), args)
    assert torch.equal(target(*arguments), written)


def test_what_cannot_be_written_through():
    assert put_back(_aten.expand.default, X.shape, X, X, ([2, 3, 4],)) is None
    assert not view_source(_aten.add.Tensor) and not view_source(_aten.split.Tensor)
    assert not view_source(_aten.add_.Tensor)


@pytest.mark.parametrize(("func", "args"), [
    (_aten.unbind.int, (1,)), (_aten.split.Tensor, (2, 2)), (_aten.split.Tensor, (2, 1)),
    (_aten.split_with_sizes.default, ([1, 3], 2))])
def test_pieces_are_those_of_the_operator(func, args):
    for got, expected in zip(PIECES[func](X, *args), func(X, *args), strict=True):
        assert torch.equal(got, expected) and got.stride() == expected.stride()
