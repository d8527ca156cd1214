"""Compiled draws and eager ones take turns, and each takes the steps it is asked for."""

import pytest

from benchmarks import samplers
from benchmarks.samplers import PARAMETERS, main, ratios, ways


def test_ratios_are_those_of_single_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(samplers, "process_time", lambda: now)

    def way(seconds: float):
        def take(steps: int) -> None:
            nonlocal now
            now += steps * seconds

        return take

    assert ratios(way(1.0), way(0.25), 3, 2.0) == [4.0, 4.0, 4.0]


@pytest.mark.parametrize("with_gradient", [False, True])
@pytest.mark.parametrize("family", PARAMETERS)
def test_both_ways_take_steps(family: str, with_gradient: bool) -> None:
    eager, compiled = ways(family, PARAMETERS[family][1], (3,), with_gradient and family != "VonMises")
    eager(2)
    assert compiled(5) == 5


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(["VonMises", "--shape", "5", "--rounds", "2", "--seconds", "0"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[:4] for line in lines[2:]] == [
        ["| VonMises", str(parameters), "(5,)", "draw"] for parameters in PARAMETERS["VonMises"]
    ]


def test_an_unknown_family_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["Gama"])
    assert "no case for Gama; there are Gamma, Beta" in capsys.readouterr().err
