"""Step graphs for tests of the loop program, made from plain functions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._decomp import core_aten_decompositions
from torch.func import functionalize
from torch.fx.experimental.proxy_tensor import make_fx

from pyro.compiler.graph import Input, InputRole, Output, OutputRole, StepGraph, TensorSpec
from pyro.compiler.loop import LoopProgram, compile_loop
from pyro.compiler.replay import Replay

__all__ = ["agree", "agree_all", "compiled", "integers", "sample", "step_graph", "trajectories"]

Step = Callable[..., tuple[Tensor, ...]]


def step_graph(
    step: Step, state: Sequence[Tensor], constants: Sequence[Tensor] = (), rows: Sequence[Tensor] = ()
) -> StepGraph:
    """Captures ``step(*state, *constants, *rows) -> (*new_state, *records)``; ``rows`` have a leading dim of steps."""
    examples = [*state, *constants, *(row[0] for row in rows)]
    flat = make_fx(step, tracing_mode="fake")(*examples)  # gradients are taken here
    module = make_fx(functionalize(flat), decomposition_table=core_aten_decompositions(), tracing_mode="fake")(
        *examples
    )
    module.graph.eliminate_dead_code()
    roles = [InputRole.STATE] * len(state) + [InputRole.CONSTANT] * len(constants) + [InputRole.ROW] * len(rows)
    inputs = [
        Input(f"input {i}", role, TensorSpec.of(t)) for i, (role, t) in enumerate(zip(roles, examples, strict=True))
    ]
    outputs = []
    results = next(n for n in module.graph.nodes if n.op == "output").args[0]
    for i, node in enumerate(results):
        role = OutputRole.STATE if i < len(state) else OutputRole.RECORD
        outputs.append(Output(f"output {i}", role, TensorSpec.of(node.meta["val"]), i if i < len(state) else None))
    return StepGraph(module, tuple(inputs), tuple(outputs))


def compiled(step: Step, *constants: Tensor, strict: bool = False) -> tuple[Tensor, ...]:
    """The results of a function of constants, computed by a loop program of one step."""
    graph = step_graph(step, (), constants)
    program = compile_loop(graph, strict=strict)
    records = [torch.zeros((1, *o.spec.shape), dtype=o.spec.dtype) for o in graph.outputs]
    program.run(constants, records, 1)
    return tuple(r[0] for r in records)


def trajectories(
    step: Step,
    state: Sequence[Tensor],
    constants: Sequence[Tensor] = (),
    rows: Sequence[Tensor] = (),
    steps: int = 50,
    strict: bool = False,
) -> tuple[list[Tensor], list[Tensor], LoopProgram]:
    """Final state and records of a loop program, and of the same graph run by torch, and the program."""
    graph = step_graph(step, state, constants, rows)
    program = compile_loop(graph, strict=strict)
    results = []
    for lowering in (program, Replay(graph)):
        current = [s.clone() for s in state]
        records = [torch.zeros((steps, *o.spec.shape), dtype=o.spec.dtype) for o in graph.outputs if o.state is None]
        lowering.run([*current, *constants, *rows], records, steps)
        results.append([*current, *records])
    return results[0], results[1], program


TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-13}


def agree(function: Callable[..., Any], *args: Tensor, tolerance: float | None = None) -> None:
    """Compiled equals eager: equal NaN and infinities, and numbers within some units in the last place."""
    agree_all({"result": function}, *args, tolerance=tolerance)


def agree_all(functions: Mapping[str, Callable[..., Any]], *args: Tensor, tolerance: float | None = None) -> None:
    """Like :func:`agree`, for functions by name in one program."""

    def results(function: Callable[..., Any], *given: Tensor) -> tuple[Tensor, ...]:
        result = function(*given)
        return tuple(result) if isinstance(result, tuple | list) else (result,)

    expected = [(name, want) for name, function in functions.items() for want in results(function, *args)]
    got = compiled(lambda *given: tuple(r for function in functions.values() for r in results(function, *given)), *args)
    for (name, want), have in zip(expected, got, strict=True):
        assert have.dtype == want.dtype, name
        bound = tolerance or TOLERANCE.get(want.dtype, 0.0)
        torch.testing.assert_close(
            have,
            want.contiguous(),
            rtol=bound,
            atol=bound,
            equal_nan=True,
            msg=lambda text, name=name: f"{name}: {text}",
        )


def sample(shape: tuple[int, ...], dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    """Numbers of both signs; small ones for integers."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    return x > 0 if dtype is torch.bool else (x * (1 if dtype.is_floating_point else 4)).to(dtype)


def integers(shape: tuple[int, ...], high: int) -> Tensor:
    """Indices, some of them more than once and some negative."""
    x = torch.randint(0, high, shape, generator=torch.Generator().manual_seed(3))
    return torch.where(torch.rand(shape, generator=torch.Generator().manual_seed(4)) < 0.2, x - high, x)
