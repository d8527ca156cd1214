"""Rooms stay livable: a file about a screenful of times ten, a function that is read at one glance.

The exceptions are listed, each with its reason, in oversized.txt.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import project_sources

FILE_LINES, HARD_FILE_LINES, BODY_STATEMENTS, COMPLEXITY = 400, 600, 40, 10
ALLOWED = Path(__file__).with_name("oversized.txt")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def allowed() -> dict[str, str]:
    """The entries of the allow-list with their reasons."""
    entries = (line.partition(": ") for line in ALLOWED.read_text().splitlines() if line and not line.startswith("#"))
    return {name: reason.strip() for name, _, reason in entries}


def functions(node: ast.AST, owner: str = "") -> Iterator[tuple[str, Function]]:
    """Every function below a node, nested ones too, with its qualified name."""
    for child in ast.iter_child_nodes(node):
        name = owner
        if isinstance(child, Function | ast.ClassDef):
            name = f"{owner}.{child.name}".lstrip(".")
        if isinstance(child, Function):
            yield name, child
        yield from functions(child, name)


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function's body, leaving out the insides of functions defined in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def statements(function: Function) -> int:
    """The number of statements of a body, without its docstring."""
    return sum(isinstance(node, ast.stmt) for node in own_nodes(function)) - (ast.get_docstring(function) is not None)


def complexity(function: Function) -> int:
    """McCabe's cyclomatic complexity: one more than the number of statements and comprehensions that fork the path."""
    return 1 + sum(_forks(node) for node in own_nodes(function))


def _forks(node: ast.AST) -> int:
    match node:
        case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.ExceptHandler() | ast.comprehension():
            return 1
        case ast.Match(cases=cases):
            return len(cases)
    return 0


def excesses() -> Iterator[tuple[str, str]]:
    """Whatever exceeds a limit, with what it measures."""
    for source in project_sources():
        if source.lines > FILE_LINES:
            yield source.path, f"{source.lines} lines, at most {FILE_LINES}"
        for name, function in functions(source.tree):
            if (count := statements(function)) > BODY_STATEMENTS:
                yield f"{source.path}::{name}", f"{count} statements, at most {BODY_STATEMENTS}"
            if (forks := complexity(function)) > COMPLEXITY:
                yield f"{source.path}::{name}", f"complexity {forks}, at most {COMPLEXITY}"


def test_nothing_exceeds_its_size_without_a_reason() -> None:
    entries = allowed()
    grown = [f"{name}: {what}" for name, what in excesses() if not entries.get(name)]
    assert not grown, "\n".join(["Split it: one concept a file, one step a function.", *grown])


def test_no_file_exceeds_the_hard_limit() -> None:
    assert not [source.path for source in project_sources() if source.lines > HARD_FILE_LINES]


def test_allow_list_only_shrinks() -> None:
    unneeded = set(allowed()) - {name for name, _ in excesses()}
    assert not unneeded, f"Within their limits now, delete from {ALLOWED.name}: {sorted(unneeded)}"


@pytest.mark.parametrize(("body", "expected_statements", "expected_complexity"), [
    ('"""Doc."""\nreturn 1', 1, 1),
    ("if a and b or c:\n    return 1\nelif d:\n    return 2\nreturn 3", 5, 3),
    ("for x in y:\n    pass\ntry:\n    pass\nexcept ValueError:\n    pass", 5, 3),
    ("return [x for x in y if x] if z else (lambda: 1 if a else 2)", 1, 2),
    ("def g():\n    if a:\n        pass\nreturn g", 2, 1),
    ("match a:\n    case 1:\n        pass\n    case _:\n        pass", 3, 3),
])
def test_measures(body: str, expected_statements: int, expected_complexity: int) -> None:
    text = "def f():\n" + "\n".join("    " + line for line in body.splitlines())
    ((name, function), *_) = functions(ast.parse(text))
    assert (name, statements(function), complexity(function)) == ("f", expected_statements, expected_complexity)
