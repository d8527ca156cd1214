"""What is recorded computes what the program did, without mutation; what cannot be recorded is refused."""

import warnings

import pytest
import torch
from torch import nn
from torch.fx import GraphModule

from pyro.compiler.errors import CannotCapture
from pyro.compiler.numbers import Numbers
from pyro.compiler.recorder import Recorder
from tests.compiler.recorded import recorded

X = torch.tensor([[1.0, -2.0, 0.5], [4.0, 0.25, -1.0]])


def put(x, change):
    """A copy of a tensor after a change."""
    y = x.clone()
    change(y)
    return y


def two_views(x):
    y = x.clone()
    a, b = y[0], y.t()
    a.mul_(2)
    b[1] += 1
    return a.sum() * y + b.t().exp()


def chained(x):
    y = x.clone()
    y.view(3, 2).t()[1].unsqueeze(0).squeeze().add_(5)
    return y


def pieces(x):
    y = x.clone()
    first, second = y.unbind()
    left, right = y.split([1, 2], dim=1)
    second.zero_()
    right.add_(first[1:])
    return y * left


PROGRAMS = {
    "select": lambda x: put(x, lambda y: y[1].mul_(3)),
    "slice": lambda x: put(x, lambda y: y[:, 1:].add_(1)),
    "transpose": lambda x: put(x, lambda y: y.transpose(0, 1).add_(torch.arange(6.0).view(3, 2))),
    "permute": lambda x: put(x, lambda y: y.permute(1, 0).add_(torch.arange(6.0).view(3, 2))),
    "t": lambda x: put(x, lambda y: y.t().add_(torch.arange(6.0).view(3, 2))),
    "view": lambda x: put(x, lambda y: y.view(6)[4].fill_(9)),
    "diagonal": lambda x: put(x, lambda y: y.diagonal().zero_()),
    "diagonal below": lambda x: put(x, lambda y: y.diagonal(-1).exp_()),
    "unsqueeze": lambda x: put(x, lambda y: y.unsqueeze(1).sub_(1)),
    "item": lambda x: put(x, lambda y: y.__setitem__((0, slice(1, None)), 7.0)),
    "item of items": lambda x: put(x, lambda y: y[1].__setitem__(2, y[0, 0])),
    "index_put": lambda x: put(x, lambda y: y.__setitem__(torch.tensor([1]), -1.0)),
    "copy": lambda x: put(x, lambda y: y.copy_(torch.arange(3))),
    "fill": lambda x: put(x, lambda y: y.fill_(2)),
    "out": lambda x: put(x, lambda y: torch.maximum(x, -x, out=y)),
    "type": lambda x: put(x.int(), lambda y: y.copy_(x * 3)).float(),
    "masked": lambda x: put(x, lambda y: y.masked_fill_(x > 0, 8.0)),
    "clamp": lambda x: put(x, lambda y: y.clamp_(-1, 1)),
    "lerp": lambda x: put(x, lambda y: y.lerp_(x + 1, 0.75)),
    "foreach": lambda x: put(x, lambda y: torch._foreach_addcmul_([y[0], y[1]], [x[0], x[1]], [x[1], x[1]], 0.5)),
    "foreach of lists": lambda x: torch.stack(torch._foreach_add([x[0], x[1]], [x[1], x[0]], alpha=2.0)),
    "reshaped in place": lambda x: put(x[:1] * 2, lambda y: y.unsqueeze_(0).squeeze_(1).t_().mul_(3)),
    "two views": two_views,
    "chained views": chained,
    "pieces": pieces,
    "view read before and after": lambda x: (lambda y: (y[0].sum(), y.add_(1), y[0].sum() * y)[2])(x.clone()),
    "normalisation": lambda x: nn.functional.batch_norm(x, None, None, training=True),
    "layers": lambda x: nn.functional.layer_norm(x, (3,)).softmax(-1).cumsum(0),
    "several results": lambda x: x.sort(dim=1).values + x.max(dim=1, keepdim=True).values,
    "gradient": lambda x: torch.autograd.grad((put(x.requires_grad_(), lambda y: y[0].exp_()) ** 2).sum(), x)[0],
    "constants": lambda x: x * torch.tensor(2.5) + torch.tensor([1.0, 2.0, 3.0]) + torch.full((3,), 4.0),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_graph_computes_what_the_program_did(name):
    fn = PROGRAMS[name]
    expected, before = fn(X.clone()).detach(), X.clone()
    graph = recorded(fn, before)
    assert torch.equal(before, X), "recording leaves inputs as they were"
    for node in graph.nodes:
        assert node.op != "call_function" or not getattr(node.target, "_schema", None) or \
            not node.target._schema.is_mutable
        assert node.op == "output" or "val" in node.meta
    # tensors that the program makes are inputs like closed-over ones
    recorder_inputs = [node for node in graph.nodes if node.op == "placeholder"]
    module = GraphModule(nn.Module(), graph)
    extra = [torch.tensor([1.0, 2.0, 3.0])] if name == "constants" else []
    extra = [torch.tensor([1])] if name == "index_put" else extra
    assert len(recorder_inputs) == 1 + len(extra)
    for _ in range(2):
        torch.testing.assert_close(module(before.detach(), *extra)[0], expected)


def test_shapes_and_types_are_those_of_the_values():
    graph = recorded(lambda x: (x.double().t() @ x.double())[:, 0].long(), X)
    (result,) = next(node for node in graph.nodes if node.op == "output").args[0]
    meta = result.meta["val"]
    assert (meta.shape, meta.dtype, meta.dim(), meta.numel()) == ((3,), torch.int64, 1, 3)


def test_lines_of_the_program_are_kept():
    graph = recorded(lambda x: x.exp() + 1, X)
    files = {node.meta["where"][0] for node in graph.nodes if node.op == "call_function"}
    assert files == {__file__}


def test_a_tensor_from_outside_that_is_changed_gets_its_value_back():
    outside, shared = torch.zeros(3), torch.zeros(4)
    recorder = Recorder(Numbers((), ()))
    with recorder:
        outside[1:].add_(1)
        shared.view(2, 2)[0].mul_(0)
        read = outside.sum()
    ((entry, node), (other, _)) = recorder.changed()
    recorder.restore()
    assert entry.tensor is outside and torch.equal(outside, torch.zeros(3)) and other.tensor is shared
    recorder.graph.output([node, recorder.node(read)])
    values = GraphModule(nn.Module(), recorder.graph)(torch.tensor([5.0, 6.0, 7.0]), shared)
    assert torch.equal(values[0], torch.tensor([5.0, 7.0, 8.0])) and values[1] == 20


def test_memory_that_is_read_under_two_names_cannot_be_changed():
    outside = torch.zeros(3)
    other = outside[:2]
    recorder = Recorder(Numbers((), ()))
    with recorder:
        outside.add_(1)
        other.sum()
    with pytest.raises(CannotCapture, match="through another one of the same memory"):
        list(recorder.changed())


def resize(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x.clone().resize_(1)


@pytest.mark.parametrize(("program", "reason"), [
    (lambda x: x.sum().item(), "reads the value"), (lambda x: bool(x.sum() > 0), "reads the value"),
    (lambda x: torch.equal(x, x), "reads the value"), (lambda x: x[x > 0], "depends on values"),
    (lambda x: x.nonzero(), "depends on values"), (resize, "cannot be recorded"),
    (lambda x: x.t_(), "cannot be recorded"),
    (lambda x: x.clone().unfold(1, 2, 1).zero_(), "changes a view"), (lambda x: x.to_sparse() * 2, "layout"),
])
def test_what_cannot_be_recorded_is_refused(program, reason):
    recorder = Recorder(Numbers((), ()))
    with pytest.raises(CannotCapture, match=reason), recorder:
        program(X)
    assert recorder.error is not None


def test_random_numbers_are_operators():
    names = [str(node.target) for node in recorded(lambda x: torch.empty(2).normal_(1.0, 2.0) + torch.rand(2), X).nodes]
    assert "aten.normal_functional.default" in names and "aten.rand.default" in names
