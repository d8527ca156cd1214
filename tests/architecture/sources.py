"""The project's source files, parsed, and what several rules ask of them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "pyro"
_FOLDERS = ("src", "benchmarks", "tests")


@dataclass(frozen=True)
class Source:
    """One Python file.

    Attributes:
        path: where it is, relative to the checkout, with forward slashes.
        text: what it says.
    """

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def is_package_front(self) -> bool:
        return self.path.endswith("/__init__.py")


def project_sources() -> list[Source]:
    """All files that are held to the size limits."""
    return [source for folder in _FOLDERS for source in _sources(ROOT / folder)]


def package_sources() -> list[Source]:
    """The files of the import package ``pyro``."""
    return list(_sources(PACKAGE))


def _sources(folder: Path) -> Iterator[Source]:
    for path in sorted(folder.rglob("*.py")):
        relative = path.relative_to(ROOT)
        if not any(part.startswith(".") for part in relative.parts):
            yield Source(relative.as_posix(), path.read_text())


def is_reexport(tree: ast.Module) -> bool:
    """Whether a module only passes names on: a docstring, imports and ``__all__``."""
    return all(_passes_names_on(statement) for statement in tree.body)


def _passes_names_on(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.AugAssign(target=ast.Name(id="__all__")):
            return True
    return False


def is_submodule(name: str) -> bool:
    """Whether a dotted name, such as ``pyro.ops.stats``, is a module or package of the import package."""
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
