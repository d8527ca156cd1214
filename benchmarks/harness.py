"""Times the peers of a case side by side in one run, and reports ratios with their spread.

Each peer is a live process (``benchmarks/worker.py``) pinned to the same core with one thread. A run is a
number of rounds; in each round every peer runs one block of steps, in an order drawn anew. Slow drifts of the
machine (clock, temperature, neighbours) therefore meet all peers alike, and ratios are taken within a round
before they are summarised.

Summaries are medians with the quartiles, which a few disturbed blocks do not move.
"""

import json
import math
import os
import platform
import random
import statistics
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.case import Case, Limit
from benchmarks.environments import CHECKOUT, ROOT

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}
FIRST_STEPS = 100  # run by every peer from the same start, so that their mean losses can be compared


@dataclass(frozen=True)
class Settings:
    """How a run is made.

    Args:
        rounds: Blocks for each peer.
        seconds: About how long one block takes.
        core: The core that all peers are pinned to.
    """

    rounds: int = 15
    seconds: float = 0.2
    core: int = 0


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of a sample."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarises a sample of one value or more; the quartiles interpolate between its members."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True)
class Timing:
    """What was measured of one peer.

    Args:
        microseconds: Time a step, one value a round.
        steps: Steps in a block.
        loss: Mean loss of the first steps, or None where the work has no loss.
        versions: The libraries that the peer had loaded.
        how: What ran the steps, where the peer tells.
    """

    microseconds: tuple[float, ...]
    steps: int
    loss: float | None
    versions: Mapping[str, str]
    how: str = ""


@dataclass(frozen=True)
class Verdict:
    """A limit and what was measured of it."""

    limit: Limit
    measured: Spread

    @property
    def is_reached(self) -> bool:
        """Whether the median keeps the limit."""
        return self.measured.median <= self.limit.at_most


@dataclass(frozen=True)
class Result:
    """All timings of a case. Round ``i`` of one peer ran beside round ``i`` of every other."""

    case: Case
    timings: Mapping[str, Timing]

    def ratio(self, peer: str, reference: str) -> Spread:
        """Time of ``peer`` over time of ``reference``, round by round."""
        return Spread.of([mine / theirs for mine, theirs in self._pairs(peer, reference)])

    def difference(self, peer: str, reference: str) -> Spread:
        """Time of ``peer`` less time of ``reference`` in microseconds, round by round."""
        return Spread.of([mine - theirs for mine, theirs in self._pairs(peer, reference)])

    def verdicts(self) -> list[Verdict]:
        """Every limit of the case whose two peers were measured."""
        measures = {"ratio": self.ratio, "difference": self.difference}
        return [
            Verdict(limit, measures[limit.kind](limit.peer, limit.reference))
            for limit in self.case.limits
            if {limit.peer, limit.reference} <= self.timings.keys()
        ]

    def _pairs(self, peer: str, reference: str) -> Iterable[tuple[float, float]]:
        return zip(self.timings[peer].microseconds, self.timings[reference].microseconds, strict=True)


def variables(imports_checkout: bool) -> dict[str, str]:
    """The environment variables of a process that is timed.

    Args:
        imports_checkout: Whether ``import pyro`` means the sources of this checkout.
    """
    # Assertions switch the validation of both libraries on, so nothing may switch assertions off.
    dropped = ("PYTHONPATH", "PYTHONOPTIMIZE")
    kept = {key: value for key, value in os.environ.items() if key not in dropped} | ONE_THREAD
    return kept | ({"PYTHONPATH": str(ROOT / "src")} if imports_checkout else {})


