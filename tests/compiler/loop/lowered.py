"""Kernels of a function, for tests that look inside."""

from collections.abc import Callable

from torch import Tensor

from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.code import FAST, Module
from pyro.compiler.loop.expression import Expression, Stored, contiguous_strides
from pyro.compiler.loop.kernel import Kernel
from pyro.compiler.loop.lowering import Lowering
from pyro.compiler.loop.scalar import scalar_type
from pyro.compiler.loop.scope import Buffer
from pyro.compiler.loop.vector_math import LIBRARY
from tests.compiler.loop.steps import step_graph

__all__ = ["lowered_kernels"]


def lowered_kernels(function: Callable[..., tuple[Tensor, ...]], *args: Tensor) -> list[Kernel]:
    """The kernels of a function: of its first argument, which changes, and others, which do not."""
    graph = step_graph(function, (), args)
    builder = Builder(Module(LIBRARY), FAST)
    sources: dict[object, Expression] = {}
    placeholders = [n for n in graph.module.graph.nodes if n.op == "placeholder"]
    for i, (node, tensor) in enumerate(zip(placeholders, args, strict=True)):
        kind, shape = scalar_type(tensor.dtype), tuple(tensor.shape)
        buffer = Buffer(f"%in{i}", kind, tensor.numel(), False, i > 0)
        sources[node] = Stored(shape, kind, 0, i > 0, buffer, contiguous_strides(shape))
    for result in Lowering(graph.module, builder).run(sources):
        builder.store(result)
    return builder.kernels
