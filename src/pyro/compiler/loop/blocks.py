"""Branches, loops and functions for formulas with control flow: rejection samplers above all.

Each takes and gives :class:`~pyro.compiler.loop.code.Value`, so that control flow reads like the formulas inside it.
A formula on vectors follows each lane: a body runs if any lane needs it, and its results go to the lanes that do. So
lanes do not depend on each other, as long as each body ends whatever the numbers in other lanes are. Functions carry
no fast-math flags and are never inlined: they give the same numbers wherever they are called from.
"""

from collections.abc import Callable, Sequence

from pyro.compiler.loop.code import STRICT, Code, Module, Value
from pyro.compiler.loop.scalar import BOOL, ScalarType

__all__ = ["branch", "call", "define", "repeat"]

Values = tuple[Value, ...]


def branch(condition: Value, yes: Callable[[], Values], no: Callable[[], Values]) -> Values:
    """Runs one of two bodies; for lanes that disagree both.

    Args:
        condition: which one, a boolean.
        yes: writes the code for true; gives its results.
        no: the same for false, with results of the same types.
    """
    if condition.lanes > 1:
        ways = _if_any(condition, yes), _if_any(~condition, no)
        return tuple(condition.where(one, other) for one, other in zip(*ways, strict=True))
    code = condition.code
    names = [code.fresh(prefix) for prefix in ("yes", "no", "joined")]
    code.do(f"br i1 {condition.name}, label %{names[0]}, label %{names[1]}")
    results, ends = [], []
    for name, body in zip(names[:2], (yes, no), strict=True):
        code.label(name)
        results.append(body())
        ends.append(code.block)
        code.do(f"br label %{names[2]}")
    code.label(names[2])
    return tuple(_joined([(one, ends[0]), (other, ends[1])]) for one, other in zip(*results, strict=True))


def _joined(ways: Sequence[tuple[Value, str]]) -> Value:
    """A value that depends on the block that the code comes from."""
    first, kind = ways[0][0], ways[0][0].kind.vector(ways[0][0].lanes)
    texts = ", ".join(f"[ {value.name}, %{block} ]" for value, block in ways)
    return first.code.emit(first.kind, first.lanes, f"phi {kind} {texts}")


def _any(lanes: Value) -> Value:
    """Whether a boolean holds in any lane."""
    if lanes.lanes == 1:
        return lanes
    return lanes.code.invoke(f"llvm.vector.reduce.or.{BOOL.overload(lanes.lanes)}", BOOL, 1, [lanes])


def _if_any(condition: Value, body: Callable[[], Values]) -> Values:
    """Runs a body if a condition holds in any lane; elsewhere its results are zeros."""
    code, before = condition.code, condition.code.block
    inside, after = code.fresh("some"), code.fresh("after")
    code.do(f"br i1 {_any(condition).name}, label %{inside}, label %{after}")
    code.label(inside)
    results = [result.spread(condition.lanes) for result in body()]
    end = code.block
    code.do(f"br label %{after}")
    code.label(after)
    return tuple(_joined([(v, end), (Value(code, v.kind, "zeroinitializer", v.lanes), before)]) for v in results)


def repeat(start: Sequence[Value], body: Callable[..., tuple[Value, Values]]) -> Values:
    """Runs a body once, and again as long as it says so; each lane keeps what its last round gave.

    Args:
        start: the body's arguments at first.
        body: writes the code; gives whether to go on, and the arguments of the next round.

    Returns:
        The arguments that the last round gave.
    """
    code, lanes = start[0].code, max(v.lanes for v in start)
    first = [v.spread(lanes) for v in start]
    if lanes > 1:
        first.append(code.constant(BOOL, True).spread(lanes))
    before, head, after = code.block, code.fresh("again"), code.fresh("done")
    code.do(f"br label %{head}")
    code.label(head)
    place = len(code.lines)
    state = [Value(code, v.kind, f"%{code.fresh('s')}", lanes) for v in first]
    again, following = body(*state[: len(start)])
    if lanes > 1:
        live = state[-1]
        kept = [live.where(then, now) for then, now in zip(following, state[:-1], strict=True)]
        again = live & again
        following = (*kept, again)
    end = code.block
    code.do(f"br i1 {_any(again).name}, label %{head}, label %{after}")
    code.label(after)
    code.lines[place:place] = [
        f"{s.name} = phi {s.kind.vector(lanes)} [ {one.name}, %{before} ], [ {then.name}, %{end} ]"
        for s, one, then in zip(state, first, following, strict=True)
    ]
    return tuple(following[: len(start)])


def define(module: Module, name: str, parameters: Sequence[ScalarType], body: Callable[..., Value],
           lanes: Sequence[int] = ()) -> None:  # fmt: skip
    """Puts a function into a module, unless it is there.

    Args:
        module: where.
        name: its name.
        parameters: element types of its arguments.
        body: writes the code, given the arguments; gives the result.
        lanes: how many numbers each argument has; one where there are none.
    """
    if name in module.defined:
        return
    module.defined[name] = ""  # its place is taken while it is written
    code = Code(module, STRICT)
    widths = lanes or [1] * len(parameters)
    arguments = [Value(code, k, f"%p{i}", n) for i, (k, n) in enumerate(zip(parameters, widths, strict=True))]
    result = body(*arguments)
    declared, text = ", ".join(v.typed() for v in arguments), "\n".join(code.lines)
    module.defined[name] = (f"define internal {result.kind.vector(result.lanes)} @{name}({declared}) noinline nounwind "
                            f"{{\nentry:\n{text}\nret {result.typed()}\n}}")  # fmt: skip


def call(name: str, kind: ScalarType, *values: Value) -> Value:
    """Calls a function that :func:`define` has put into the module.

    Args:
        name: its name.
        kind: element type of its result.
        values: its arguments.
    """
    operands, lanes = ", ".join(value.typed() for value in values), max(value.lanes for value in values)
    return values[0].code.emit(kind, lanes, f"call {kind.vector(lanes)} @{name}({operands})")
