"""The program that times families: which it runs, what its table tells, and that its programs run."""

import itertools
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from benchmarks import families
from benchmarks.case import Case, load_case
from benchmarks.family_case import name
from benchmarks.family_row import SHAPES, WORKS
from benchmarks.harness import Result, Settings, Timing


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    runs: list[list[str]] = []

    def measure(
        case: Case, peers: Iterable[str], python: Callable[[str], Path], settings: Settings, first_steps: int
    ) -> Result:
        assert first_steps == families.WARM_UP
        runs.append(list(peers))
        seconds = {"flashover": 1.0, "upstream": 4.0, "numpyro": 0.5}
        return Result(case, {peer: Timing((seconds[peer.split(" ")[0]],), 1, None, {}) for peer in runs[-1]})

    monkeypatch.setattr(families, "measure", measure)
    return runs


def test_runs_the_families_that_are_named(
    measured: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, data = tmp_path / "out.md", tmp_path / "out.json"
    families.main(["Normal", "ZeroSumNormal", "--table", str(text), "--json", str(data), "--core", "0"])
    assert [len(peers) for peers in measured] == [3 * len(SHAPES) * len(WORKS), 2 * len(WORKS)]
    lines = text.read_text().splitlines()
    assert capsys.readouterr().out.splitlines() == lines
    assert lines[2] == "| Normal |" + " 0.250 / 2.00 |" * 6
    assert lines[3] == "| ZeroSumNormal | – / 2.00 | – / – | – / – | – / 2.00 | – / – | – / – |"
    written = json.loads(data.read_text())
    assert len(written["cases"]) == 2
    assert "Distribution" in written["not_comparable"]


def test_own_sizes_stand_behind_the_name(measured: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    families.main(["GaussianHMM", "LinearHMM"])
    ratios = " 0.250 / – |" * 3
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| GaussianHMM (10,) (100,) (1000,) |" + 2 * ratios,
        "| LinearHMM (10,) (100,) (1000,) |" + 3 * " – / – |" + ratios,
    ]


def test_runs_all_by_default(measured: list[list[str]]) -> None:
    families.main([])
    assert sorted(peer for peers in measured for peer in peers) == sorted(load_case("families").peers)


@pytest.mark.parametrize("family", ["Distribution", "Nothing"])
def test_a_family_without_a_row_is_refused(measured: list[list[str]], family: str) -> None:
    with pytest.raises(ValueError, match=f"no row for the family '{family}'"):
        families.main([family])
    assert measured == []


@pytest.mark.parametrize(("family", "work"), [
    *itertools.product(["Normal", "Bernoulli", "VonMises", "DiscreteUniform", "DiscreteHMM"], WORKS),
    ("LinearHMM", "draw"), ("ImproperUniform", "log_prob"), ("CAR", "log_prob"),
])
def test_programs_run(family: str, work: str) -> None:
    peer = load_case("families").peers[name("flashover", family, (1000,), work)]
    assert peer.process == "flashover"
    assert peer.start()(2) is None
