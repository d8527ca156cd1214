"""Operators whose number is an input give for each number what they give for it as a constant."""

import pytest
import torch
from torch import nn
from torch.fx import GraphModule

from pyro.compiler.numbers import Numbers
from pyro.compiler.recorder import Recorder
from pyro.compiler.scalars import FixedNumber

X = torch.tensor([0.5, 2.0, -1.0])
Y = torch.tensor([3.0, -0.25, 0.7])

PROGRAMS = {
    "mul": lambda x, y, a: x * a, "add": lambda x, y, a: x + a, "sub": lambda x, y, a: a - x,
    "div": lambda x, y, a: a / x,
    "add alpha": lambda x, y, a: torch.add(x, y, alpha=a), "sub alpha": lambda x, y, a: torch.sub(x, y, alpha=-a),
    "pow": lambda x, y, a: x.abs() ** a, "rpow": lambda x, y, a: a**x,
    "rsub": lambda x, y, a: torch.rsub(x, y, alpha=a),
    "lerp": lambda x, y, a: x.lerp(y, a), "lerp far": lambda x, y, a: x.lerp(y, 1 - a / 4),
    "addcmul": lambda x, y, a: torch.addcmul(x, x, y, value=a),
    "addcdiv": lambda x, y, a: torch.addcdiv(x, x, y, value=a),
    "fill": lambda x, y, a: x.clone().fill_(a) * y, "masked_fill": lambda x, y, a: x.masked_fill(x > 0, a),
    "clamp": lambda x, y, a: x.clamp(-a, a), "clamp_min": lambda x, y, a: x.clamp_min(a),
    "clamp_max": lambda x, y, a: x.clamp(max=a), "full": lambda x, y, a: torch.full((3,), a) + x,
    "full_like": lambda x, y, a: torch.full_like(x, a), "where": lambda x, y, a: torch.where(x > 0, x, a),
    "tensor": lambda x, y, a: x * torch.tensor(a),
    "comparisons": lambda x, y, a: ((x > a).int() + (x <= a / 2)).float(),
    "integers": lambda x, y, a: x.long() * a, "scalar tensors": lambda x, y, a: x.sum() * a,
    "double": lambda x, y, a: (x.double() * a + x.sum().double() / a),
    "foreach": lambda x, y, a: torch.stack(torch._foreach_mul([x, y], a)),
    "gradient": lambda x, y, a: torch.autograd.grad((x.requires_grad_() ** 2 * a).sum(), x)[0],
}


def recorded_with_number(fn, number):
    recorder = Recorder(Numbers((number,), (3e-6,)))
    recorder.declare(X)
    recorder.declare(Y)
    recorder.declare_number(recorder._numbers.base[0])
    x = X.clone()
    with recorder:
        x = X.detach()
        result = fn(x, Y, recorder._numbers.base[0])
    recorder.graph.output([recorder.node(result)])
    return GraphModule(nn.Module(), recorder.graph)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_number_is_an_input(name):
    fn = PROGRAMS[name]
    module = recorded_with_number(fn, 0.4)
    for number in (0.4, 0.3, 0.45):
        (got,) = module(X, Y, torch.tensor(number, dtype=torch.float64))
        expected = fn(X.clone(), Y, number).detach()
        assert got.dtype == expected.dtype and got.shape == expected.shape
        torch.testing.assert_close(got, expected)


def test_where_only_a_constant_can_be_the_number_is_named():
    with pytest.raises(FixedNumber) as caught:
        recorded_with_number(lambda x, y, a: torch.nn.functional.gelu(x) + torch.empty(3).normal_(0.0, 2 * a), 0.4)
    assert caught.value.positions() == {0}
