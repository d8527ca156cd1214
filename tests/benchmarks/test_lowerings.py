"""The ways to run a captured step are compared turn by turn."""

import pytest

from benchmarks import lowerings
from benchmarks.lowerings import main, ratios


def test_ratios_leave_the_first_turn_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(lowerings, "perf_counter", lambda: now[0])

    def way(seconds: list[float]) -> None:
        now[0] += seconds.pop(0)

    one, two = [9.0, 2.0, 4.0], [100.0, 1.0, 1.0]
    measured = ratios({"eager": lambda steps: way(one), "fast": lambda steps: way(two)}, 2, 20)
    assert measured == {"eager": [1.0, 1.0], "fast": [0.5, 0.25]}


def test_the_ways_take_steps(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(lowerings, "_by_inductor", lambda graph, folder: None)
    main(["--rounds", "2", "--steps", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[4:]] == ["eager", "captured graph"]
    assert lines[4].endswith(" 1.00 (1.00 to 1.00) |")
