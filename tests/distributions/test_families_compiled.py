"""Compiled equals eager, for every distribution family of ``table.py``.

A row's step is its density, a draw, the gradients of both, and its checks. It is captured once. The captured graph on
eager's random numbers equals the eager step; the loop program on a run's own numbers equals the captured graph.
"""

import pytest
import torch
from torch import Tensor

from pyro.compiler.errors import CannotCapture, Unsupported
from pyro.compiler.loop.program import compile_loop
from pyro.compiler.replay import Replay
from tests.distributions.case import Case
from tests.distributions.compiled import Captured
from tests.distributions.table import CASES

LARGE = 600
"""Steps of more operations are not compiled here: LLVM would take seconds."""

# the lists only shrink
NOT_CAPTURED = {
    "CAR-sparse": "how many entries a sparse matrix has depends on values",
    "DirichletMultinomial-sparse": "how many counts are not zero depends on values",
    "Poisson-sparse": "how many counts are not zero depends on values",
}
NO_LOOP_PROGRAM = {
    "CAR-usual": "no row for eigenvalues",
    "CirculantNormal-spectrum": "no row for Fourier transforms",
    "CirculantNormal-usual": "no row for Fourier transforms",
    "GaussianScaleMixture-usual": "no row for incomplete gamma functions",
    "NanMaskedMultivariateNormal-usual": "no row for a QR decomposition",
    "OMTMultivariateNormal-usual": "no row for eigenvalues",
}
THOUSANDS_OF_OPERATIONS = {
    "GammaGaussianHMM-usual", "GaussianCopulaBeta-usual", "GaussianHMM-independent noise", "GaussianHMM-usual",
    "GaussianMRF-usual", "LeftTruncatedGamma-usual", "RightTruncatedGamma-usual", "Stable-usual",
    "StableWithLogProb-one-sided", "StableWithLogProb-usual", "TwoSidedTruncatedDistribution-Student",
    "TwoSidedTruncatedDistribution-usual", "TwoSidedTruncatedGamma-usual",
}


def assert_equal(got: list[Tensor], expected: list[Tensor], bound: float) -> None:
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=bound, atol=bound)


@pytest.mark.parametrize("case", [case for case in CASES if str(case) not in NOT_CAPTURED], ids=str)
def test_compiled_equals_eager(case: Case) -> None:
    captured = Captured.of(case)
    assert captured.eager[-1], "the checks pass"
    step = captured.rewritten(eager_random_numbers=True)
    assert_equal(step.run(Replay(step.graph)), captured.eager, 1e-9)
    own = captured.rewritten(eager_random_numbers=False)
    count = sum(node.op == "call_function" for node in own.draft.graph.nodes)
    assert (count > LARGE) == (str(case) in THOUSANDS_OF_OPERATIONS), f"{count} operations"
    if count > LARGE:
        return
    if str(case) in NO_LOOP_PROGRAM:
        with pytest.raises(Unsupported, match="has no row"):
            compile_loop(own.graph)
        return
    assert_equal(own.run(compile_loop(own.graph)), own.run(Replay(own.graph)), 1e-8)


@pytest.mark.parametrize("case", [case for case in CASES if str(case) in NOT_CAPTURED], ids=str)
def test_what_cannot_be_captured_says_so(case: Case) -> None:
    with pytest.raises(CannotCapture, match="the shape of whose result depends on values"):
        Captured.of(case)


def test_names_of_rows_differ() -> None:
    names = [str(case) for case in CASES]
    assert len(set(names)) == len(names)
    assert set(NOT_CAPTURED) | set(NO_LOOP_PROGRAM) | THOUSANDS_OF_OPERATIONS <= set(names)
