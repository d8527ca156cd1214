"""Records what a program does to tensors as a graph without mutation.

The program runs once, on its values. Each operator that reaches the kernels becomes a node: decomposed into core
operators, with its mutation taken out. A change of a tensor makes a new value of it in the graph; views of it are read
from that value, and a change through a view puts the part back. Tensors from outside become inputs by their identity;
those that the program changed are given back as they were.
"""

import operator
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils.weak import WeakIdKeyDictionary

from pyro.compiler.errors import CannotCapture
from pyro.compiler.facts import Facts, facts_of, has_dynamic_shape
from pyro.compiler.functional import functional
from pyro.compiler.graph import TensorMeta
from pyro.compiler.numbers import Expression, Number, Numbers
from pyro.compiler.scalars import NODES, WITH_TENSORS, FixedNumber
from pyro.compiler.views import put_back
from pyro.poutine.trace_messenger import NOT_THE_USERS

__all__ = ["Outside", "Recorder"]

_aten = torch.ops.aten


@dataclass
class _Root:
    """A tensor of its own: its latest value, and how often it was changed."""

    node: Node
    tensor: Tensor | None = None  # from outside
    changes: int = 0


@dataclass
class _View:
    """A tensor as a chain of view operators on a root; its node is that of a number of changes."""

    root: _Root
    steps: tuple[tuple[Any, tuple[Any, ...], dict[str, Any]], ...]
    node: Node
    changes: int


@dataclass
class Outside:
    """A tensor that the program did not make.

    Attributes:
        tensor: the tensor.
        node: the input that stands for it.
        before: its value before the program changed it, ``None`` if it did not.
    """

    tensor: Tensor
    node: Node
    before: Tensor | None = field(default=None)


