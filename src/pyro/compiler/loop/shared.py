"""Kernels whose texts differ in numbers and buffers only, as one function that each of them calls.

The levels of a parallel scan are the same loop nests over and over, with other extents and buffers. Each kernel is
written into the void first. Where texts are alike but for numbers, a function is made of them: buffers and the numbers
that differ become its parameters, numbers that do not stay as they are. So a call does just what the kernel's own text
would do. Dims whose extents differ among kernels with the same body are written in loops that any extent may have.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pyro.compiler.loop.code import Code, Module
from pyro.compiler.loop.index import Var
from pyro.compiler.loop.kernel import Kernel
from pyro.compiler.loop.nest import Range, Ranges
from pyro.compiler.loop.schedule import Group, write_group

__all__ = ["Shared", "Text", "abstracted"]

_LEAST = 8  # lines of a text that is worth a call
_START = "%start"  # a function's parameter: where a strip starts
_HOLE = "\0"
_TOKEN = re.compile(
    r"^.* = (?:extractelement|insertelement) .*$"  # takes no numbers that are not known
    r"|<i64 [^>]*>"
    r"|(?P<splat>splat \(i64 (?P<spread>-?\d+)\))"
    r"|(?P<head>(?:add|sub|mul|sdiv|srem|udiv|urem)(?: nuw| nsw)* i64 |icmp \w+ i64 )"
    r"(?P<first>[%\w.-]+), (?P<second>-?\d+)$"
    r"|(?<=i64 )(?P<operand>-?\d+)(?=[,)]|$)"
    r"|(?P<name>%[A-Za-z]\w*)",
    re.MULTILINE,
)

Place = tuple[Kernel, tuple[int, ...]]  # a kernel, and the extents of the part of its range that is written


@dataclass(frozen=True)
class Text:
    """Instructions with holes where numbers and buffers are.

    Attributes:
        skeleton: the text; buffers are ``%p0``, ``%p1``, ... in the order of their first appearance.
        allocas: the places on the stack that it uses.
        names: the buffers.
        numbers: what the holes hold.
    """

    skeleton: str
    allocas: tuple[str, ...]
    names: tuple[str, ...]
    numbers: tuple[int, ...]


def abstracted(lines: Sequence[str], allocas: Sequence[str], buffers: Iterable[str]) -> Text:
    """Takes the numbers that may be run-time values, and the names of buffers, out of a text.

    Args:
        lines: the text.
        allocas: the places on the stack that it uses.
        buffers: the names of the buffers that it may use.
    """
    known = set(buffers)
    names: dict[str, str] = {}
    numbers: list[int] = []

    def hole(number: str) -> str:
        numbers.append(int(number))
        return _HOLE

    def abstract(found: re.Match[str]) -> str:
        if name := found["name"]:
            return names.setdefault(name, f"%p{len(names)}") if name in known else name
        if found["operand"]:
            return hole(found["operand"])
        if found["splat"]:
            return hole(found["spread"]) + "splat"
        if found["head"]:
            first = found["first"]
            first = first if first.startswith("%") else hole(first)
            return f"{found['head']}{first}, {hole(found['second'])}"
        return found[0]

    skeleton = _TOKEN.sub(abstract, "\n".join(lines))
    return Text(skeleton, tuple(allocas), tuple(names), tuple(numbers))


@dataclass
class _Kind:
    """Kernels with the same body.

    Attributes:
        places: the kernels, and parts of them.
        strip: the position among a kernel's variables of the one that strips are cut along.
    """

    places: dict[Place, Ranges] = field(default_factory=dict)
    strip: int | None = None

    def kernels(self) -> set[Kernel]:
        return {kernel for kernel, _ in self.places}

    def loose(self) -> list[int]:
        """The positions of the variables whose extents differ."""
        return [i for i, column in enumerate(zip(*(p[1] for p in self.places), strict=True)) if len(set(column)) > 1]


class Shared:
    """Writes the kernels of groups, those that are alike as calls; a :data:`~pyro.compiler.loop.schedule.Writing`.

    Args:
        module: takes the functions.
        flags: fast-math flags.
        groups: all that will be written.
    """

    def __init__(self, module: Module, flags: str, groups: Sequence[Group]) -> None:
        self.module, self.flags = module, flags
        self._forms: dict[Kernel, object] = {}
        self._kinds: dict[object, _Kind] = {}
        self._texts: dict[Place, Text] = {}
        self._calls: dict[Place, str] = {}
        for group in groups:
            write_group(Code(module, flags), group, self._note)
        for kind in self._kinds.values():
            if len(kind.kernels()) > 1:
                self._draft(kind)
        classes: dict[object, list[Place]] = {}
        for place, text in self._texts.items():
            classes.setdefault((text.skeleton, text.allocas), []).append(place)
        for places in classes.values():
            if len(places) > 1 and self._texts[places[0]].skeleton.count("\n") >= _LEAST:
                self._define(places)

    def __call__(self, kernel: Kernel, code: Code, ranges: Ranges) -> None:
        call = self._calls.get(_place(kernel, ranges))
        if call is None:
            kernel.write(code, ranges)
            return
        start = next((part.start for part in ranges.values()), "0")
        code.do(call.replace(_START, start))

    def _note(self, kernel: Kernel, code: Code, ranges: Ranges) -> None:
        if kernel not in self._forms:
            body = abstracted(kernel.form, (), (access.buffer.name for access in kernel.reads))
            self._forms[kernel] = (type(kernel), body.skeleton, tuple(var.name for var in _variables(kernel)))
        kind = self._kinds.setdefault(self._forms[kernel], _Kind())
        kind.places[_place(kernel, ranges)] = ranges
        for var in ranges:
            if var in kernel.kept:
                kind.strip = kernel.kept.index(var)

    def _draft(self, kind: _Kind) -> None:
        """Writes kernels with the same body the same way."""
        loose = kind.loose()
        for place, ranges in kind.places.items():
            kernel, _ = place
            variables = _variables(kernel)
            parts = {var: Range(_START, part.extent) for var, part in ranges.items()}
            if kind.strip is not None and not parts:
                whole = variables[kind.strip]
                parts = {whole: Range(_START, whole.extent)}
            code = Code(self.module, self.flags)
            kernel.loose = frozenset(variables[i] for i in loose)
            kernel.write(code, parts)
            kernel.loose = frozenset()
            buffers = (access.buffer.name for access in (*kernel.reads, *kernel.stores()))
            self._texts[place] = abstracted(code.lines, code.allocas, buffers)

    def _define(self, places: Sequence[Place]) -> None:
        """Makes a function of texts that differ in numbers and buffers only."""
        texts = [self._texts[place] for place in places]
        columns = list(zip(*(text.numbers for text in texts), strict=True))
        arguments = _arguments(columns)
        body, splats = _filled(texts[0].skeleton, [arguments.get(c, str(c[0])) for c in columns])
        name = f"@{type(places[0][0]).__name__}.{len(self.module.defined)}"
        parameters = _listed("noalias ", [f"%p{i}" for i in range(len(texts[0].names))], arguments.values())
        lines = "\n".join([*texts[0].allocas, *splats, body])
        self.module.defined[name] = (
            f"define internal void {name}({parameters}) noinline nounwind {{\nentry:\n{lines}\nret void\n}}"
        )
        for i, (place, text) in enumerate(zip(places, texts, strict=True)):
            given = _listed("", text.names, [str(column[i]) for column in arguments])
            self._calls[place] = f"call void {name}({given})"


def _arguments(columns: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], str]:
    """The names of parameters for the numbers that differ; those that differ alike share one."""
    arguments: dict[tuple[int, ...], str] = {}
    for column in columns:
        if len(set(column)) > 1:
            arguments.setdefault(column, f"%c{len(arguments)}")
    return arguments


def _listed(attribute: str, pointers: Iterable[str], numbers: Iterable[str]) -> str:
    """Parameters or arguments: pointers, the start of a strip, numbers."""
    return ", ".join([*(f"ptr {attribute}{p}" for p in pointers), *(f"i64 {n}" for n in (_START, *numbers))])


def _variables(kernel: Kernel) -> tuple[Var, ...]:
    return (*kernel.kept, *kernel.reduced)


def _place(kernel: Kernel, ranges: Ranges) -> Place:
    return kernel, tuple(ranges[v].extent if v in ranges else v.extent for v in _variables(kernel))


def _filled(skeleton: str, values: Sequence[str]) -> tuple[str, list[str]]:
    """A text with its holes filled, and the instructions that spread parameters over lanes where it needs them."""
    first, *rest = skeleton.split(_HOLE)
    parts, spread = [first], {}
    line = first.rpartition("\n")[2]
    for value, piece in zip(values, rest, strict=True):
        if piece.startswith("splat"):
            piece = piece.removeprefix("splat")
            found = re.search(r"<(\d+) x i64>", line)
            assert found is not None, "a vector has its type before it"
            if value.startswith("%"):
                lanes = found[1]
                value, number = f"{value}.x{lanes}", value
                vector = f"<{lanes} x i64>"
                spread[value] = [
                    f"{value}.0 = insertelement {vector} poison, i64 {number}, i64 0",
                    f"{value} = shufflevector {vector} {value}.0, {vector} poison, <{lanes} x i32> zeroinitializer",
                ]
            else:
                value = f"splat (i64 {value})"
        parts += [value, piece]
        line = piece.rpartition("\n")[2] if "\n" in piece else line + value + piece
    return "".join(parts), [line for lines in spread.values() for line in lines]
