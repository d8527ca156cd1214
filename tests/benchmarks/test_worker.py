"""The session answers each request, with programs that count their steps instead of working."""

from types import SimpleNamespace

import pytest

from benchmarks import worker
from benchmarks.case import Case, Peer, Program
from benchmarks.worker import Session


class Clock:
    """Programs that take one second a step, and the clock that shows it."""

    def __init__(self) -> None:
        self.blocks: list[int] = []

    def start(self) -> Program:
        def run(steps: int) -> float:
            self.blocks.append(steps)
            return 0.5

        return run

    def read(self) -> float:
        return float(sum(self.blocks))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(worker, "time", SimpleNamespace(perf_counter=clock.read))
    monkeypatch.setattr(
        worker, "LIBRARIES", ()
    )  # whatever this process has loaded is no business of the session
    return clock


@pytest.fixture
def session(clock: Clock) -> Session:
    session = Session(Case("example", "", {"ours": Peer("dev", clock.start)}))
    assert session.answer({"do": "start", "peer": "ours", "steps": 7}) == {"loss": 0.5, "versions": {}, "how": ""}
    return session


def test_start_runs_the_first_steps(session: Session, clock: Clock) -> None:
    assert clock.blocks == [7]


def test_time_runs_one_block(session: Session, clock: Clock) -> None:
    assert session.answer({"do": "time", "peer": "ours", "steps": 20}) == {"seconds": 20.0}
    assert clock.blocks == [7, 20]


@pytest.mark.parametrize("seconds", [0.01, 1, 5, 6, 300, 12345])
def test_calibrate_fills_the_block_and_ends_with_one(session: Session, clock: Clock, seconds: float) -> None:
    steps = max(1, round(seconds))
    assert session.answer({"do": "calibrate", "peer": "ours", "seconds": seconds}) == {"steps": steps}
    assert clock.blocks[-1] == steps
