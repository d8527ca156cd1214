"""A step with a convolution, in the form in which lowerings get it, and what it runs on."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.fx import Interpreter, Node
from torch.fx.experimental.proxy_tensor import make_fx

from pyro.compiler.graph import Input, InputRole, Output, OutputRole, StepGraph, TensorSpec

STEPS = 6


def noisy_descent(weight: Tensor, average: Tensor, count: Tensor, pictures: Tensor, rate: Tensor, noise: Tensor
                  ) -> tuple[Tensor, ...]:
    """Gradient descent on a convolution's weight, whose moving average is a state of its own.

    The former weight is the new average's start, and the third state is not changed: outputs that are inputs.
    """
    out = torch.nn.functional.conv2d(pictures, weight)
    loss = (out * out).sum() + (noise * weight).sum()
    grad = torch.ops.aten.convolution_backward(2 * out, pictures, weight, [0], [1, 1], [0, 0], [1, 1], False, [0, 0], 1,
                                               [False, True, False])[1] + noise
    return weight - rate * grad, weight, count, loss, loss.isfinite()


def inputs() -> list[Tensor]:
    """What the step runs on: state, constants of which one is no contiguous tensor, rows."""
    torch.manual_seed(0)
    pictures = torch.randn(2, 6, 6, 4).permute(0, 3, 1, 2)
    return [torch.randn(3, 4, 3, 3), torch.zeros(3, 4, 3, 3), torch.tensor(1.0), pictures, torch.tensor(1e-3),
            torch.randn(STEPS, 3, 4, 3, 3)]


def records() -> list[Tensor]:
    """Where the step writes."""
    return [torch.full((STEPS,), -1.0), torch.zeros(STEPS, dtype=torch.bool)]


ROLES = [*[InputRole.STATE] * 3, *[InputRole.CONSTANT] * 2, InputRole.ROW]


class _Values(Interpreter):
    """Runs a graph and keeps each node's result with it."""

    def run_node(self, n: Node) -> Any:
        """One node."""
        n.meta["val"] = super().run_node(n)
        return n.meta["val"]


def step_graph(step: Callable[..., tuple[Tensor, ...]] = noisy_descent) -> StepGraph:
    """The step as a graph.

    Args:
        step: takes and returns what :func:`noisy_descent` does.
    """
    examples = [value[0] if role is InputRole.ROW else value for value, role in zip(inputs(), ROLES, strict=True)]
    module = make_fx(step)(*examples)
    results = _Values(module).run(*examples)
    given = [Input(f"input {i}", role, TensorSpec.of(value))
             for i, (role, value) in enumerate(zip(ROLES, examples, strict=True))]
    outputs = [Output(f"output {i}", OutputRole.STATE if i < 3 else OutputRole.RECORD, TensorSpec.of(value),
                      i if i < 3 else None) for i, value in enumerate(results)]
    return StepGraph(module, tuple(given), tuple(outputs))
