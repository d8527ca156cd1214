"""Laws of the harness: its statistics, its rounds, its table and its JSON. No peer is needed."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import harness
from benchmarks.__main__ import last_core
from benchmarks.case import Case, Limit, Peer, Program
from benchmarks.harness import (
    Result,
    Settings,
    Spread,
    Timing,
    Worker,
    decimals,
    measure,
    report,
    show,
    table,
    variables,
)

times = st.floats(1e-3, 1e6)


def idle() -> Program:
    return lambda steps: 0.5


CASE = Case(
    "example",
    "a title",
    {"ours": Peer("dev", idle), "theirs": Peer("upstream", idle), "draw": Peer("dev", idle, process="ours")},
    (
        Limit("ours", "theirs", 0.5),
        Limit("ours", "draw", 1.5, kind="difference"),
        Limit("ours", "absent", 1.0),
    ),
)


def result(**microseconds: tuple[float, ...]) -> Result:
    versions = {"torch": "2.13.0"}
    return Result(CASE, {name: Timing(values, 10, 0.25, versions) for name, values in microseconds.items()})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0], Spread(3.0, 3.0, 3.0)),
        ([4.0, 2.0], Spread(3.0, 2.5, 3.5)),
        ([5.0, 1.0, 4.0, 2.0, 3.0], Spread(3.0, 2.0, 4.0)),
    ],
)
def test_spread_is_median_and_quartiles(values: list[float], expected: Spread) -> None:
    assert Spread.of(values) == expected


@given(st.lists(times, min_size=1))
def test_spread_is_ordered_and_within_the_sample(values: list[float]) -> None:
    spread = Spread.of(values)
    smallest, largest = min(values) * (1 - 1e-12), max(values) * (1 + 1e-12)  # the quartiles interpolate
    assert (
        smallest
        <= spread.low
        <= spread.median * (1 + 1e-12)
        <= spread.high * (1 + 2e-12)
        <= largest * (1 + 3e-12)
    )


def test_one_disturbed_block_does_not_move_the_median() -> None:
    assert Spread.of([10.0, 10.0, 10.0, 10.0, 9000.0]) == Spread(10.0, 10.0, 10.0)


@given(st.lists(st.tuples(times, times), min_size=1, max_size=20), st.floats(0.1, 10.0))
def test_ratios_are_taken_within_a_round(rounds: list[tuple[float, float]], slowdown: float) -> None:
    ours = tuple(drift * slowdown for drift, _ in rounds)
    theirs = tuple(drift for drift, _ in rounds)
    ratio = result(ours=ours, theirs=theirs).ratio("ours", "theirs")
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((slowdown,) * 3)


def test_difference_is_in_microseconds() -> None:
    measured = result(ours=(7.0, 8.0, 9.0), draw=(5.0, 5.0, 5.0))
    assert measured.difference("ours", "draw") == Spread(3.0, 2.5, 3.5)


def test_rounds_must_match() -> None:
    with pytest.raises(ValueError):
        result(ours=(1.0, 2.0), theirs=(1.0,)).ratio("ours", "theirs")


@pytest.mark.parametrize(("ours", "expected"), [(4.9, True), (5.0, True), (5.1, False)])
def test_a_limit_is_reached_by_the_median(ours: float, expected: bool) -> None:
    verdict = result(ours=(ours,), theirs=(10.0,)).verdicts()[0]
    assert verdict.is_reached is expected


def test_limits_of_absent_peers_are_left_out() -> None:
    verdicts = result(ours=(1.0,), draw=(1.0,)).verdicts()
    assert [verdict.limit.reference for verdict in verdicts] == ["draw"]


def test_show_has_median_and_quartiles() -> None:
    assert show(Spread(1.0, 0.5, 2.345), 1) == "1.0 (0.5 to 2.3)"


def test_table_in_full() -> None:
    measured = result(ours=(6.0, 6.0), theirs=(10.0, 10.0), draw=(5.0, 5.0))
    assert table(measured).splitlines() == [
        "### example: a title",
        "",
        "| peer | microseconds a step | ours / peer | loss of first 100 steps | libraries |",
        "|---|---|---|---|---|",
        "| ours | 6.00 (6.00 to 6.00) | 1 | 0.25 | torch 2.13.0 |",
        "| theirs | 10.00 (10.00 to 10.00) | 0.600 (0.600 to 0.600) | 0.25 | torch 2.13.0 |",
        "| draw | 5.00 (5.00 to 5.00) | 1.200 (1.200 to 1.200) | 0.25 | torch 2.13.0 |",
        "",
        "| goal | at most | measured | reached |",
        "|---|---|---|---|",
        "| ours / theirs | 0.500 | 0.600 (0.600 to 0.600) | **no** |",
        "| ours - draw | 1.50 us | 1.000 (1.000 to 1.000) us | yes |",
    ]


@pytest.mark.parametrize(
    ("ratio", "text"), [(1 / 3000, "0.000333"), (0.05, "0.0500"), (0.7, "0.700"), (1.25, "1.250"), (123.4, "123.400")]
)
def test_decimals_show_three_digits_of_a_ratio(ratio: float, text: str) -> None:
    assert f"{ratio:.{decimals(ratio, 3)}f}" == text


def test_table_tells_what_ran_the_steps() -> None:
    timings = {"ours": Timing((1.0,), 1, None, {}, "loop program"), "theirs": Timing((4000.0,), 1, None, {})}
    lines = table(Result(Case("runs", "", CASE.peers, (Limit("ours", "theirs", 1 / 3000),)), timings)).splitlines()
    assert lines[4].startswith("| ours (loop program) | 1.00 ")
    assert lines[5].startswith("| theirs | 4000.00 (4000.00 to 4000.00) | 0.000250 ")
    assert lines[-1] == "| ours / theirs | 0.000333 | 0.000250 (0.000250 to 0.000250) | yes |"


def test_variables_of_a_timed_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    ours, theirs = variables(imports_checkout=True), variables(imports_checkout=False)
    assert ours["OMP_NUM_THREADS"] == theirs["OMP_NUM_THREADS"] == "1"
    assert not {"PYTHONOPTIMIZE", "PYTHONPATH"} & theirs.keys()
    assert ours["PYTHONPATH"].endswith("src")


def test_table_without_loss_and_limits() -> None:
    bare = Result(Case("bare", "", {"ours": Peer("dev", idle)}), {"ours": Timing((1.0,), 1, None, {})})
    text = table(bare)
    assert "| ours | 1.00 (1.00 to 1.00) | 1 | none |  |" in text
    assert "goal" not in text


def test_report_survives_json() -> None:
    written = report([result(ours=(6.0, 8.0), theirs=(10.0, 10.0))], Settings(2, 0.1, 0))
    read = json.loads(json.dumps(written))
    assert read["settings"] == {"rounds": 2, "seconds": 0.1, "core": 0}
    assert set(read["machine"]) == {"platform", "processor", "load"}
    (case,) = read["cases"]
    assert case["peers"]["ours"]["microseconds"] == [6.0, 8.0]
    assert case["peers"]["ours"]["spread"] == {"median": 7.0, "low": 6.5, "high": 7.5}
    (limit,) = case["limits"]
    assert limit["limit"] == {"peer": "ours", "reference": "theirs", "at_most": 0.5, "kind": "ratio"}
    assert limit["measured"]["median"] == pytest.approx(0.7)
    assert limit["is_reached"] is False


class LocalWorker:
    """Answers in this process, and remembers what it was asked."""

    made: list["LocalWorker"] = []

    def __init__(self, python: Path, case: str, core: int, imports_checkout: bool) -> None:
        self.environment, self.imports_checkout = python.name, imports_checkout
        self.asked: list[tuple[str, str]] = []
        self.is_open = False
        self.made.append(self)

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        assert self.is_open
        self.asked.append((do, arguments["peer"]))
        canned: dict[str, Callable[[], dict[str, Any]]] = {
            "start": lambda: {"loss": 0.5, "versions": {}},
            "calibrate": lambda: {"steps": 4},
            "time": lambda: {"seconds": 8e-6},
        }
        return canned[do]()

    def __enter__(self) -> "LocalWorker":
        self.is_open = True
        return self

    def __exit__(self, *error: object) -> None:
        self.is_open = False


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[LocalWorker]:
    monkeypatch.setattr(harness, "Worker", LocalWorker)
    monkeypatch.setattr(LocalWorker, "made", [])
    return LocalWorker.made


def test_measure_times_every_peer_in_every_round(workers: list[LocalWorker]) -> None:
    measured = measure(CASE, CASE.peers, Path, Settings(rounds=3))
    assert list(measured.timings) == ["ours", "theirs", "draw"]
    for timing in measured.timings.values():
        assert timing.microseconds == pytest.approx((2.0, 2.0, 2.0))
        assert (timing.steps, timing.loss) == (4, 0.5)
    assert not any(worker.is_open for worker in workers)


def test_measure_shares_a_process_where_the_case_says_so(workers: list[LocalWorker]) -> None:
    measure(CASE, CASE.peers, Path, Settings(rounds=1))
    assert [(worker.environment, worker.imports_checkout) for worker in workers] == [
        ("dev", True),
        ("upstream", False),
    ]
    assert {peer for _, peer in workers[0].asked} == {"ours", "draw"}


def test_measure_starts_only_the_chosen_peers(workers: list[LocalWorker]) -> None:
    assert list(measure(CASE, ["theirs"], Path, Settings(rounds=1)).timings) == ["theirs"]
    assert [worker.environment for worker in workers] == ["upstream"]


def test_a_worker_that_ends_is_reported() -> None:
    with (
        Worker(Path(sys.executable), "no_such_case", last_core(), imports_checkout=False) as worker,
        pytest.raises(RuntimeError, match="no_such_case.* ended at 'start'"),
    ):
        worker.ask("start", peer="ours", steps=1)
