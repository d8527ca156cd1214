"""Captures one step as a flat graph.

The loss, its gradients and the optimiser's step run once under ``make_fx``, on the values that they have. Tensors that
the program closes over, parameters among them, enter the graph by identity: they are found again and become inputs.
Random draws stay in the graph as nodes; a pass makes them inputs. Reading a tensor's value raises, so nothing is baked
in that may change.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch._decomp import get_decompositions
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten
from torch.utils.weak import WeakIdKeyDictionary

from pyro.compiler.errors import CannotCapture
from pyro.compiler.optimizer_step import STYLES, OptimizerState, Style, pure_step
from pyro.compiler.program import Program
from pyro.compiler.reads import RefuseReads
from pyro.ops.validation import Verdicts, collecting, is_validation_enabled
from pyro.poutine.handlers import trace
from pyro.poutine.runtime import _PYRO_PARAM_STORE
from pyro.poutine.trace_messenger import user_line

__all__ = ["Captured", "capture"]


@dataclass(frozen=True)
class Captured:
    """A step as ``make_fx`` gives it, with the tensors that its inputs stand for.

    The graph takes ``parameters + optimiser state + options + tensor arguments`` and returns ``new parameters + new
    state + new options + [loss, whether all checks passed]``.

    Attributes:
        module: the graph.
        names: a name for each input.
        examples: a tensor for each input.
        num_parameters: how many of the inputs are parameters.
        num_state: how many are optimiser state.
        num_options: how many are options.
        layout: where parameters, state and options go back.
        mutated: tensors outside of the graph that the step changes, with the values from before the capture.
    """

    module: GraphModule
    names: list[str]
    examples: list[Tensor]
    num_parameters: int
    num_state: int
    num_options: int
    layout: OptimizerState
    mutated: dict[int, Tensor]


@cache
def _decompositions() -> dict[Any, Any]:
    """Of operators that change tensors, and whose schema does not say so."""
    return dict(get_decompositions([torch.ops.aten.native_batch_norm]))


class _Watch(TorchDispatchMode):
    """Keeps the values of tensors from outside that a program changes, and refuses what cannot be in a graph."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._made = WeakIdKeyDictionary()
        self.before: list[tuple[Tensor, Tensor]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = {} if kwargs is None else kwargs
        if func in _decompositions():
            with self:
                return _decompositions()[func](*args, **kwargs)
        if torch.Tag.dynamic_output_shape in func.tags and _has_dynamic_shape(func, args):
            raise CannotCapture(f"calls {func}, the shape of whose result depends on values")
        if func._schema.is_mutable:
            self._save_mutated(func, args, kwargs)
        result = func(*args, **kwargs)
        for tensor in tree_flatten(result)[0]:
            if isinstance(tensor, Tensor):
                self._made[tensor] = True
        return result

    def _save_mutated(self, func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        for i, argument in enumerate(func._schema.arguments):
            if argument.alias_info is None or not argument.alias_info.is_write:
                continue
            value = args[i] if i < len(args) else kwargs.get(argument.name)
            for tensor in tree_flatten(value)[0]:
                is_outside = isinstance(tensor, Tensor) and tensor not in self._made
                if is_outside and not any(kept is tensor for kept, _ in self.before):
                    self.before.append((tensor, tensor.detach().clone()))

    def restore(self) -> None:
        """Undoes what the program changed."""
        with torch.no_grad():
            for tensor, value in self.before:
                tensor.copy_(value)


def _has_dynamic_shape(func: Any, args: Sequence[Any]) -> bool:
    if func is not torch.ops.aten.index.Tensor:
        return True
    return any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1])


def _flat_step(
    program: Program, layout: OptimizerState, spec: TreeSpec, others: Sequence[Any]
) -> Callable[..., list[Tensor]]:
    """The step as a function of the flat list of input tensors."""
    names = list(program.parameters)
    leaves = list(program.parameters.values())
    counts = (len(leaves), len(layout.places), len(layout.group_places))
    clips = {names.index(name): clip for name, clip in program.clips.items()}

    def step(*inputs: Tensor) -> list[Tensor]:
        flat = iter(inputs)
        params, state, options = ([next(flat) for _ in range(count)] for count in counts)
        arguments = [next(flat) if isinstance(other, _TensorPlace) else other for other in others]
        args, kwargs = tree_unflatten(arguments, spec)
        recorder = trace(param_only=True)
        with _explained("the program"), collecting(everything=True) as verdicts, recorder:
            loss = program.loss(*args, **kwargs)
        _check_parameters(recorder.trace, program)
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise CannotCapture("the loss is no scalar tensor")
        grads = (torch.autograd.grad(loss, leaves, allow_unused=True) if loss.requires_grad
                 else [None] * len(leaves))
        with _explained("the optimiser", in_optimizer=True):
            new_params, new_state, new_options = pure_step(layout, params, grads, state, options, clips)
        return [*new_params, *new_state, *new_options, loss.detach().reshape(()), _passed(verdicts, loss, grads)]

    return step


