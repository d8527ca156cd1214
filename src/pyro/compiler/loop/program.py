"""The loop program: all steps of a run as one native function.

The function takes the caller's tensors and the program's own buffers as pointers. It computes what no step changes,
then runs the steps; small state lives in registers meanwhile. It is compiled for this machine when the program is made.
"""

from collections.abc import Sequence
from time import perf_counter

import torch
from torch import Tensor
from torch.fx import Node

from pyro.compiler.errors import Unsupported
from pyro.compiler.graph import Input, InputRole, OutputRole, StepGraph
from pyro.compiler.loop.builder import SMALL, Builder
from pyro.compiler.loop.code import FAST, STRICT, Code, Module
from pyro.compiler.loop.expression import Expression, Stored, contiguous_strides
from pyro.compiler.loop.in_place import write_in_place
from pyro.compiler.loop.kernel import MapKernel
from pyro.compiler.loop.lowering import Lowering
from pyro.compiler.loop.native import compile_text
from pyro.compiler.loop.scalar import scalar_type
from pyro.compiler.loop.schedule import Group, directly, grouped, write_group
from pyro.compiler.loop.scope import Buffer
from pyro.compiler.loop.shared import Shared
from pyro.compiler.loop.vector_math import LIBRARY

__all__ = ["LoopProgram", "compile_loop"]


# of lines: about ten seconds of LLVM's time, which grows faster than the text
_LONGEST = 40_000
_SHORT = 6_000  # of lines: what is left to LLVM as one piece, with every number known and small buffers in registers


def compile_loop(graph: StepGraph, *, strict: bool = False) -> "LoopProgram":
    """Lowers a captured step to a native function that runs many.

    Args:
        graph: the step.
        strict: no fast-math: neither sums in another order than written, nor fused multiplications and additions.

    Raises:
        Unsupported: when an operator, dtype, device or size cannot be lowered; names operators and nodes.
    """
    return LoopProgram(graph, strict)


class LoopProgram:
    """A step that is compiled together with the loop around it.

    Args:
        graph: the step.
        strict: see :func:`compile_loop`.

    Attributes:
        graph: the step.
        ir: LLVM's text, before its optimiser.
        lowering_seconds: from the graph to the text.
        compile_seconds: from the text to machine code.
    """

    name = "loop program"

    def __init__(self, graph: StepGraph, strict: bool = False) -> None:
        start = perf_counter()
        self.graph = graph
        writer = _Writer(graph, STRICT if strict else FAST)
        self.ir = writer.text
        length = self.ir.count("\n")
        if length > _LONGEST:
            raise Unsupported(f"its text has {length} lines; from {_LONGEST} on LLVM would take too long")
        self.lowering_seconds = perf_counter() - start
        self._native = compile_text(self.ir, "run")
        self.compile_seconds = self._native.seconds
        self._attributes = writer.attributes
        self._row_inputs = [i for i, spec in enumerate(graph.inputs) if spec.role is InputRole.ROW]
        self._heap_bytes = [b.numel * b.kind.size for b in writer.heap]
        self._offsets, size = _layout(self._heap_bytes)
        self._arena = torch.zeros(size, dtype=torch.uint8)

    def run(self, inputs: Sequence[Tensor], records: Sequence[Tensor], num_steps: int, first_row: int = 0) -> None:
        """Runs steps one after the other.

        Args:
            inputs: in the graph's order. State tensors are contiguous and updated in place; constants have the strides
                of their specs; rows have a leading dim of steps.
            records: one for each record among the graph's outputs, contiguous, with a leading dim of steps.
            num_steps: how many steps.
            first_row: the row of the first step, in inputs and in records.

        Raises:
            ValueError: when a tensor is not what the graph says, or too short for the rows that it is asked for, or
                when state or a record shares memory with another tensor.

        Note:
            The program owns its intermediate buffers: one run at a time.
        """
        if num_steps < 1:
            return
        self._check(inputs, records, first_row, first_row + num_steps)
        base = self._arena.data_ptr()
        base += -base % _ALIGN
        pointers = [t.data_ptr() for t in (*inputs, *self._attributes, *records)]
        pointers += [base + offset for offset in self._offsets]
        strides = [inputs[i].stride(0) for i in self._row_inputs]
        self._native.call(len(pointers), pointers, [first_row, first_row + num_steps, *strides])

    def _check(self, inputs: Sequence[Tensor], records: Sequence[Tensor], first: int, stop: int) -> None:
        outputs = [o for o in self.graph.outputs if o.role is OutputRole.RECORD]
        if len(inputs) != len(self.graph.inputs) or len(records) != len(outputs):
            raise ValueError(
                f"The program takes {len(self.graph.inputs)} inputs and {len(outputs)} records, "
                f"not {len(inputs)} and {len(records)}."
            )
        for spec, tensor in zip(self.graph.inputs, inputs, strict=True):
            _check_input(spec, tensor, first, stop)
        for output, tensor in zip(outputs, records, strict=True):
            rows = (tuple(tensor.shape[1:]), tensor.dtype, tensor.device.type)
            if (
                rows != (output.spec.shape, output.spec.dtype, "cpu")
                or not tensor.is_contiguous()
                or len(tensor) < stop
            ):
                raise ValueError(
                    f"Record {output.name!r} has shape {tuple(tensor.shape)} and dtype {tensor.dtype}, expected a "
                    f"contiguous CPU tensor of at least {stop} rows of shape {output.spec.shape} and dtype "
                    f"{output.spec.dtype}."
                )
        if first < 0:
            raise ValueError(f"first_row is {first}, expected a row from 0 on.")
        state = [t for s, t in zip(self.graph.inputs, inputs, strict=True) if s.role is InputRole.STATE]
        read = [t for s, t in zip(self.graph.inputs, inputs, strict=True) if s.role is not InputRole.STATE]
        _check_apart([*state, *records], read)


