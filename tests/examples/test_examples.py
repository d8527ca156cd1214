"""Each example runs in its short mode, and says how fast it was."""

import runpy
from pathlib import Path

import pytest

import pyro

EXAMPLES = Path(__file__).parents[2] / "examples"
NOT_RUN = {"coin", "report"}  # has a test of its own; shared by the others
VARIANTS = {"vae": ((), ("--conditional",))}
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem not in NOT_RUN)


@pytest.fixture(autouse=True)
def fresh_parameters():
    yield
    pyro.clear_param_store()


@pytest.mark.parametrize(("name", "extra"), [
    pytest.param(name, extra, id=" ".join((name, *extra))) for name in NAMES for extra in VARIANTS.get(name, ((),))])
def test_short_mode(name, extra, tmp_path, capsys, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    main = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]
    main(["--smoke-test", "--out", str(tmp_path), *extra])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("eager ") and " a step" in lines[0]
    assert len(lines) >= 2
    pictures = list(tmp_path.iterdir())
    assert all(picture.stat().st_size > 0 for picture in pictures)
    assert bool(pictures) == ("matplotlib" in (EXAMPLES / f"{name}.py").read_text())
