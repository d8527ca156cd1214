"""Branches, loops and functions for formulas that vector code cannot express: rejection samplers above all.

Each takes and gives :class:`~pyro.compiler.loop.code.Value`, so that control flow reads like the formulas inside it.
Functions carry no fast-math flags and are never inlined: they give the same numbers wherever they are called from.
"""

from collections.abc import Callable, Sequence

from pyro.compiler.loop.code import STRICT, Code, Module, Value
from pyro.compiler.loop.scalar import ScalarType

__all__ = ["branch", "call", "define", "repeat"]

Values = tuple[Value, ...]


def branch(condition: Value, yes: Callable[[], Values], no: Callable[[], Values]) -> Values:
    """Runs one of two bodies.

    Args:
        condition: which one, a boolean.
        yes: writes the code for true; gives its results.
        no: the same for false, with results of the same types.
    """
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
    joined = []
    for one, other in zip(*results, strict=True):
        ways = f"[ {one.name}, %{ends[0]} ], [ {other.name}, %{ends[1]} ]"
        joined.append(code.emit(one.kind, 1, f"phi {one.kind.register} {ways}"))
    return tuple(joined)


def repeat(start: Sequence[Value], body: Callable[..., tuple[Value, Values]]) -> Values:
    """Runs a body once, and again as long as it says so.

    Args:
        start: the body's arguments at first.
        body: writes the code; gives whether to go on, and the arguments of the next round.

    Returns:
        The arguments that the last round gave.
    """
    code = start[0].code
    before, head, after = code.block, code.fresh("again"), code.fresh("done")
    code.do(f"br label %{head}")
    code.label(head)
    place = len(code.lines)
    state = [Value(code, v.kind, f"%{code.fresh('s')}") for v in start]
    again, following = body(*state)
    end = code.block
    code.do(f"br i1 {again.name}, label %{head}, label %{after}")
    code.label(after)
    code.lines[place:place] = [
        f"{s.name} = phi {s.kind.register} [ {first.name}, %{before} ], [ {then.name}, %{end} ]"
        for s, first, then in zip(state, start, following, strict=True)
    ]
    return following


def define(module: Module, name: str, parameters: Sequence[ScalarType], body: Callable[..., Value]) -> None:
    """Puts a function of scalars into a module, unless it is there.

    Args:
        module: where.
        name: its name.
        parameters: element types of its arguments.
        body: writes the code, given the arguments; gives the result.
    """
    if name in module.defined:
        return
    module.defined[name] = ""  # its place is taken while it is written
    code = Code(module, STRICT)
    result = body(*(Value(code, kind, f"%p{i}") for i, kind in enumerate(parameters)))
    declared = ", ".join(f"{kind.register} %p{i}" for i, kind in enumerate(parameters))
    text = "\n".join(code.lines)
    module.defined[name] = (f"define internal {result.kind.register} @{name}({declared}) noinline nounwind {{\nentry:\n"
                            f"{text}\nret {result.typed()}\n}}")  # fmt: skip


def call(name: str, kind: ScalarType, *values: Value) -> Value:
    """Calls a function that :func:`define` has put into the module.

    Args:
        name: its name.
        kind: element type of its result.
        values: its arguments.
    """
    operands = ", ".join(value.typed() for value in values)
    return values[0].code.emit(kind, 1, f"call {kind.register} @{name}({operands})")
