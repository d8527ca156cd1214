"""The pure step of an optimiser: its own step, on copies."""

import pytest
import torch

from pyro.compiler.errors import CannotCapture
from pyro.compiler.optimizer_step import STYLES, OptimizerState, pure_step


def stepped(optimizer_class, **options):
    """Two parameters after one step."""
    torch.manual_seed(0)
    leaves = [torch.randn(3, requires_grad=True), torch.randn((), requires_grad=True)]
    optimizer = optimizer_class(leaves, **options)
    step(optimizer, leaves, [torch.ones_like(leaf) for leaf in leaves])
    return leaves, optimizer


def step(optimizer, leaves, grads):
    for leaf, grad in zip(leaves, grads, strict=True):
        leaf.grad = None if grad is None else grad.clone()
    optimizer.step()


def pure(layout, leaves, grads, clips=None):
    params = [leaf.detach() for leaf in leaves]
    return pure_step(layout, params, grads, layout.tensors(), layout.options(), clips or {})


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("optimizer_class", "options"), [
    (torch.optim.Adam, {"lr": 0.1}), (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}), (torch.optim.RMSprop, {}),
    (torch.optim.RAdam, {})])
def test_it_is_the_eager_step_and_changes_nothing(optimizer_class, options, style):
    leaves, optimizer = stepped(optimizer_class, **options)
    layout = OptimizerState(optimizer, leaves, style)
    grads = [torch.tensor([0.5, -1.0, 2.0]), torch.tensor(0.3)]
    before = [leaf.detach().clone() for leaf in leaves], [tensor.clone() for tensor in layout.tensors()]
    new_leaves, new_state, _ = pure(layout, leaves, grads)
    assert all(map(torch.equal, [leaf.detach() for leaf in leaves], before[0]))
    assert all(map(torch.equal, layout.tensors(), before[1]))
    step(optimizer, leaves, grads)
    for got, expected in zip([*new_leaves, *new_state], [*leaves, *layout.tensors()], strict=True):
        torch.testing.assert_close(got, expected.detach(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("optimizer_class", [torch.optim.Adam, torch.optim.AdamW])
def test_at_rate_zero_state_moves_and_parameters_do_not(optimizer_class):
    leaf = torch.ones(2, requires_grad=True)
    optimizer = optimizer_class([leaf], lr=0.0)
    grad = torch.tensor([1.0, 0.0])  # the second has never had a gradient: zero over zero
    step(optimizer, [leaf], [grad])
    layout = OptimizerState(optimizer, [leaf], STYLES[0])
    (moved,), state, options = pure(layout, [leaf], [grad])
    assert torch.equal(moved, torch.ones(2)) and options == layout.options()
    step(optimizer, [leaf], [grad])
    for got, expected in zip(state, layout.tensors(), strict=True):
        torch.testing.assert_close(got, expected)


def test_a_parameter_without_gradient_stays():
    leaves, optimizer = stepped(torch.optim.SGD, lr=0.1)
    (first, second), _, _ = pure(OptimizerState(optimizer, leaves, STYLES[0]), leaves, [None, torch.tensor(1.0)])
    assert torch.equal(first, leaves[0].detach())
    torch.testing.assert_close(second, leaves[1].detach() - 0.1)


def test_gradients_are_clipped_on_copies():
    leaves, optimizer = stepped(torch.optim.SGD, lr=1.0)
    grads = [torch.tensor([3.0, -4.0, 0.0]), torch.tensor(0.5)]
    clips = {0: lambda leaf: leaf.grad.clamp_(-1, 1)}
    (first, second), _, _ = pure(OptimizerState(optimizer, leaves, STYLES[0]), leaves, grads, clips)
    torch.testing.assert_close(first, leaves[0].detach() - torch.tensor([1.0, -1.0, 0.0]))
    torch.testing.assert_close(second, leaves[1].detach() - 0.5)
    assert torch.equal(grads[0], torch.tensor([3.0, -4.0, 0.0]))


def test_marks_on_parameters_are_seen():
    class Marked(torch.optim.SGD):
        def step(self):
            for leaf in self.param_groups[0]["params"]:
                leaf.sub_(leaf.mark)

    leaves, optimizer = stepped(torch.optim.SGD, lr=0.1)
    optimizer.__class__ = Marked
    for i, leaf in enumerate(leaves):
        leaf.mark = i + 1.0
    new, _, _ = pure(OptimizerState(optimizer, leaves, STYLES[0]), leaves, [None, None])
    for i, leaf in enumerate(leaves):
        torch.testing.assert_close(new[i], leaf.detach() - (i + 1.0))


def test_counts_keep_their_dtype():
    leaves, optimizer = stepped(torch.optim.Adam)
    layout = OptimizerState(optimizer, leaves, STYLES[0])
    _, state, _ = pure(layout, leaves, [torch.ones_like(leaf) for leaf in leaves])
    assert [value.dtype for value in state] == [value.dtype for value in layout.tensors()]


class Growing(torch.optim.SGD):
    def step(self):
        for leaf in self.param_groups[0]["params"]:
            self.state[leaf]["more"] = torch.zeros(())


class Counting(torch.optim.SGD):
    def step(self):
        for leaf in self.param_groups[0]["params"]:
            self.state[leaf]["count"] = self.state[leaf].get("count", 0) + 1


@pytest.mark.parametrize(("optimizer_class", "reason"), [
    (Growing, "adds state 'more' during the run"), (Counting, "keeps state 'count', which is no tensor and changes")])
def test_state_that_is_no_fixed_set_of_tensors_is_refused(optimizer_class, reason):
    leaves, optimizer = stepped(torch.optim.SGD, lr=0.1)
    optimizer.__class__ = optimizer_class
    with pytest.raises(CannotCapture, match=reason):
        pure(OptimizerState(optimizer, leaves, STYLES[0]), leaves, [None, None])


def test_options_go_back():
    leaves, optimizer = stepped(torch.optim.Adam, lr=0.1, betas=(0.5, 0.75))
    layout = OptimizerState(optimizer, leaves, STYLES[0])
    names, options = layout.option_names(), layout.options()
    assert dict(zip(names, options, strict=True)) == {
        "group 0.lr": 0.1, "group 0.betas[0]": 0.5, "group 0.betas[1]": 0.75, "group 0.eps": 1e-8}
    layout.set_options([2 * number for number in options])
    group = optimizer.param_groups[0]
    assert (group["lr"], group["betas"], group["eps"]) == (0.2, (1.0, 1.5), 2e-8)


def test_a_rate_that_is_a_tensor_is_no_option():
    leaves, optimizer = stepped(torch.optim.Adam, lr=torch.tensor(0.1), foreach=False, capturable=False)
    assert "group 0.lr" not in OptimizerState(optimizer, leaves, STYLES[0]).option_names()
