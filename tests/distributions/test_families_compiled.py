"""Compiled equals eager, for every distribution family of ``table.py``.

A row's step is its density, a draw, the gradients of both, and its checks. It is captured once. The captured graph on
eager's random numbers equals the eager step; the loop program on a run's own numbers equals the captured graph.
"""

import pytest
import torch
from torch import Tensor

from pyro.compiler.errors import CannotCapture
from pyro.compiler.loop.program import compile_loop
from pyro.compiler.replay import Replay
from tests.distributions.case import Case
from tests.distributions.compiled import Captured
from tests.distributions.table import CASES

LARGE = 1000
"""Steps of more operations are not compiled here: LLVM would take seconds. The table says which and why."""


def assert_equal(got: list[Tensor], expected: list[Tensor], bound: float) -> None:
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=bound, atol=bound)


@pytest.mark.parametrize("case", [case for case in CASES if "capture" not in case.without], ids=str)
def test_compiled_equals_eager(case: Case) -> None:
    captured = Captured.of(case)
    assert captured.eager[-1], "the checks pass"
    step = captured.rewritten(eager_random_numbers=True)
    assert_equal(step.run(Replay(step.graph)), captured.eager, 1e-9)
    own = captured.rewritten(eager_random_numbers=False)
    count = sum(node.op == "call_function" for node in own.draft.graph.nodes)
    assert (count > LARGE) == ("loop program" in case.without), f"{count} operations"
    if count <= LARGE:
        assert_equal(own.run(compile_loop(own.graph)), own.run(Replay(own.graph)), 1e-8)


@pytest.mark.parametrize("case", [case for case in CASES if "capture" in case.without], ids=str)
def test_what_cannot_be_captured_says_so(case: Case) -> None:
    with pytest.raises(CannotCapture, match="the shape of whose result depends on values"):
        Captured.of(case)


def test_names_of_rows_differ() -> None:
    names = [str(case) for case in CASES]
    assert len(set(names)) == len(names)
