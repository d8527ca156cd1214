"""An environment is made once, and never left half made."""

import subprocess
from pathlib import Path

import pytest

from benchmarks import environments
from benchmarks.environments import RECIPES, interpreter


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    made: list[list[str]] = []

    def run(command: list[str], check: bool) -> None:
        made.append(command)
        if "venv" in command:
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.touch()

    monkeypatch.setattr(environments.subprocess, "run", run)
    return made


@pytest.mark.parametrize("name", RECIPES)
def test_made_once_with_torch_first(name: str, calls: list[list[str]], tmp_path: Path) -> None:
    python = interpreter(tmp_path, name)
    assert python == tmp_path / name / "bin" / "python"
    venv, *installs = calls
    assert venv[1:] == ["-m", "venv", str(tmp_path / name)]
    assert [tuple(install[5:]) for install in installs] == list(RECIPES[name])
    assert all(install[0] == str(python) for install in installs)
    assert interpreter(tmp_path, name) == python
    assert len(calls) == 1 + len(installs)


@pytest.mark.parametrize("name", ["dev", "upstream"])
def test_torch_is_pinned_first(name: str) -> None:
    assert RECIPES[name][0] == ("torch==2.13.0",)


def test_a_failure_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(command: list[str], check: bool) -> None:
        (tmp_path / "dev" / "bin").mkdir(parents=True)
        (tmp_path / "dev" / "bin" / "python").touch()
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(environments.subprocess, "run", fail)
    with pytest.raises(subprocess.CalledProcessError):
        interpreter(tmp_path, "dev")
    assert not (tmp_path / "dev").exists()
