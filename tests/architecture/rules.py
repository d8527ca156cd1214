"""The rules of the house that can be read off a syntax tree: each takes a module and yields what breaks it.

A finding is ``(line, what)``. Names are resolved through the module's imports, so that ``td.Normal`` is known to be
``torch.distributions.Normal`` after ``import torch.distributions as td``.
"""

import ast
from collections.abc import Iterator

from tests.architecture.sources import is_submodule

Finding = tuple[int, str]

TRACING_QUESTIONS = frozenset({
    "_get_tracing_state", "_is_tracing", "get_proxy_mode", "is_compiling", "is_dynamo_compiling", "is_exporting",
    "is_fx_symbolic_tracing", "is_fx_tracing", "is_scripting", "is_torchdynamo_compiling", "is_tracing", "make_fx",
})
COMPILER_MODULES = ("torch._dynamo", "torch._inductor", "torch.compile", "torch.compiler", "torch.export", "torch.fx")


def imports_in_functions(tree: ast.Module) -> Iterator[Finding]:
    """Imports that hide in a function."""
    lines = {node.lineno for function in ast.walk(tree) if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
             for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)}
    yield from ((line, "import inside a function") for line in sorted(lines))


def front_door_imports(tree: ast.Module) -> Iterator[Finding]:
    """Imports of the front door ``pyro``, or of a name from it, where the defining module is meant."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found = [name.name for name in names if name.name == "pyro" or (
                    name.name.startswith("pyro.") and name.asname is None)]
            case ast.ImportFrom(module="pyro", names=names):
                found = [f"pyro.{name.name}" for name in names if not is_submodule(f"pyro.{name.name}")]
            case _:
                continue
        yield from ((node.lineno, f"imports {name}") for name in found)


# torch's own switch, which its compiler turns while it captures; set, and restored, for the same purpose
_TORCH_SWITCHES = {"torch.compiler._is_compiling_flag"}


def torch_patches(tree: ast.Module) -> Iterator[Finding]:
    """Assignments into torch's modules and classes, and their deletion."""
    names = _imported_names(tree)
    for node in ast.walk(tree):
        for target in _assigned(node):
            owner = _dotted(target.value if isinstance(target, ast.Attribute | ast.Subscript) else target, names)
            if owner is not None and owner.split(".")[0] == "torch" and _dotted(target, names) not in _TORCH_SWITCHES:
                yield target.lineno, f"assigns into {owner}"


def tracing_questions(tree: ast.Module) -> Iterator[Finding]:
    """Questions how the program is being run, and uses of what runs it: compiler/ alone knows."""
    for line, name in _mentions(tree):
        if name.rsplit(".", 1)[-1] in TRACING_QUESTIONS or _within(name, *COMPILER_MODULES):
            yield line, name


def torch_jit_uses(tree: ast.Module) -> Iterator[Finding]:
    """Uses of TorchScript."""
    yield from ((line, name) for line, name in _mentions(tree) if _within(name, "torch.jit"))


def _within(name: str, *modules: str) -> bool:
    return any(name == module or name.startswith(module + ".") for module in modules)


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for, e.g. ``{"td": "torch.distributions", "Tensor": "torch.Tensor"}``."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str | None:
    """The dotted name that an expression reads, or ``None`` if it is no chain of imported names and attributes."""
    match node:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=value, attr=attribute):
            owner = _dotted(value, names)
            return None if owner is None else f"{owner}.{attribute}"
    return None


def _assigned(node: ast.AST) -> Iterator[ast.expr]:
    """The attributes and items that a statement sets or deletes; of setattr and delattr the object."""
    targets: list[ast.expr] = []
    match node:
        case ast.Assign(targets=found) | ast.Delete(targets=found):
            targets = found
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.For(target=target):
            targets = [target]
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[owner, *_]):
            yield owner
    for target in targets:
        for part in ast.walk(target):
            if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
                yield part


def _mentions(tree: ast.Module) -> Iterator[Finding]:
    """Every name that a module imports or reads as an attribute, as far as it resolves, with its line."""
    names = _imported_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield node.lineno, _dotted(node, names) or node.attr