class Recorder(TorchDispatchMode):
    """Inside this block operators are recorded.

    Args:
        numbers: the numbers that become inputs.

    Attributes:
        graph: what was recorded.
        inputs: tensors that became inputs, first those that were declared.
        error: the first refusal, even if the program swallowed it.
    """

    def __init__(self, numbers: Numbers) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.graph = Graph()
        self.inputs: list[Outside] = []
        self.error: CannotCapture | None = None
        self._numbers = numbers
        self._views = WeakIdKeyDictionary()
        self._last_input: Node | None = None
        self._number_nodes: dict[Any, Node] = {}

    # ---- inputs and results

    def declare(self, tensor: Tensor) -> Node:
        """Makes a tensor the next input."""
        if tensor.layout is not torch.strided:
            raise self.refusal(f"has a tensor of layout {tensor.layout}")
        node = self._placeholder(tensor)
        self.inputs.append(Outside(tensor, node))
        self._views[tensor] = _View(_Root(node, tensor), (), node, 0)
        return node

    def declare_number(self, number: float) -> Node:
        """Makes a base number the next input, a scalar tensor in double precision."""
        node = self._placeholder(torch.tensor(float(number), dtype=torch.float64))
        if isinstance(number, Number):
            self._number_nodes[number.expression] = node
        return node

    def _placeholder(self, tensor: Tensor) -> Node:
        place = self.graph.inserting_after(self._last_input) if self._last_input else nullcontext()
        with place:
            node = self.graph.placeholder("input")
        node.target = node.name  # names of arguments must differ
        node.meta["val"] = TensorMeta.of(tensor)
        self._last_input = node
        return node

    def node(self, value: Tensor | Number | float) -> Node:
        """The node of a tensor's present value, or of a number."""
        if isinstance(value, Number):
            return self._number(value.expression)
        assert isinstance(value, Tensor)
        view = self._views.get(value)
        if view is None:
            self.declare(value)
            view = self._views[value]
        if view.changes != view.root.changes:
            node = view.root.node
            for func, args, kwargs in view.steps:
                node = self._again(func, node, args, kwargs)
            view.node, view.changes = node, view.root.changes
        return view.node  # type: ignore[no-any-return]

    def restore(self) -> None:
        """Gives tensors from outside their values back."""
        with torch.no_grad():
            for entry in self.inputs:
                if entry.before is not None:
                    entry.tensor.copy_(entry.before)

    def refusal(self, reason: str) -> CannotCapture:
        """The error to raise where the program cannot be recorded; it is kept."""
        self.error = self.error or CannotCapture(reason)
        return self.error

    # ---- operators

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = {} if kwargs is None else kwargs
        facts = facts_of(func)
        if facts.is_ignored or (facts.is_read and self._reads_constants(args)):
            return func(*args, **kwargs)
        self._refuse(func, facts, args, kwargs)
        args = tuple(self._found(value) if type(value) is float else value for value in args)
        kwargs = {name: self._found(value) if type(value) is float else value for name, value in kwargs.items()}
        if func is _aten.lift_fresh.default:
            return self._literal(args[0])
        if facts.is_mutable:
            return self._mutate(func, args, kwargs)
        if func in WITH_TENSORS and any(isinstance(value, Number) for value in (*args, *kwargs.values())):
            with self:
                return WITH_TENSORS[func](self._scalar, *args, **kwargs)
        result = self._simpler(facts, args, kwargs) if facts.simpler is not None else NotImplemented
        return self._record(func, args, kwargs) if result is NotImplemented else result

    def _reads_constants(self, args: Sequence[Any]) -> bool:
        return all(_is_constant(self.node(value)) for value in args if isinstance(value, Tensor))

    def _refuse(self, func: Any, facts: Facts, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        if facts.is_read:
            raise self.refusal("reads the value of a tensor")
        if kwargs.get("generator") is not None:
            raise self.refusal("draws from a generator of its own")
        if facts.is_dynamic and has_dynamic_shape(func, args):
            raise self.refusal(f"calls {func}, the shape of whose result depends on values")

    def _simpler(self, facts: Facts, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What simpler operators compute; they are recorded in place of the operator."""
        if not facts.takes_numbers:
            args, kwargs = tuple(map(_plain, args)), {name: _plain(value) for name, value in kwargs.items()}
        with self:
            return facts.simpler(*args, **kwargs)

    def _found(self, value: float) -> float:
        """A number where an argument is one: operators are given plain floats."""
        found = self._numbers.find(value)
        return value if found is None else found

    def _record(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        fixed = next((value for value in (*args, *kwargs.values()) if isinstance(value, Number)), None)
        if fixed is not None:
            raise FixedNumber(fixed.expression)
        nodes = [self._operand(value) for value in args]
        options = {name: self._operand(value) for name, value in kwargs.items()}
        result = func(*args, **kwargs)
        if isinstance(result, Tensor) and result.layout is not torch.strided:
            raise self.refusal(f"calls {func}, whose result has the layout {result.layout}")
        node = self.graph.call_function(func, tuple(nodes), options)
        node.meta["where"] = _user_line()
        if isinstance(result, Tensor):
            self._made(result, node, func, args, kwargs)
        else:
            node.meta["val"] = [None if part is None else TensorMeta.of(part) for part in result]
            for i, part in enumerate(result):
                if part is None:  # a gradient that nobody asked for
                    continue
                self._made(part, self.graph.call_function(operator.getitem, (node, i)), operator.getitem, (), {})
        return result

    def _made(self, result: Tensor, node: Node, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        node.meta["val"] = TensorMeta.of(result)
        if func is not operator.getitem and facts_of(func).is_view:
            source = self._views[args[0]]
            self._views[result] = _View(source.root, (*source.steps, (func, args[1:], kwargs)), node,
                                        source.root.changes)
        else:
            self._views[result] = _View(_Root(node), (), node, 0)

    def _operand(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [self._operand(entry) for entry in value]
        return self.node(value) if isinstance(value, Tensor) else value

    def _literal(self, tensor: Tensor) -> Tensor:
        """A tensor that the program makes of numbers each time it runs."""
        if self._views.get(tensor) is None and tensor.dim() == 0:
            number = tensor.item()
            found = self._numbers.find(number, rounded=tensor.dtype is not torch.float64) \
                if isinstance(number, float) else None
            with self:
                made = _aten.full.default([], number if found is None else found, dtype=tensor.dtype,
                                          device=tensor.device)
            self._views[tensor] = self._views[made]
        self.node(tensor)
        return tensor

    # ---- numbers

    def _scalar(self, value: Any, dtype: torch.dtype, device: torch.device | None = None) -> Any:
        """A number as a scalar tensor; other values as they are."""
        if not isinstance(value, Number):
            return value
        with _disable_current_modes():
            result = torch.tensor(float(value), dtype=dtype, device=device)
        node = self._number(value.expression)
        if dtype is not torch.float64 or result.device.type != "cpu":
            node = self.graph.call_function(_aten._to_copy.default, (node,),
                                            {"dtype": dtype, "device": result.device})
            node.meta["val"] = TensorMeta.of(result)
        self._views[result] = _View(_Root(node), (), node, 0)
        return result

    def _number(self, expression: Expression) -> Node:
        if expression in self._number_nodes:
            return self._number_nodes[expression]
        operands = [self._number(o) if isinstance(o, Expression) else o for o in expression.operands]
        target = NODES[expression.fn][tuple(isinstance(o, Node) for o in operands)]
        node = self.graph.call_function(target, tuple(operands))
        node.meta["val"] = TensorMeta.of(torch.zeros((), dtype=torch.float64))
        self._number_nodes[expression] = node
        return node

    # ---- mutation

    def _mutate(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        target: Any = kwargs["out"] if "out" in kwargs else args[0]
        pure = functional(func)
        if func is _aten.detach_.default:
            return target
        if torch.Tag.inplace_view in func.tags and pure is not None and self._is_own(target):
            return self._reshape(func, pure, args)
        if pure is None or torch.Tag.inplace_view in func.tags:
            raise self.refusal(f"calls {func}, which changes a tensor in a way that cannot be recorded")
        kwargs = {name: value for name, value in kwargs.items() if name != "out"}
        with self:
            result = _copied(target, *args[1:]) if func is _aten.copy_.default else pure(*args, **kwargs)
        if isinstance(target, Tensor):
            self._assign(target, result)
            return target
        for old, new in zip(target, result, strict=True):
            self._assign(old, new)
        return target if func._schema.returns else None

    def _is_own(self, target: Tensor) -> bool:
        """Whether the program made a tensor."""
        view = self._views.get(target)
        return view is not None and view.root.tensor is not target

    def _reshape(self, func: Any, pure: Any, args: tuple[Any, ...]) -> Tensor:
        """A tensor becomes a view of what it was."""
        target, rest = args[0], args[1:]
        node, view = self._again(pure, self.node(target), rest, {}), self._views[target]
        func(*args)
        self._views[target] = _View(view.root, (*view.steps, (pure, rest, {})), node, view.root.changes)
        return target  # type: ignore[no-any-return]

    def _assign(self, target: Tensor, new: Tensor) -> None:
        """Gives a tensor a new value."""
        with self:
            new = _copied(target, new)
        self.node(target)
        view = self._views[target]
        self._keep(view.root.tensor)
        node, parents = self.node(new), [(view.root.node, view.root.node.meta["val"].shape)]
        for func, args, kwargs in view.steps[:-1]:
            parent = self._again(func, parents[-1][0], args, kwargs)
            parents.append((parent, parent.meta["val"].shape))
        latest = node
        for (parent, shape), (func, args, _) in zip(reversed(parents), reversed(view.steps), strict=False):
            call = put_back(func, shape, parent, latest, args)
            if call is None:
                raise self.refusal(f"changes a view made by {func}")
            latest = self.graph.call_function(*call)
            latest.meta["val"] = parent.meta["val"]
        view.root.node, view.root.changes = latest, view.root.changes + 1
        view.node, view.changes = node, view.root.changes
        target.detach().copy_(new.detach())

    def _keep(self, tensor: Tensor | None) -> None:
        for entry in self.inputs:
            if entry.tensor is tensor and entry.before is None:
                entry.before = entry.tensor.detach().clone()

    def _again(self, func: Any, source: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Node:
        """The same view of another value."""
        node = self.graph.call_function(func, (source, *args), kwargs)
        value: TensorMeta = source.meta["val"]
        example = torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
        node.meta["val"] = TensorMeta.of(func(example, *args, **kwargs), value.device)
        return node

    # ---- what became of tensors from outside

    def changed(self) -> Iterable[tuple[Outside, Node]]:
        """Tensors from outside that the program changed, with their new values.

        Raises:
            CannotCapture: if another tensor from outside shares the memory of one of them.
        """
        for entry in self.inputs:
            if entry.before is None:
                continue
            memory = entry.tensor.untyped_storage().data_ptr()
            if sum(other.tensor.untyped_storage().data_ptr() == memory for other in self.inputs) > 1:
                raise self.refusal("changes a tensor that it also reads through another one of the same memory")
            yield entry, self.node(entry.tensor)


def _copied(target: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
    """The source in the target's shape, type and place."""
    if source.dtype is not target.dtype or source.device != target.device:
        source = source.to(dtype=target.dtype, device=target.device)
    return source if source.shape == target.shape else source.expand(target.shape)


def _is_constant(node: Node) -> bool:
    """Whether a value is computed from numbers in the program alone."""
    return node.op == "call_function" and torch.Tag.nondeterministic_seeded not in getattr(node.target, "tags", ()) \
        and all(map(_is_constant, node.all_input_nodes))


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Number) else value


def _user_line() -> tuple[str, int] | None:
    """The innermost line of the user's program, as file and line; none in gradients."""
    frame: Any = sys._getframe(3)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(NOT_THE_USERS):
            return file, frame.f_lineno
        frame = frame.f_back
    return None