def _passed(verdicts: Verdicts, loss: Tensor, grads: Sequence[Tensor | None]) -> Tensor:
    """Whether the step's inputs were valid, and loss and gradients are finite; true if validation is off."""
    oks = [ok.all() for ok, _ in verdicts.pending]
    if is_validation_enabled():
        oks += [value.detach().isfinite().all() for value in (loss, *grads) if value is not None]
    return torch.stack(oks).all() if oks else torch.ones((), dtype=torch.bool, device=loss.device)


def _check_parameters(recorded: Any, program: Program) -> None:
    for name, site in recorded.nodes.items():
        # a value that a handler has put in a parameter's place has no leaf
        value = site["value"]
        if hasattr(value, "unconstrained") and program.parameters.get(name) is not value.unconstrained():
            raise CannotCapture(f"parameter '{name}' appears late: it was not there in the first steps")


class _TensorPlace:
    """Stands for a tensor among a step's arguments."""


def _restored_rng(fn: Callable[[], GraphModule]) -> GraphModule:
    """Runs a function that draws random numbers, and takes the draws back."""
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices):
        return fn()


def capture(program: Program, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Captured:
    """Captures a program's step for given arguments.

    Nothing outside changes: random generators, buffers and parameters are as before.

    Args:
        program: the step.
        args: positional arguments. Tensors anywhere in them become inputs; all else is part of the program.
        kwargs: keyword arguments.

    Raises:
        CannotCapture: if the step is no fixed program; says why.
    """
    error: CannotCapture | None = None
    for style in STYLES:
        try:
            return _capture(program, args, kwargs, style)
        except CannotCapture as e:
            error = error or e
            if not e.in_optimizer:
                break
    assert error is not None
    raise error


def _capture(program: Program, args: tuple[Any, ...], kwargs: dict[str, Any], style: Style) -> Captured:
    leaves = list(program.parameters.values())
    layout = OptimizerState(program.optimizer, leaves, style)
    flat, spec = tree_flatten((args, kwargs))
    others = [_TensorPlace() if isinstance(value, Tensor) else value for value in flat]
    tensors = [value for value in flat if isinstance(value, Tensor)]
    options = [torch.tensor(number, dtype=_number_dtype(leaves)) for number in layout.options()]
    examples = [*(leaf.detach() for leaf in leaves), *layout.tensors(), *options, *tensors]
    names = [*program.parameters, *(f"{list(program.parameters)[i]}.{key}" for i, key in layout.places),
             *(f"group {g}.{key}" for g, key in layout.group_places), *(f"argument {i}" for i in range(len(tensors)))]
    step = _flat_step(program, layout, spec, others)
    watch, known = _Watch(), set(_PYRO_PARAM_STORE.keys())
    try:
        with watch, torch.enable_grad():
            module = _restored_rng(lambda: make_fx(step)(*examples))
    finally:
        watch.restore()
        for name in set(_PYRO_PARAM_STORE.keys()) - known:
            del _PYRO_PARAM_STORE[name]
    mutated = {id(tensor): before for tensor, before in watch.before}
    return Captured(module, names, examples, len(leaves), len(layout.places), len(options), layout, mutated)


@contextmanager
def _explained(what: str, in_optimizer: bool = False) -> Iterator[None]:
    """Refuses to read tensors' values, and says of any error where it arose: the same step has run eagerly before."""
    reads = RefuseReads()
    try:
        with reads:
            yield
        if reads.error is not None:
            raise reads.error
    except Exception as e:
        is_ours = isinstance(e, CannotCapture)
        reason = str(e) if is_ours else f"raises {type(e).__name__} when it is captured, {_summary(e)}"
        raise CannotCapture(f"{what} {reason}{_user_line(e)}", in_optimizer) from e


def _summary(error: Exception) -> str:
    """The first line of an error's text."""
    return repr(str(error).partition("\n")[0])


def _number_dtype(leaves: Sequence[Tensor]) -> torch.dtype:
    return torch.float64 if any(leaf.dtype == torch.float64 for leaf in leaves) else torch.float32


def _user_line(error: BaseException) -> str:
    """Where in the user's program that was, if it was there."""
    # an error that was made from another one knows the way from there only
    where = (error.__cause__ and user_line(error.__cause__)) or user_line(error)
    return f". {where}" if where else ""
