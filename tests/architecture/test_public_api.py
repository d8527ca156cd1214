"""Every public name delivered so far is used as pyro-ppl's; what is missing is a list that only shrinks."""

from collections.abc import Callable

import pytest

from tests.architecture.public_api import (
    FACTS,
    Fact,
    absent,
    covers,
    differences,
    listed_missing,
    load,
    parameters_of,
    shrink,
)

DELIVERED = sorted(module for module in FACTS if f"{module}.*" not in listed_missing())


@pytest.mark.parametrize("module", DELIVERED)
def test_delivered_names_take_upstreams_parameters(module: str) -> None:
    found = load(module)
    wrong = [f"{module}.{name} {what}" for name, fact in FACTS[module].items() if hasattr(found, name)
             and f"{module}.{name}" not in listed_missing() for what in differences(getattr(found, name), fact)]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_missing_that_is_not_listed() -> None:
    _, lost = shrink(listed_missing(), absent())
    assert not lost, "\n".join(["Gone, or come in part; missing_api.txt takes up no new entry:", *lost])


def test_missing_list_only_shrinks() -> None:
    kept, _ = shrink(listed_missing(), absent())
    assert listed_missing() == kept, "Run `python -m tests.architecture.update_missing`: the list claims too much."


def keeps_order(a: int, b: float = 1.0, *args: int, **kwargs: int) -> None: ...


def takes_function(init: Callable[[], None] = lambda: None, *, ours: int = 3) -> None: ...


def test_parameters_are_written_as_the_facts_are() -> None:
    assert parameters_of(keeps_order) == ["a", "b=1.0", "*args", "**kwargs"]
    assert parameters_of(takes_function) == ["init=<function>", "ours=3"]


@pytest.mark.parametrize(("value", "fact", "agrees"), [
    (keeps_order, Fact(kind="function", parameters=["a", "b=1.0", "*args", "**kwargs"]), True),
    (keeps_order, Fact(kind="function", parameters=["b=1.0", "a", "*args", "**kwargs"]), False),
    (keeps_order, Fact(kind="function", parameters=["a", "b=2.0", "*args", "**kwargs"]), False),
    (keeps_order, Fact(kind="function", parameters=["a"]), False),
    (keeps_order, Fact(kind="class", parameters=["a", "b=1.0", "*args", "**kwargs"]), False),
    (takes_function, Fact(kind="function", parameters=["init=<function>"]), True),
    (takes_function, Fact(kind="function", parameters=["init=<function>", "ours=3"]), True),
    (Fact, Fact(kind="class"), True),
    (3, Fact(kind="function"), False),
    (3, Fact(kind="value"), True),
])
def test_differences_are_found(value: object, fact: Fact, agrees: bool) -> None:
    assert (not differences(value, fact)) is agrees


@pytest.mark.parametrize(("entry", "name", "expected"), [
    ("pyro.nn.*", "pyro.nn.*", True),
    ("pyro.nn.*", "pyro.nn.DenseNN", True),
    ("pyro.nn.*", "pyro.nnx.DenseNN", False),
    ("pyro.nn.DenseNN", "pyro.nn.DenseNN.forward", True),
    ("pyro.nn.DenseNN", "pyro.nn.DenseNNX", False),
    ("pyro.nn.DenseNN", "pyro.nn.*", False),
])
def test_an_entry_covers_what_lies_in_it(entry: str, name: str, expected: bool) -> None:
    assert covers(entry, name) is expected


def test_shrinking_drops_what_is_there_and_refuses_what_was_lost() -> None:
    kept, lost = shrink(["pyro.nn.*", "pyro.sample", "pyro.plate"], ["pyro.plate", "pyro.nn.DenseNN", "pyro.param"])
    assert kept == ["pyro.nn.DenseNN", "pyro.plate"]
    assert lost == ["pyro.param"]