def _check_input(spec: Input, tensor: Tensor, first: int, stop: int) -> None:
    row = tensor
    if spec.role is InputRole.ROW:
        if tensor.dim() == 0 or len(tensor) < stop:
            raise ValueError(
                f"Input {spec.name!r} has shape {tuple(tensor.shape)}, expected at least {stop} rows of shape "
                f"{spec.spec.shape}."
            )
        row = tensor[first]
    strides = contiguous_strides(spec.spec.shape) if spec.role is InputRole.STATE else spec.spec.stride
    same = [a == b for a, b, n in zip(row.stride(), strides, row.shape, strict=False) if n > 1]
    if row.shape != spec.spec.shape or row.dtype != spec.spec.dtype or row.device.type != "cpu" or not all(same):
        raise ValueError(
            f"Input {spec.name!r} has shape {tuple(row.shape)}, strides {row.stride()} and dtype {row.dtype}, "
            f"expected {spec.spec.shape}, {strides} and {spec.spec.dtype} on the CPU."
        )


def _check_apart(written: Sequence[Tensor], read: Sequence[Tensor]) -> None:
    """Tensors that are written share no memory with any other; LLVM is told so."""
    stretches = []
    for tensor, is_written in [*((t, True) for t in written), *((t, False) for t in read)]:
        if tensor.numel():
            last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
            start = tensor.data_ptr()
            stretches.append((start, start + (last + 1) * tensor.element_size(), is_written))
    end, end_written = 0, 0
    for start, stop, writes in sorted(stretches):
        if start < (end if writes else end_written):
            raise ValueError("A state or a record shares memory with another tensor; clone one of them.")
        end = max(end, stop)
        end_written = max(end_written, stop) if writes else end_written


_ALIGN = 64


