"""The pure step of an optimiser: its own step, on copies."""

import pytest
import torch

from pyro.compiler.errors import CannotCapture
from pyro.compiler.optimizer_step import STYLES, OptimizerState, Style, pure_step


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
    options = [torch.tensor(number) for number in layout.options()]
    return pure_step(layout, [leaf.detach() for leaf in leaves], grads, layout.tensors(), options, clips or {})


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
    (Growing, "adds state 'more' during the run"), (Counting, "state 'count' is no tensor and changes")])
def test_state_that_is_no_fixed_set_of_tensors_is_refused(optimizer_class, reason):
    leaves, optimizer = stepped(torch.optim.SGD, lr=0.1)
    optimizer.__class__ = optimizer_class
    with pytest.raises(CannotCapture, match=reason):
        pure(OptimizerState(optimizer, leaves, STYLES[0]), leaves, [None, None])


def test_options_go_back():
    leaves, optimizer = stepped(torch.optim.Adam, lr=0.1)
    layout = OptimizerState(optimizer, leaves, STYLES[0])
    assert layout.options() == [0.1] and layout.fits()
    layout.set_options([0.05])
    assert optimizer.param_groups[0]["lr"] == 0.05
    optimizer.param_groups[0]["lr"] = tensor = torch.tensor(0.2)
    layout.set_options([0.3])
    assert optimizer.param_groups[0]["lr"] is tensor and tensor.item() == pytest.approx(0.3)


def test_options_that_are_part_of_the_program_must_stay():
    leaves, optimizer = stepped(torch.optim.Adam, lr=0.1)
    layout = OptimizerState(optimizer, leaves, Style(scheduled=()))
    assert layout.options() == [] and layout.fits()
    optimizer.param_groups[0]["lr"] = 0.05
    assert not layout.fits()
