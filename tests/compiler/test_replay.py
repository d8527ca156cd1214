import torch
from torch.fx.experimental.proxy_tensor import make_fx

from pyro.compiler.graph import Input, InputRole, Output, OutputRole, StepGraph, TensorSpec
from pyro.compiler.replay import Replay

SCALAR = TensorSpec.of(torch.tensor(0.0))


def walk():
    """Two states, a constant and a row: ``x, y -> y, x + c * r``, with ``x`` on record."""
    module = make_fx(lambda x, y, c, r: (y.clone(), x + c * r, x.clone()))(*(torch.tensor(0.0) for _ in range(4)))
    inputs = (Input("x", InputRole.STATE, SCALAR), Input("y", InputRole.STATE, SCALAR),
              Input("c", InputRole.CONSTANT, SCALAR), Input("r", InputRole.ROW, SCALAR))
    outputs = (Output("x", OutputRole.STATE, SCALAR, 0), Output("y", OutputRole.STATE, SCALAR, 1),
               Output("before", OutputRole.RECORD, SCALAR))
    return Replay(StepGraph(module, inputs, outputs))


def by_hand(x, y, c, rows):
    record = []
    for r in rows:
        record.append(x)
        x, y = y, x + c * r
    return x, y, record


def test_it_takes_one_step_after_the_other():
    inputs = [torch.tensor(1.0), torch.tensor(2.0), torch.tensor(0.5), torch.arange(6.0)]
    record = torch.full((6,), -1.0)
    x, y, expected = by_hand(1.0, 2.0, 0.5, range(6))
    walk().run(inputs, [record], 6)
    assert (inputs[0].item(), inputs[1].item(), record.tolist()) == (x, y, expected)


def test_chunks_go_on_where_the_last_one_ended():
    inputs = [torch.tensor(1.0), torch.tensor(2.0), torch.tensor(0.5), torch.arange(6.0)]
    record = torch.full((6,), -1.0)
    first_state = inputs[0]
    walk().run(inputs, [record], 2)
    assert record.tolist()[2:] == [-1.0] * 4
    walk().run(inputs, [record], 0, first_row=2)
    walk().run(inputs, [record], 4, first_row=2)
    x, y, expected = by_hand(1.0, 2.0, 0.5, range(6))
    assert (inputs[0].item(), inputs[1].item(), record.tolist()) == (x, y, expected)
    assert inputs[0] is first_state, "state is updated in place"
    assert inputs[3].tolist() == list(range(6)) and inputs[2].item() == 0.5


def test_no_gradients_are_kept():
    inputs = [torch.tensor(1.0), torch.tensor(2.0), torch.tensor(0.5, requires_grad=True), torch.arange(6.0)]
    walk().run(inputs, [torch.empty(3)], 3)
    assert not inputs[1].requires_grad
