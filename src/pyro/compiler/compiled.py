"""A captured and lowered step, with the live tensors that it reads and writes."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import increment_version

from pyro.compiler.capture import capture, numbers_of
from pyro.compiler.errors import CannotCapture
from pyro.compiler.graph import InputRole, OutputRole, StepGraph
from pyro.compiler.keyed import Keyed, keyed_draws
from pyro.compiler.noise import Draw, block_size
from pyro.compiler.numbers import Condition
from pyro.compiler.optimizer_step import OptimizerState
from pyro.compiler.passes import run_passes
from pyro.compiler.passes.draft import Slot
from pyro.compiler.plan import Plan, plan
from pyro.compiler.program import Program
from pyro.compiler.replay import memory_of
from pyro.compiler.signature import arguments
from pyro.settings import values

__all__ = ["BadStep", "Compiled", "compile_step"]

_CHUNK_SECONDS = 0.1
_REPLAY_SECONDS = 1.0  # how long a step that is not valid may take to find its state again


class BadStep(Exception):
    """A step whose inputs, loss or gradients were not valid. The state is that from before it.

    Args:
        position: how many steps of the run were fine.
        draws: the random numbers of the step, in the order in which they are drawn; of samplers, what they come from.
    """

    def __init__(self, position: int, draws: list[Tensor | Keyed]) -> None:
        super().__init__(f"step {position} of the run is not valid")
        self.position = position
        self.draws = draws


@dataclass
class Compiled:
    """A step that can be run.

    Attributes:
        graph: the step.
        plan: how it runs.
        capture_seconds: how long it took to capture and rewrite.
    """

    graph: StepGraph
    plan: Plan
    capture_seconds: float
    _slots: tuple[Slot, ...]
    _layout: OptimizerState
    _conditions: tuple[Condition, ...]
    _spare: list[Tensor] = field(default_factory=list)  # where runs save their states, made once

    @property
    def draws(self) -> tuple[Draw, ...]:
        """What a step draws, in order."""
        return tuple(slot.draw for slot in self._slots if slot.draw is not None)

    def fits(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether all that the captured step took for granted about numbers holds for this call."""
        values = [*self._layout.options(), *numbers_of(args, kwargs)]
        return all(condition.holds(values) for condition in self._conditions)

    @property
    def first_option(self) -> int:
        """The position of the first option among the inputs."""
        return len(self._layout.leaves) + len(self._layout.places)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Run":
        """Prepares a run on given arguments, which must have the signature of those captured."""
        # loading a state gives the optimiser other tensors
        current = [*(leaf.detach() for leaf in self._layout.leaves), *self._layout.tensors(),
                   *map(_scalar, self._layout.options()), *arguments(args, kwargs),
                   *map(_scalar, numbers_of(args, kwargs))]
        return Run(self, [*current, *(slot.tensor for slot in self._slots[len(current):])])

    def advance(self, seconds_left: float | None = None) -> bool:
        """Changes to a faster lowering if one has come; says whether it did. See :meth:`Plan.advance`."""
        before, self.plan = self.plan, self.plan.advance(seconds_left)
        return self.plan is not before

    def explain(self, program: bool = False) -> str:
        """A few lines on how the step runs and why.

        Args:
            program: whether to add the lowered program.
        """
        operations = [node for node in self.graph.module.graph.nodes if node.op == "call_function"]
        roles = {role: sum(spec.role is role for spec in self.graph.inputs) for role in InputRole}
        closed_over = [f"{slot.name}: {tuple(slot.tensor.shape)}" for slot in self._slots
                       if slot.tensor is not None and slot.name.startswith("closed over")]
        lines = [f"runs as: {self.plan.name} (captured in {self.capture_seconds:.2f} s, compiled in "
                 f"{self.plan.seconds:.2f} s)",
                 f"captured: {len(operations)} operations; {roles[InputRole.STATE]} tensors carried from step to step, "
                 f"{roles[InputRole.CONSTANT]} constant ones, {roles[InputRole.ROW]} random draws",
                 f"closed over: {', '.join(closed_over) or 'nothing'}", *self.plan.reasons]
        if self.plan.later is not None:
            lines.append(self.plan.later.state())
        if program:
            lines.append(getattr(self.plan.lowering, "ir", self.graph.module.code))
        return "\n".join(lines)


