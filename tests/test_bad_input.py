"""What bad input gets: an exception that names the site or parameter and the remedy, and nothing changed by it.

Each case is something a user gets wrong, done in the middle of a run that went well so far; the cases, with what they
get, are in ``tests/bad_input``.
"""

from collections.abc import Iterator

import pytest
import torch

import pyro
from tests.bad_input import programs, values
from tests.bad_input.run import Run, guide, model

CASES = {**programs.CASES, **values.CASES}


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    yield
    pyro.clear_param_store()


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_explained_and_changes_nothing(case, tmp_path, capsys):
    misuse, error, parts = CASES[case]
    run = Run(tmp_path)
    before = run.state()
    with pytest.raises(error) as caught:
        misuse(run)
    missing = [part for part in parts if part not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"
    assert run.state() == before
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("case", CASES)
def test_a_run_goes_on_after_bad_input(case, tmp_path):
    """The next good step is the one that would have come without the bad one."""
    misuse, error, _ = CASES[case]
    losses = []
    for is_disturbed in (False, True):
        torch.manual_seed(0)
        run = Run(tmp_path)
        if is_disturbed:
            with pytest.raises(error):
                misuse(run)
            run.optim.pt_optim_args = {"lr": 0.01}
        run.svi.model, run.svi.guide = model, guide
        torch.manual_seed(1)
        losses.append([run.svi.step() for _ in range(2)])
    assert losses[0] == losses[1]
