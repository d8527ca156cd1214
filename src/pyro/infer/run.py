"""Many steps of stochastic variational inference as one program.

The first steps run eagerly: they make the parameters and fix the structure. Then one step is captured, lowered and run
for the rest. What cannot be captured goes on eagerly, after a warning that says why.
"""

import itertools
import time
import warnings
from collections import OrderedDict, deque
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from pyro.compiler.compiled import BadStep, Compiled, compile_step
from pyro.compiler.errors import CannotCapture
from pyro.compiler.injected import InjectDraws
from pyro.compiler.program import Program
from pyro.compiler.signature import Signature, outside_of, signature, what_changed
from pyro.infer.progress import Progress
from pyro.infer.run_result import Part, RunResult
from pyro.optim.optim import PyroOptim
from pyro.poutine.runtime import _PYRO_PARAM_STORE

__all__ = ["Runner", "describe"]

# the first makes the parameters, the second finds the optimiser's state in place
_EAGER_STEPS = 2
_MAX_CAPTURES = 16
# of one signature, for other answers to what a program asks about numbers
_MAX_VARIANTS = 4


class Runner:
    """Captured steps of one inference algorithm, the least recently used of which are forgotten.

    Args:
        svi: takes eager steps by ``step`` and describes them by ``_program``.
    """

    def __init__(self, svi: Any) -> None:
        self._svi = svi
        self._captured: OrderedDict[Signature, list[Compiled]] = OrderedDict()
        self._history: deque[str] = deque(maxlen=_MAX_CAPTURES)
        self._gave_up = False
        self._ignored: set[str] = set()

    def run(
        self, num_steps: int, args: tuple[Any, ...], kwargs: dict[str, Any], progress_bar: bool
    ) -> RunResult:
        """See :meth:`pyro.infer.SVI.run`."""
        record = _Record(num_steps, progress_bar)
        with record.progress:
            try:
                self._steps(record, args, kwargs)
            except KeyboardInterrupt:
                record.is_interrupted = True
            finally:
                self._stop_compiling()
        return record.result(self._svi._used)

    def _stop_compiling(self) -> None:
        for compiled in itertools.chain.from_iterable(self._captured.values()):
            if compiled.plan.later is not None:
                compiled.plan.later.stop()

    def _steps(self, record: "_Record", args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._eager(record, min(record.missing, max(0, _EAGER_STEPS - self._svi._steps_taken)), args, kwargs)
        reason = self._rest(record, args, kwargs)
        if reason is not None and self._has_other_parameters(record, args, kwargs):
            reason = self._rest(record, args, kwargs)
        if reason is not None:
            record.reasons.append(f"eager, because {reason}")
            warnings.warn(f"SVI.run goes on step by step, because the step cannot be captured: {reason}. The answer "
                          "stays right; it takes longer.", stacklevel=4)
            self._eager(record, record.missing, args, kwargs)

    def _rest(self, record: "_Record", args: tuple[Any, ...], kwargs: dict[str, Any]) -> CannotCapture | None:
        """Runs what is missing as a compiled program, or says why it cannot."""
        if not record.missing:
            return None
        try:
            compiled = self._find(record, args, kwargs)
        except CannotCapture as e:
            return e
        if compiled.plan.lowering is None:
            self._eager(record, record.missing, args, kwargs, compiled)
        if record.missing:
            self._compiled(compiled, record, args, kwargs)
        return None

    def _has_other_parameters(self, record: "_Record", args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether eager steps on these arguments use other parameters than the steps before."""
        known = tuple(self._svi._leaves)
        self._eager(record, min(record.missing, _EAGER_STEPS), args, kwargs)
        return tuple(self._svi._leaves) != known

    def step(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
        """One compiled step, for loops over batches; eager where that cannot be."""
        if self._svi._steps_taken < _EAGER_STEPS or self._gave_up:
            return self._svi._eager_step(args, kwargs)  # type: ignore[no-any-return]
        try:
            compiled = self._find(_Record(1, False), args, kwargs)
        except CannotCapture as e:
            known = tuple(self._svi._leaves)
            loss = self._svi._eager_step(args, kwargs)
            if tuple(self._svi._leaves) != known:  # the next step with such arguments is captured
                return loss  # type: ignore[no-any-return]
            self._gave_up = True
            warnings.warn(f"SVI.step is not compiled, because the step cannot be captured: {e}. The answer stays "
                          "right; it takes longer.", stacklevel=3)
            return loss  # type: ignore[no-any-return]
        compiled.advance()
        if compiled.plan.lowering is None:
            return self._svi._eager_step(args, kwargs)  # type: ignore[no-any-return]
        record = _Record(1, False)
        self._compiled(compiled, record, args, kwargs)
        return record.last_loss()

    def explain(self, program: bool = False) -> str:
        """See :meth:`pyro.infer.SVI.explain`."""
        if not self._captured:
            return "\n".join(["runs as: eager steps", *(self._history or ["nothing was captured: call run() first"])])
        latest = next(reversed(self._captured.values()))[0]
        return "\n".join([latest.explain(program), *self._history])

    def _eager(
        self, record: "_Record", num_steps: int, args: tuple[Any, ...], kwargs: dict[str, Any],
        compiled: Compiled | None = None,
    ) -> None:
        """Eager steps; where a compiled step is given, until it has a lowering that is faster."""
        record.begin("eager")
        for _ in range(num_steps):
            loss = self._svi._eager_step(args, kwargs)
            # of several losses a run has the sum, as the captured step does
            record.add(torch.tensor([sum(loss) if isinstance(loss, tuple) else loss], dtype=torch.float64))
            if compiled is not None and compiled.advance(record.seconds_left()):
                record.compile_seconds = compiled.plan.seconds
                break
        record.end()

    def _find(self, record: "_Record", args: tuple[Any, ...], kwargs: dict[str, Any]) -> Compiled:
        program: Program = self._svi._program()
        functions = self._functions()
        key = signature(program, args, kwargs, functions, self._ignored)
        variants = self._captured.get(key, [])
        compiled = next((variant for variant in variants if variant.fits(args, kwargs)), None)
        if compiled is None:
            if self._captured:
                self._history.append(f"captured again before step {self._svi._steps_taken}, because "
                                     f"{what_changed(next(reversed(self._captured)), key)}")
            before = outside_of(functions)
            compiled = compile_step(program, args, kwargs)
            # what the program itself counts or collects, the capture has changed too; it is no part of the step
            self._ignored |= {path for path, _ in before.items() ^ outside_of(functions).items()}
            key = signature(program, args, kwargs, functions, self._ignored)
            record.capture_seconds = compiled.capture_seconds
            record.compile_seconds = compiled.plan.seconds
        self._captured[key] = [compiled, *(variant for variant in variants if variant is not compiled)][:_MAX_VARIANTS]
        self._captured.move_to_end(key)
        while len(self._captured) > _MAX_CAPTURES:
            self._captured.popitem(last=False)
        record.reasons += compiled.plan.reasons
        return compiled

    def _functions(self) -> dict[str, Any]:
        """What the step is made of."""
        estimator = self._svi._estimator
        options = {} if estimator is None else vars(estimator)
        return {"model": self._svi.model, "guide": self._svi.guide, "loss": self._svi.loss,
                **{f"loss.{name}": value for name, value in options.items()}}

    def _compiled(
        self, compiled: Compiled, record: "_Record", args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        run = compiled.bind(args, kwargs)
        first = self._svi._steps_taken
        record.begin(compiled.plan.name)
        try:
            for losses in run.steps(record.missing):
                record.add(losses)
                self._svi._steps_taken += len(losses)
                if record.missing and compiled.advance(record.seconds_left()):
                    record.end()
                    record.begin(compiled.plan.name)
                    record.compile_seconds = compiled.plan.seconds
        except BadStep as e:
            self._svi._steps_taken = first + e.position
            run.commit()
            with run.undoing(), InjectDraws(e.draws):
                self._svi._eager_step(args, kwargs)
            raise RuntimeError(f"SVI.run: step {self._svi._steps_taken} has a loss or gradient that is NaN or "
                               "infinite, although the same step taken eagerly has not. The parameters are those from "
                               "before it; go on with svi.step(), and please report the model.") from None
        finally:
            run.commit()


class _Record:
    """The result of a run in the making."""

    def __init__(self, num_steps: int, progress_bar: bool) -> None:
        self.progress = Progress(num_steps, progress_bar)
        self.missing = num_steps
        self.capture_seconds = 0.0
        self.compile_seconds = 0.0
        self.reasons: list[str] = []
        self.is_interrupted = False
        self.part_steps = 0
        self._losses: list[Tensor] = []
        self._parts: list[Part] = []
        self._how = ""
        self._began = 0.0

    def begin(self, how: str) -> None:
        """Starts a part."""
        self._how, self._began, self.part_steps = how, time.perf_counter(), 0

    def add(self, losses: Tensor) -> None:
        """Adds the losses of finished steps."""
        self._losses.append(losses)
        self.part_steps += len(losses)
        self.missing -= len(losses)
        self.progress.update(len(losses), float(losses.mean()), self._how)

    def end(self) -> None:
        """Ends a part."""
        if self.part_steps:
            self._parts.append(Part(self._how, self.part_steps, time.perf_counter() - self._began))
        self.part_steps = 0

    def seconds_left(self) -> float:
        """How long the steps that are missing will take, at the rate of this part."""
        return self.missing * (time.perf_counter() - self._began) / max(1, self.part_steps)

    def last_loss(self) -> float:
        """The loss of the last step."""
        return float(self._losses[-1][-1])

    def result(self, names: Collection[str]) -> RunResult:
        """The record so far, with the parameters of the given names."""
        self.end()
        chunks = [chunk.to("cpu", torch.float64) for chunk in self._losses]
        losses = torch.cat(chunks) if chunks else torch.empty(0, dtype=torch.float64)
        params = {name: _PYRO_PARAM_STORE[name].detach().clone() for name in _PYRO_PARAM_STORE if name in names}
        return RunResult(losses, params, tuple(self._parts), self.capture_seconds, self.compile_seconds,
                         tuple(self.reasons), self.is_interrupted)


def describe(optim: Any, loss: Any, params: dict[str, Tensor]) -> Program:
    """The program of a step.

    Args:
        optim: the optimiser.
        loss: the differentiable loss of a step's arguments, ``None`` if there is none.
        params: the leaves that the last step used, by name.

    Raises:
        CannotCapture: if the optimiser or the loss is of a kind that only runs eagerly.
    """
    if loss is None:
        raise CannotCapture("the loss computes its own gradients")
    if not isinstance(optim, PyroOptim) or optim.torch_optimizer is None:
        raise CannotCapture(f"the optimiser {type(optim).__name__} is not one torch optimiser for all parameters")
    clips = {name: optim.grad_clip[leaf] for name, leaf in params.items()}
    optimizer = optim.select(list(params.values()))
    return Program(loss, params, optimizer, {name: clip for name, clip in clips.items() if clip is not None})