class Run:
    """The state of a run, which the step changes where it lies, or as a copy where other tensors share its memory.

    Args:
        compiled: the step.
        live: for each input the tensor that it stands for, ``None`` for rows.
    """

    def __init__(self, compiled: Compiled, live: list[Tensor | None]) -> None:
        self._compiled = compiled
        self._live = live
        self._states = [i for i, spec in enumerate(compiled.graph.inputs) if spec.role is InputRole.STATE]
        self._inputs: list[Any] = list(live)
        owners = Counter(memory_of(tensor) for tensor in live if tensor is not None)
        for i in self._states:
            tensor = live[i]
            assert tensor is not None
            is_alone = owners[memory_of(tensor)] == 1 and tensor.is_contiguous()
            own = tensor.detach()
            self._inputs[i] = own if is_alone else own.clone(memory_format=torch.contiguous_format)

    def commit(self) -> None:
        """Brings the parameters, the optimiser and the buffers up to date, in the tensors that they are."""
        with torch.no_grad():
            for i in self._states:
                live, state = self._live[i], self._inputs[i]
                assert live is not None
                if live.data_ptr() == state.data_ptr():
                    increment_version(live)  # as a write by torch would: a graph that saved the old values must know
                else:
                    live.copy_(state)
        layout, first = self._compiled._layout, self._compiled.first_option
        options = layout.options()
        for i in set(self._states) & set(range(first, first + len(options))):
            options[i - first] = float(self._inputs[i])
        layout.set_options(options)

    @contextmanager
    def undoing(self) -> Iterator[None]:
        """A ``with`` block that leaves the state as it found it."""
        saved = self._save(0)
        try:
            yield
        finally:
            self._restore(saved)

    def steps(self, num_steps: int) -> Iterator[Tensor]:
        """Runs steps in chunks of about a tenth of a second.

        Args:
            num_steps: how many.

        Yields:
            The losses of a chunk. The state is then that after its last step.

        Raises:
            BadStep: if a step is not valid; the state is then that from before it.
        """
        # numbers that stay in the graph are drawn as the step runs: eager's order is kept by one step a block
        block = 1 if values.eager_random_numbers else block_size(self._compiled.draws)
        chunk = 1
        for start in range(0, num_steps, block):
            size = min(block, num_steps - start)
            self._draw(size)
            first, saved = 0, None
            while first < size:
                count = min(chunk, size - first)
                began = time.perf_counter()
                if saved is None or not saved.serves(self._compiled.plan, began):
                    saved = self._save(first)
                yield self._chunk(start, first, count, saved)
                elapsed = time.perf_counter() - began
                chunk = max(1, int(count * min(8.0, _CHUNK_SECONDS / max(elapsed, 1e-9))))
                first += count

    def _draw(self, size: int) -> None:
        drawn = {i: slot.draw for i, slot in enumerate(self._compiled._slots) if slot.draw is not None}
        if values.eager_random_numbers or self._compiled.plan.draws_as_eager:
            steps = [[draw.once() for draw in drawn.values()] for _ in range(size)]
            for i, *rows in zip(drawn, *steps, strict=True):
                self._inputs[i] = torch.stack(rows)
        else:
            for i, draw in drawn.items():
                self._inputs[i] = draw.rows(size, self._compiled.graph.inputs[i].spec.device)

    def _save(self, row: int) -> "_Saved":
        states = [self._inputs[i] for i in self._states]
        spare = self._compiled._spare
        if not spare:
            spare += [torch.empty_like(state) for state in states]
        for place, state in zip(spare, states, strict=True):
            place.copy_(state)
        return _Saved(row, spare, _generator_states(), self._compiled.plan, time.perf_counter())

    def _restore(self, saved: "_Saved") -> None:
        for i, value in zip(self._states, saved.states, strict=True):
            self._inputs[i].copy_(value)

    def _chunk(self, start: int, first: int, count: int, saved: "_Saved") -> Tensor:
        outputs = [out for out in self._compiled.graph.outputs if out.role is OutputRole.RECORD]
        records = [torch.empty((first + count, *out.spec.shape), dtype=out.spec.dtype, device=out.spec.device)
                   for out in outputs]
        lowering = self._compiled.plan.lowering
        assert lowering is not None, "the caller takes eager steps where there is no lowering"
        run: Callable[..., None] = lowering.run
        run(self._inputs, records, count, first)
        losses, passed = records[0][first:], records[1][first:]
        if bool(passed.all()):
            return losses
        good = first + int((~passed).nonzero()[0])
        self._restore(saved)
        _set_generator_states(saved.generators)  # for draws that stayed in the graph
        run(self._inputs, records, good - saved.row, saved.row)
        raise BadStep(start + good, self._draws(good))

    def _draws(self, position: int) -> list[Tensor | Keyed]:
        """The random numbers of a step of the block, as the eager step needs them."""
        draws: list[Tensor | Keyed] = []
        for i, slot in enumerate(self._compiled._slots):
            if slot.draw is None:
                continue
            row = self._inputs[i][position]
            draws += keyed_draws(self._compiled.graph, row) if slot.draw.is_key else [row]
        return draws


@dataclass(frozen=True)
class _Saved:
    """What it takes to go through some steps of a block again.

    Attributes:
        row: the first of them.
        states: the state before it.
        generators: see :func:`_generator_states`.
        plan: how they were run.
        time: when they began.
    """

    row: int
    states: list[Tensor]
    generators: list[Tensor]
    plan: Plan
    time: float

    def serves(self, plan: Plan, now: float) -> bool:
        """Whether steps that run now could be gone through again from here, and soon enough."""
        return plan is self.plan and now - self.time < _REPLAY_SECONDS


def _generator_states() -> list[Tensor]:
    """The states of torch's generators: the CPU's, and each device's if it is in use."""
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return [torch.get_rng_state(), *devices]


def _set_generator_states(states: list[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1:
        torch.cuda.set_rng_state_all(states[1:])


def compile_step(program: Program, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Compiled:
    """Captures a step for given arguments, rewrites it and lowers it.

    Args:
        program: the step; its optimiser has state for every parameter.
        args: positional arguments.
        kwargs: keyword arguments.

    Raises:
        CannotCapture: if the step is no fixed program; says why.
    """
    start = time.perf_counter()
    captured = capture(program, args, kwargs)
    try:
        draft = run_passes(captured.draft)
        graph = draft.finish()
    except Exception as e:
        raise CannotCapture(f"its graph cannot be rewritten, {type(e).__name__}: {e}") from e
    seconds = time.perf_counter() - start
    return Compiled(graph, plan(graph), seconds, draft.slots, captured.layout, captured.conditions)


def _scalar(number: float) -> Tensor:
    return torch.tensor(number, dtype=torch.float64)