def _layout(sizes: Sequence[int]) -> tuple[list[int], int]:
    """Offsets of buffers in one stretch of memory, and its size; all in bytes."""
    offsets, size = [], 0
    for wanted in sizes:
        offsets.append(size)
        size += -(-wanted // _ALIGN) * _ALIGN
    return offsets, size + _ALIGN


class _Writer:
    """Writes the text of a program."""

    def __init__(self, graph: StepGraph, flags: str) -> None:
        self.graph = graph
        self.module = Module(LIBRARY)
        self.builder = Builder(self.module, flags)
        self.code = Code(self.module, flags)
        self.attributes: list[Tensor] = []
        self.parameters: list[str] = []
        self._inputs: list[Stored] = []
        self._at_start: list[str] = []
        outputs = Lowering(graph.module, self.builder).run(self._sources())
        # Every result exists before the first state changes: one output may be another's old state.
        results = [self.builder.store(self._apart(e)) for e in outputs]
        states = [(new, o.state) for o, new in zip(graph.outputs, results, strict=True) if o.state is not None]
        large = [(new, self._inputs[i]) for new, i in states if new.numel > SMALL]
        self._in_place = write_in_place(self.builder, large)
        once = [k for k in self.builder.kernels if k.invariant]
        each = [k for k in self.builder.kernels if not k.invariant]
        last = self._finish(results)
        self.heap = [b for b in self.builder.buffers if b.numel > SMALL + 16]
        self._write(grouped(once), [*grouped(each), *last])

    def _sources(self) -> dict[Node, Expression]:
        sources: dict[Node, Expression] = {}
        nodes = list(self.graph.module.graph.nodes)
        placeholders = [n for n in nodes if n.op == "placeholder"]
        for i, (node, spec) in enumerate(zip(placeholders, self.graph.inputs, strict=True)):
            if spec.spec.device.type != "cpu":
                raise Unsupported(f"input {spec.name!r} is on {spec.spec.device}")
            sources[node] = self._input(i, spec)
        for node in nodes:
            if node.op == "get_attr":
                sources[node] = self._attribute(node)
        return sources

    def _input(self, i: int, spec: Input) -> Stored:
        constant = spec.role is InputRole.CONSTANT
        kind = scalar_type(spec.spec.dtype, f"input {spec.name!r}")
        self.parameters.append(f"ptr noalias {'readonly ' if spec.role is not InputRole.STATE else ''}%in{i}")
        name = f"%in{i}" if constant else f"%row{i}"
        strides = spec.spec.stride
        if spec.role is InputRole.STATE:
            strides = contiguous_strides(spec.spec.shape)
        numel = 1 + sum((n - 1) * s for n, s in zip(spec.spec.shape, strides, strict=True))
        if spec.role is InputRole.STATE:
            name = f"%in{i}" if numel > SMALL else f"%state{i}"
        buffer = Buffer(name, kind, numel, spec.role is InputRole.STATE and numel <= SMALL, constant)
        self._inputs.append(Stored(spec.spec.shape, kind, 0, constant, buffer, strides))
        return self._inputs[-1]

    def _attribute(self, node: Node) -> Stored:
        value = self.graph.module
        for part in str(node.target).split("."):
            value = getattr(value, part)
        tensor = torch.as_tensor(value).detach().contiguous()
        kind = scalar_type(tensor.dtype, f"constant {node.target}")
        name = f"%attr{len(self.attributes)}"
        self.parameters.append(f"ptr noalias readonly {name}")
        self.attributes.append(tensor)
        buffer = Buffer(name, kind, tensor.numel(), False, True)
        return Stored(tuple(tensor.shape), kind, 0, True, buffer, contiguous_strides(tensor.shape))

    def _apart(self, expression: Expression) -> Expression:
        """An output that does not lie in an input's memory."""
        if isinstance(expression, Stored) and any(expression.buffer is source.buffer for source in self._inputs):
            copy = self.builder.pointwise(lambda v: v, [expression], expression.kind, expression.shape)
            copy.invariant = False
            return copy
        return expression

    def _finish(self, results: Sequence[Stored]) -> list[Group]:
        """New state and records put where they belong."""
        groups = []
        record = 0
        for output, result in zip(self.graph.outputs, results, strict=True):
            kind = scalar_type(output.spec.dtype, f"output {output.name!r}")
            if output.role is OutputRole.RECORD:
                self.parameters.append(f"ptr noalias %rec{record}")
                size = max(1, result.numel)
                self._at_start += [
                    f"%at{record} = mul i64 %t, {size}",
                    f"%record{record} = getelementptr {kind.memory}, ptr %rec{record}, i64 %at{record}",
                ]
                target = Buffer(f"%record{record}", kind, size)
                record += 1
            else:
                assert output.state is not None
                target = self._inputs[output.state].buffer
            if result.numel and not (result.buffer in self._in_place and result.buffer.name == target.name):
                expression = self.builder.convert(result, kind)
                kernel = MapKernel.into(self.module, self.builder.flags, expression, target)
                groups.append(Group(0, [(kernel, None)]))
        return groups

    def _write(self, once: Sequence[Group], each: Sequence[Group]) -> None:
        lines = sum(len(kernel.form) for kernel in self.builder.kernels)
        if lines > _SHORT or not self._written(once, each, None):
            self.code = Code(self.module, self.builder.flags)
            self._written(once, each, Shared(self.module, self.builder.flags, [*once, *each]))

    def _written(self, once: Sequence[Group], each: Sequence[Group], write: Shared | None) -> bool:
        """Writes everything; gives up where kernels are not shared and the text becomes long."""
        code = self.code
        self._own_buffers()
        small = [(i, s) for i, s in enumerate(self._inputs) if s.buffer.name.startswith("%state")]
        for i, source in small:
            self._copy_state(source, f"%in{i}", source.buffer.name)
        for group in once:
            write_group(code, group, write or directly)
        code.do("br label %step")
        before = code.block
        code.label("step")
        code.do(f"%t = phi i64 [ %first, %{before} ], [ %following, %done ]")
        code.lines += [*self._rows(), *self._at_start]
        for group in each:
            write_group(code, group, write or directly)
            if write is None and len(code.lines) > _SHORT:
                return False
        code.do("br label %done")
        code.label("done")
        code.do("%following = add nsw i64 %t, 1")
        code.do("%more = icmp slt i64 %following, %stop")
        code.do("br i1 %more, label %step, label %leave")
        code.label("leave")
        for i, source in small:
            self._copy_state(source, source.buffer.name, f"%in{i}")
        code.do("ret void")
        parameters = [
            *self.parameters,
            *(f"ptr noalias align {_ALIGN} {b.name}" for b in self.heap),
            "i64 %first",
            "i64 %stop",
        ]
        parameters += [f"i64 %stride{i}" for i, spec in enumerate(self.graph.inputs) if spec.role is InputRole.ROW]
        body = "\n".join([*code.allocas, *code.lines])
        self.text = f"{self.module.text()}\ndefine void @run({', '.join(parameters)}) {{\nentry:\n{body}\n}}\n"
        return True

    def _own_buffers(self) -> None:
        """Small buffers on the stack, all zero at first: padding may be read."""
        small = [(b.name, b.kind, b.numel) for b in self.builder.buffers if b not in self.heap]
        small += [
            (s.buffer.name, s.buffer.kind, s.buffer.numel + 16)
            for s in self._inputs
            if s.buffer.name.startswith("%state")
        ]
        for name, kind, numel in small:
            self.code.allocas.append(f"{name} = alloca [{numel} x {kind.memory}], align {_ALIGN}")
            self.code.do(f"store [{numel} x {kind.memory}] zeroinitializer, ptr {name}, align {_ALIGN}")

    def _rows(self) -> list[str]:
        lines = []
        for i, (spec, source) in enumerate(zip(self.graph.inputs, self._inputs, strict=True)):
            if spec.role is InputRole.ROW:
                lines += [
                    f"%off{i} = mul i64 %t, %stride{i}",
                    f"%row{i} = getelementptr {source.buffer.kind.memory}, ptr %in{i}, i64 %off{i}",
                ]
        return lines

    def _copy_state(self, source: Stored, origin: str, target: str) -> None:
        kind = source.buffer.kind
        copy = Stored(source.shape, kind, 0, False, Buffer(origin, kind, source.numel), source.strides)
        if source.numel:
            MapKernel.into(self.module, self.builder.flags, copy, Buffer(target, kind, source.numel)).write(
                self.code, {}
            )
