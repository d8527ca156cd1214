"""Captures one step as a flat graph without mutation.

The loss, its gradients and the optimiser's step run once, on the values that they have, while
:class:`~pyro.compiler.recorder.Recorder` writes down the operators. Parameters, the optimiser's state and options,
arguments and closed-over tensors are inputs. Reading a tensor's value raises, so nothing is baked in that may change;
the step is recorded twice, and what differs from one time to the next is no fixed program either.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node
from torch.utils._pytree import tree_flatten, tree_unflatten

from pyro.compiler.compare import difference
from pyro.compiler.errors import CannotCapture
from pyro.compiler.graph import InputRole
from pyro.compiler.numbers import Condition, Number, Numbers
from pyro.compiler.optimizer_step import STYLES, OptimizerState, Style, pure_step
from pyro.compiler.passes.draft import Draft, Slot
from pyro.compiler.program import Program
from pyro.compiler.reads import RefuseReads
from pyro.compiler.recorder import Recorder
from pyro.compiler.scalars import FixedNumber
from pyro.compiler.verify import verify
from pyro.ops.validation import Verdicts, collecting, is_validation_enabled
from pyro.poutine.handlers import trace
from pyro.poutine.runtime import _PYRO_PARAM_STORE
from pyro.poutine.trace_messenger import user_line

__all__ = ["Captured", "capture", "numbers_of"]

# how far numbers are moved for the two recordings: enough to differ in single precision, too little to matter; down and
# up, so that what is rounded without a trace differs, too
_MOVES = (3.1415e-6, -7.3891e-6)


@dataclass(frozen=True)
class Captured:
    """A step as it was recorded.

    Its inputs are parameters, the optimiser's state and its options, tensors and numbers among the arguments, and
    tensors that the program closes over. It returns the new state, the loss and whether all checks passed.

    Attributes:
        draft: the graph.
        layout: where parameters, state and options go back.
        conditions: on the options and on the numbers among the arguments, under which the step is valid.
    """

    draft: Draft
    layout: OptimizerState
    conditions: tuple[Condition, ...]


def numbers_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[float]:
    """The floats among a step's arguments, which are inputs."""
    return [value for value in tree_flatten((args, kwargs))[0] if type(value) is float]


class _Place:
    """Stands for a tensor or a number among a step's arguments."""


