"""The command line: what it runs and what it writes."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.case import Case, case_names, load_case
from benchmarks.harness import Result, Settings, Timing


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], Settings]]:
    runs: list[tuple[str, list[str], Settings]] = []

    def measure(
        case: Case, peers: Iterable[str], python: Callable[[str], Path], settings: Settings
    ) -> Result:
        runs.append((case.name, list(peers), settings))
        return Result(case, {peer: Timing((1.0,), 1, None, {}) for peer in runs[-1][1]})

    monkeypatch.setattr(command, "measure", measure)
    return runs


def test_runs_every_case_on_the_processor_by_default(measured: list[tuple[str, list[str], Settings]]) -> None:
    command.main([])
    assert [name for name, _, _ in measured] == [name for name in case_names() if load_case(name).device == "cpu"]
    assert {settings for _, _, settings in measured} == {Settings(core=command.last_core())}


def test_writes_table_and_json(
    measured: list[tuple[str, list[str], Settings]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, data = tmp_path / "out.md", tmp_path / "out.json"
    options = ["--rounds", "2", "--seconds", "0.5", "--core", "0", "--table", str(text), "--json", str(data)]
    command.main(["coin", "sample", *options])
    assert [name for name, _, _ in measured] == ["coin", "sample"]
    assert text.read_text().startswith("### coin: ten separate observations")
    assert capsys.readouterr().out.strip() == text.read_text().strip()
    read = json.loads(data.read_text())
    assert read["settings"] == {"rounds": 2, "seconds": 0.5, "core": 0}
    assert [case["name"] for case in read["cases"]] == ["coin", "sample"]


def test_runs_a_case_on_cuda_when_asked(measured: list[tuple[str, list[str], Settings]]) -> None:
    command.main(["cuda_vae"])
    assert [name for name, _, _ in measured] == ["cuda_vae"]


def test_runs_the_chosen_peers(measured: list[tuple[str, list[str], Settings]]) -> None:
    command.main(["--peers", "upstream's draw"])
    assert [(name, peers) for name, peers, _ in measured] == [("sample", ["upstream's draw"])]


def test_an_unknown_case_is_refused(measured: list[tuple[str, list[str], Settings]]) -> None:
    with pytest.raises(ValueError, match="no case 'coins'"):
        command.main(["coin", "coins"])
    assert measured == []
