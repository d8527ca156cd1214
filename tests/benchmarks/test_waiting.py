"""The wait: what is measured, in what process, and how it is written down."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import waiting
from benchmarks.pyro_run import Inference
from benchmarks.waiting import CACHES, MEASUREMENTS, Measured, in_new_process, main, table, wait

ROUND = {
    "coin": Measured([0.5, 0.9], "captured graph"),
    "eight_schools": Measured([0.4, 1.1], "loop program"),
    "run": Measured([1.0], "captured graph"),
    "loop": Measured([5.0]),
}


class Clock:
    """An SVI whose steps take a second each while they are eager, and a capture of four; and the clock."""

    def __init__(self, how: str = "loop program") -> None:
        self.how, self.now, self.runs = how, 0.0, list[int]()

    def perf_counter(self) -> float:
        return self.now

    def run(self, num_steps: int, *data: Any, progress_bar: bool) -> Any:
        self.runs.append(num_steps)
        self.now += 1.0 if num_steps == 1 else 5.0
        return SimpleNamespace(parts=(SimpleNamespace(how="eager"), SimpleNamespace(how=self.how)))


def test_wait_tells_the_first_step_from_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    assert wait(lambda: Inference(clock, ())) == Measured([1.0, 5.0], "loop program")
    assert clock.runs == [1, 9]


def test_a_run_that_stays_eager_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="no step was compiled"):
        wait(lambda: Inference(Clock("eager"), ()))


def test_a_process_has_empty_caches_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = []

    def run(command: list[str], env: dict[str, str], **options: Any) -> Any:
        assert command[:3] == ["python", "-m", "benchmarks.waiting"]
        (folder,) = {env[name] for name in CACHES}
        assert list(Path(folder).iterdir()) == []
        folders.append(folder)
        return SimpleNamespace(stdout='a line of a library\n{"seconds": [0.25, 0.5], "how": ""}\n')

    monkeypatch.setattr(subprocess, "run", run)
    for _ in range(2):
        assert in_new_process("coin", Path("python"), 0) == Measured([0.25, 0.5])
    assert folders[0] != folders[1]
    assert not any(Path(folder).exists() for folder in folders)


def test_table_in_full() -> None:
    assert table([ROUND]).splitlines() == [
        "| what | measured | at most | reached |",
        "|---|---|---|---|",
        "| coin: first eager step | 0.500 (0.500 to 0.500) s |  |  |",
        "| coin: from there to the captured graph | 0.900 (0.900 to 0.900) s | 1.00 s | yes |",
        "| eight_schools: first eager step | 0.400 (0.400 to 0.400) s |  |  |",
        "| eight_schools: from there to the loop program | 1.100 (1.100 to 1.100) s | 1.00 s | **no** |",
        "| coin: 2,000 steps by svi.run (captured graph) | 1.000 (1.000 to 1.000) s |  |  |",
        "| coin: 2,000 steps by svi.step | 5.000 (5.000 to 5.000) s |  |  |",
        "| svi.run / svi.step | 0.200 (0.200 to 0.200) | 0.25 | yes |",
    ]


def test_main_makes_every_measurement_in_every_round(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []

    def measure(name: str, python: Path, core: int) -> Measured:
        made.append(name)
        return ROUND[name]

    monkeypatch.setattr(waiting, "interpreter", lambda folder, name: folder / name)
    monkeypatch.setattr(waiting, "in_new_process", measure)
    main(["--rounds", "2", "--core", "0", "--json", str(tmp_path / "out.json")])
    assert made == ["coin", *MEASUREMENTS, *MEASUREMENTS]  # the first leaves Python's compiled files behind
    read = json.loads((tmp_path / "out.json").read_text())
    assert [{name: Measured(**plain) for name, plain in times.items()} for times in read] == [ROUND, ROUND]
    assert capsys.readouterr().out.strip() == table([ROUND, ROUND]).strip()