def capture(program: Program, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Captured:
    """Captures a program's step for given arguments.

    Nothing outside changes: random generators, buffers and parameters are as before.

    Args:
        program: the step.
        args: positional arguments. Tensors and floats anywhere in them become inputs; all else is part of the program.
        kwargs: keyword arguments.

    Raises:
        CannotCapture: if the step is no fixed program; says why.
    """
    error: CannotCapture | None = None
    for style in STYLES:
        try:
            return _Recording(program, args, kwargs, style).twice()
        except CannotCapture as e:
            error = error or e
            if not e.in_optimizer:
                break
    assert error is not None
    raise error


class _Recording:
    """The recording of one step.

    Args:
        program: the step.
        args: positional arguments.
        kwargs: keyword arguments.
        style: how the optimiser's step is run.
    """

    def __init__(self, program: Program, args: tuple[Any, ...], kwargs: dict[str, Any], style: Style) -> None:
        self.program = program
        self.leaves = list(program.parameters.values())
        self.layout = OptimizerState(program.optimizer, self.leaves, style)
        flat, self.spec = tree_flatten((args, kwargs))
        self.others = [_Place() if isinstance(value, Tensor) or type(value) is float else value for value in flat]
        self.inputs = [value for value in flat if isinstance(value, Tensor) or type(value) is float]
        self.tensors = [value for value in flat if isinstance(value, Tensor)]
        self.options = self.layout.options()
        self.values = [*self.options, *numbers_of(args, kwargs)]

    def twice(self) -> Captured:
        """Records the step until two recordings agree, with as many numbers as inputs as can be."""
        fixed: set[int] = set()
        while True:
            try:
                first, second = (self._once(move, fixed) for move in _MOVES)
            except FixedNumber as e:
                fixed |= e.positions()
                continue
            what = difference(first.draft, second.draft)
            if what is None:
                return first
            untraced = self._untraced(fixed)
            if not untraced:
                raise CannotCapture(f"the program is another one each time it runs: {what}. A captured step does not "
                                    "see what comes from Python's or NumPy's random numbers, or from a counter")
            fixed |= untraced

    def _untraced(self, fixed: set[int]) -> set[int]:
        """The numbers that the program reads in a way that leaves no trace, such as ``math.exp``."""
        everything = set(range(len(self.values)))
        if difference(*(self._once(move, everything).draft for move in _MOVES)) is not None:
            return set()
        return {i for i in everything - fixed
                if difference(*(self._once(move, everything - {i}).draft for move in _MOVES)) is not None}

    def _once(self, move: float, fixed: set[int]) -> Captured:
        numbers = Numbers(self.values, [0.0 if i in fixed else move * (1 + i / 97) for i in range(len(self.values))])
        recorder, known = Recorder(numbers), set(_PYRO_PARAM_STORE.keys())
        try:
            results = self._record(recorder, numbers)
        finally:
            recorder.restore()
            for name in set(_PYRO_PARAM_STORE.keys()) - known:
                del _PYRO_PARAM_STORE[name]
        if recorder.error is not None:
            raise recorder.error
        draft = self._draft(recorder, numbers, results)
        verify(draft)
        return Captured(draft, self.layout, tuple(dict.fromkeys(numbers.conditions)))

    def _record(self, recorder: Recorder, numbers: Numbers) -> list[Any]:
        """Runs the step; returns new parameters, state and options, the loss, and whether all checks passed."""
        for leaf in self.leaves:
            recorder.declare(leaf)
        state = self.layout.tensors()
        for tensor in state:
            recorder.declare(tensor)
        options, scalars = numbers.base[:len(self.options)], numbers.base[len(self.options):]
        for number in options:
            recorder.declare_number(number)
        for tensor in self.tensors:
            recorder.declare(tensor)
        for number in scalars:
            recorder.declare_number(number)
        tensors, rest = iter(self.tensors), iter(scalars)
        flat = [next(tensors) if isinstance(value, Tensor) else next(rest) for value in self.inputs]
        devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
        with torch.random.fork_rng(devices), recorder, torch.enable_grad():
            return _step(self.program, self.layout, state, options, self._arguments(flat))

    def _arguments(self, flat: Sequence[Any]) -> Any:
        places = iter(flat)
        return tree_unflatten([next(places) if isinstance(o, _Place) else o for o in self.others], self.spec)

    def _draft(self, recorder: Recorder, numbers: Numbers, results: list[Any]) -> Draft:
        """The graph with its slots; what the step changes is state."""
        graph, count = recorder.graph, len(self.leaves) + len(self.layout.places)
        placeholders = [node for node in graph.nodes if node.op == "placeholder"]
        position = {node: i for i, node in enumerate(placeholders)}
        changed = [*zip(range(count), map(recorder.node, results[:count]), strict=True),
                   *self._changed_options(recorder, numbers, results[count:-2]),
                   *((position[entry.node], node) for entry, node in recorder.changed()
                     if position[entry.node] >= count)]
        graph.output([*(node for _, node in changed), *(recorder.node(value) for value in results[-2:])])
        kept = [i for i, _ in changed]
        tensors = {entry.node: entry.tensor.detach() for entry in recorder.inputs}
        scalars = iter([torch.tensor(value, dtype=torch.float64) for value in self.values])
        slots = tuple(Slot(name, InputRole.STATE if i in kept else InputRole.CONSTANT,
                           tensors[node] if node in tensors else next(scalars))
                      for i, (name, node) in enumerate(zip(self._names(len(placeholders)), placeholders, strict=True)))
        return Draft(graph, slots, (*kept, None, None), ("loss", "passed"))

    def _changed_options(
        self, recorder: Recorder, numbers: Numbers, results: list[Any]
    ) -> Iterator[tuple[int, Node]]:
        """Options that the step changes, with their new values."""
        first = len(self.leaves) + len(self.layout.places)
        for i, (number, new) in enumerate(zip(numbers.base, results, strict=False)):
            if isinstance(new, Number) and new is not number:
                yield first + i, recorder.node(new)
            elif float(new) != float(number):
                raise CannotCapture(f"the optimiser's option '{self.layout.group_places[i][1]}' changes in the step")

    def _names(self, count: int) -> list[str]:
        parameters = list(self.program.parameters)
        names = [*parameters, *(f"{parameters[i]}.{key}" for i, key in self.layout.places),
                 *self.layout.option_names(), *(f"argument {i}" for i in range(len(self.tensors))),
                 *(f"number {i}" for i in range(len(self.values) - len(self.options)))]
        return names + [f"closed over {i}" for i in range(count - len(names))]


def _step(
    program: Program, layout: OptimizerState, state: Sequence[Tensor], options: Sequence[float], arguments: Any
) -> list[Any]:
    names = list(program.parameters)
    leaves = list(program.parameters.values())
    clips = {names.index(name): clip for name, clip in program.clips.items()}
    recorded = trace(param_only=True)
    args, kwargs = arguments
    with _explained("the program"), collecting(everything=True) as verdicts, recorded:
        loss = program.loss(*args, **kwargs)
    _check_parameters(recorded.trace, program)
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise CannotCapture("the loss is no scalar tensor")
    grads = (torch.autograd.grad(loss, leaves, allow_unused=True) if loss.requires_grad else [None] * len(leaves))
    params = [leaf.detach() for leaf in leaves]
    with _explained("the optimiser", in_optimizer=True):
        new_params, new_state, new_options = pure_step(layout, params, grads, state, options, clips)
    return [*new_params, *new_state, *new_options, loss.detach().reshape(()), _passed(verdicts, loss, grads)]


def _passed(verdicts: Verdicts, loss: Tensor, grads: Sequence[Tensor | None]) -> Tensor:
    """Whether the step's inputs were valid, and loss and gradients are finite; true if validation is off."""
    oks = [ok.all() for ok, _ in verdicts.pending]
    if is_validation_enabled():
        # one comparison, which NaN does not pass either, where isfinite() takes two
        oks += [(value.detach().abs() < math.inf).all() for value in (loss, *grads) if value is not None]
    return torch.stack(oks).all() if oks else torch.ones((), dtype=torch.bool, device=loss.device)


def _check_parameters(recorded: Any, program: Program) -> None:
    for name, site in recorded.nodes.items():
        # a value that a handler has put in a parameter's place has no leaf
        value = site["value"]
        if hasattr(value, "unconstrained") and program.parameters.get(name) is not value.unconstrained():
            raise CannotCapture(f"parameter '{name}' appears late: it was not there in the first steps")


@contextmanager
def _explained(what: str, in_optimizer: bool = False) -> Iterator[None]:
    """Refuses to read tensors' values, and says of any error where it arose: the same step has run eagerly before."""
    reads = RefuseReads()
    try:
        with reads:
            yield
        if reads.error is not None:
            raise reads.error
    except FixedNumber:
        raise
    except Exception as e:
        is_ours = isinstance(e, CannotCapture)
        reason = str(e) if is_ours else f"raises {type(e).__name__} when it is captured, {_summary(e)}"
        raise CannotCapture(f"{what} {reason}{_user_line(e)}", in_optimizer) from e


def _summary(error: Exception) -> str:
    """The first line of an error's text."""
    return repr(str(error).partition("\n")[0])


def _user_line(error: BaseException) -> str:
    """Where in the user's program that was, if it was there."""
    # an error that was made from another one knows the way from there only
    where = (error.__cause__ and user_line(error.__cause__)) or user_line(error)
    return f". {where}" if where else ""