class Worker:
    """A process that runs peers of one case on request.

    Args:
        python: The interpreter of its environment.
        case: Name of the case.
        core: The core that it is pinned to.
        imports_checkout: Whether ``import pyro`` means the sources of this checkout.
    """

    def __init__(self, python: Path, case: str, core: int, imports_checkout: bool) -> None:
        self._name = f"{case} in {python}"
        self._process = subprocess.Popen(
            [str(python), "-m", "benchmarks.worker", case, str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=variables(imports_checkout),
            text=True,
        )

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Sends one request and waits for its answer.

        Raises:
            RuntimeError: The process ended instead; its own message is on standard error.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            print(json.dumps({"do": do, **arguments}), file=stdin, flush=True)
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError(
                f"Worker {self._name} ended at '{do}' {arguments}. Its traceback is printed above."
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def measure(
    case: Case,
    peers: Iterable[str],
    python: Callable[[str], Path],
    settings: Settings,
    first_steps: int = FIRST_STEPS,
) -> Result:
    """Runs one case.

    Args:
        case: The case.
        peers: Which of its peers to run.
        python: Gives the interpreter of an environment by its name.
        settings: How the run is made.
        first_steps: How many steps each peer runs first, whose mean loss is kept.
    """
    chosen = [peer for peer in case.peers if peer in set(peers)]
    with ExitStack() as stack:
        processes: dict[str, Worker] = {}
        workers: dict[str, Worker] = {}
        started: dict[str, dict[str, Any]] = {}
        for name in chosen:
            peer = case.peers[name]
            process = peer.process or name
            if process not in processes:
                worker = Worker(
                    python(peer.environment), case.name, settings.core, peer.environment == CHECKOUT
                )
                processes[process] = stack.enter_context(worker)
            workers[name] = processes[process]
            started[name] = workers[name].ask("start", peer=name, steps=first_steps)
            started[name] |= workers[name].ask("calibrate", peer=name, seconds=settings.seconds)
        microseconds: dict[str, list[float]] = {name: [] for name in chosen}
        orders = random.Random(0)
        for _ in range(settings.rounds):
            for name in orders.sample(chosen, len(chosen)):
                steps = started[name]["steps"]
                seconds = workers[name].ask("time", peer=name, steps=steps)["seconds"]
                microseconds[name].append(1e6 * seconds / steps)
    return Result(case, {name: Timing(tuple(microseconds[name]), **started[name]) for name in chosen})


def show(spread: Spread, digits: int = 2) -> str:
    """Writes a median with its quartiles."""
    return f"{spread.median:.{digits}f} ({spread.low:.{digits}f} to {spread.high:.{digits}f})"


def decimals(ratio: float, least: int) -> int:
    """How many decimals show three digits of a ratio, which may be one in thousands."""
    return max(least, 2 - math.floor(math.log10(ratio)))


def table(result: Result) -> str:
    """Writes a result as Markdown: the peers, then the limits with what was measured of them."""
    first = next(iter(result.timings))
    lines = [
        f"### {result.case.name}: {result.case.title}",
        "",
        f"| peer | microseconds a step | {first} / peer | loss of first {FIRST_STEPS} steps | libraries |",
        "|---|---|---|---|---|",
    ]
    for name, timing in result.timings.items():
        measured = result.ratio(first, name)
        ratio = "1" if name == first else show(measured, decimals(measured.median, 3))
        loss = "none" if timing.loss is None else f"{timing.loss:.5g}"
        libraries = ", ".join(f"{library} {version}" for library, version in timing.versions.items())
        peer = f"{name} ({timing.how})" if timing.how else name
        lines.append(f"| {peer} | {show(Spread.of(timing.microseconds))} | {ratio} | {loss} | {libraries} |")
    verdicts = result.verdicts()
    if verdicts:
        lines += ["", "| goal | at most | measured | reached |", "|---|---|---|---|"]
    for verdict in verdicts:
        limit = verdict.limit
        is_ratio = limit.kind == "ratio"
        sign, unit = ("/", "") if is_ratio else ("-", " us")
        goal = f"{limit.peer} {sign} {limit.reference}"
        at_most = f"{limit.at_most:.{decimals(limit.at_most, 2)}f}{unit}"
        digits = decimals(verdict.measured.median, 3) if is_ratio else 3
        reached = "yes" if verdict.is_reached else "**no**"
        lines.append(f"| {goal} | {at_most} | {show(verdict.measured, digits)}{unit} | {reached} |")
    return "\n".join(lines) + "\n"


def report(results: Iterable[Result], settings: Settings) -> dict[str, Any]:
    """Gives all that was measured as plain data, ready for JSON."""
    return {
        "machine": {"platform": platform.platform(), "processor": processor(), "load": os.getloadavg()[0]},
        "settings": asdict(settings),
        "cases": [
            {
                "name": result.case.name,
                "title": result.case.title,
                "peers": {
                    name: asdict(timing) | {"spread": asdict(Spread.of(timing.microseconds))}
                    for name, timing in result.timings.items()
                },
                "limits": [
                    asdict(verdict) | {"is_reached": verdict.is_reached} for verdict in result.verdicts()
                ],
            }
            for result in results
        ],
    }


def processor() -> str:
    """The model of the processor, as far as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
