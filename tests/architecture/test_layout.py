"""The house is laid out as CONTRIBUTING.md says: a test file a module, visible imports, torch left as it is."""

import ast
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.sources import PACKAGE, ROOT, Source, is_reexport, package_sources

MODULES = package_sources()
FAMILY_FOLDER = "src/pyro/distributions/"
FAMILY_TABLE = "tests/distributions/table.py"
REEXPORT_FLOORS = ("src/pyro/util", "src/pyro/generic")
REEXPORT_LINES = 40


def outside_compiler() -> list[Source]:
    return [module for module in MODULES if not module.path.startswith("src/pyro/compiler/")]


def own_test_file(module: Source) -> Path:
    path = (ROOT / module.path).relative_to(PACKAGE)
    return ROOT / "tests" / path.parent / f"test_{path.name}"


def families_in_table() -> frozenset[str]:
    """The distribution classes that have rows in the table of tests."""
    if not (ROOT / FAMILY_TABLE).is_file():
        return frozenset()
    return frozenset(importlib.import_module("tests.distributions.table").families_in_table())


def is_tested_by_table(module: Source, families: frozenset[str]) -> bool:
    """Whether a module of distributions defines public classes and the table tests them all."""
    classes = {node.name for node in module.tree.body
               if isinstance(node, ast.ClassDef) and not node.name.startswith("_")}
    return module.path.startswith(FAMILY_FOLDER) and bool(classes) and classes <= families


def test_each_module_has_its_test_file() -> None:
    families = families_in_table()
    missing = [f"{module.path} -> {own_test_file(module).relative_to(ROOT)}" for module in MODULES
               if not (module.is_package_front or is_reexport(module.tree) or own_test_file(module).is_file()
                       or is_tested_by_table(module, families))]
    assert not missing, "\n".join(["Write each module's test file, or its row in " + FAMILY_TABLE, *missing])


@pytest.mark.parametrize(("rule", "modules", "remedy"), [
    (rules.imports_in_functions, MODULES, "Move the import to the top of the module."),
    (rules.front_door_imports, MODULES, "Import from the defining module: from pyro.poutine.runtime import ..."),
    (rules.torch_patches, MODULES, "Subclass or wrap; torch is left as it is for everybody else."),
    (rules.tracing_questions, outside_compiler(), "How a program is run is known in compiler/ alone."),
    (rules.torch_jit_uses, MODULES, "TorchScript is not used: it is deprecated and cannot express our programs."),
], ids=lambda value: getattr(value, "__name__", ""))
def test_no_module_breaks(
    rule: Callable[[ast.Module], Iterator[rules.Finding]], modules: list[Source], remedy: str
) -> None:
    broken = [f"{module.path}:{line}: {what}" for module in modules for line, what in rule(module.tree)]
    assert not broken, "\n".join([remedy, *broken])


def test_old_addresses_only_pass_names_on() -> None:
    floors = [module for module in MODULES if module.path.startswith(REEXPORT_FLOORS)]
    grown = [module.path for module in floors if not is_reexport(module.tree) or module.lines > REEXPORT_LINES]
    assert not grown, f"Move the code to its floor and re-export it, in at most {REEXPORT_LINES} lines: {grown}"
