import io
import sys

import pytest

from pyro import settings
from pyro.infer import progress as module
from pyro.infer.progress import Progress


class Terminal(io.StringIO):
    def __init__(self, is_terminal=True):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal


@pytest.fixture
def bars(monkeypatch):
    """The bars that are made, in place of tqdm's."""
    class Bar:
        def __init__(self, **options):
            self.options, self.steps, self.postfix, self.is_closed = options, 0, "", False
            made.append(self)

        def set_postfix_str(self, text, refresh):
            self.postfix = text

        def update(self, steps):
            self.steps += steps

        def close(self):
            self.is_closed = True

    made = []
    monkeypatch.setattr(module, "tqdm", Bar)
    monkeypatch.delenv("CI", raising=False)
    return made


def test_it_shows_steps_loss_and_how(bars):
    with settings.context(progress_bar=True), Progress(100, True) as progress:
        progress.update(2, 10.0, "eager")
        progress.update(48, 5.0, "loop program")
    (bar,) = bars
    assert (bar.options["total"], bar.options["unit"], bar.steps) == (100, "step", 50)
    assert bar.postfix == "loss 9, loop program", "the loss is smoothed"
    assert bar.is_closed


def test_it_is_closed_after_an_error(bars):
    with settings.context(progress_bar=True), pytest.raises(KeyError), Progress(100, True):
        raise KeyError
    assert bars[0].is_closed


@pytest.mark.parametrize(("wanted", "setting", "in_ci", "is_terminal", "expected"), [
    (True, None, False, True, True), (True, None, True, True, False), (True, None, False, False, False),
    (True, True, True, False, True), (True, False, False, True, False), (False, None, False, True, False),
    (False, True, False, True, False)])
def test_where_there_is_a_bar(bars, monkeypatch, wanted, setting, in_ci, is_terminal, expected):
    if in_ci:
        monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(sys, "stderr", Terminal(is_terminal))
    with settings.context(progress_bar=setting), Progress(10, wanted) as progress:
        progress.update(1, 1.0, "eager")
    assert bool(bars) == expected


def test_a_notebook_is_a_place_for_bars(bars, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal(is_terminal=False))
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    with Progress(10, True):
        pass
    assert len(bars) == 1
