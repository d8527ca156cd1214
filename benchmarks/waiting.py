"""``python -m benchmarks.waiting``: how long a user waits for a compiled run in a new process with nothing cached.

Every measurement has a process of its own, pinned to one core with one thread, whose cache folders are new and empty.
The clock starts when ``pyro`` is imported and the inference set up. Of each round one value is kept; medians and
quartiles are over the rounds.

A run of one step is the first eager step. A run of nine that goes on from it holds the second eager step, the
capture, the compilation and a few compiled steps: that is the wait.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from benchmarks.__main__ import last_core
from benchmarks.cases import coin, eight_schools
from benchmarks.environments import CHECKOUT, ROOT, interpreter
from benchmarks.harness import Spread, show, variables
from benchmarks.pyro_run import Inference, Run, by_step

STEPS = 2_000
LONGEST_WAIT = 1.0  # seconds
LARGEST_SHARE = 0.25  # of the eager loop's time
CACHES = ("XDG_CACHE_HOME", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")


@dataclass(frozen=True)
class Measured:
    """What one process measured.

    Args:
        seconds: Times, in the order in which they were taken.
        how: What ran the steps at the end; empty where that is no question.
    """

    seconds: list[float]
    how: str = ""


def seconds(work: Callable[[], object]) -> float:
    """The time that some work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def wait(setup: Callable[[], Inference]) -> Measured:
    """Times the first eager step, and then the nine that follow with all that is between.

    Raises:
        RuntimeError: No step was compiled.
    """
    inference = setup()
    run = partial(inference.svi.run, progress_bar=False)
    times = [seconds(lambda: run(1, *inference.data))]
    begin = time.perf_counter()
    result = run(9, *inference.data)
    times.append(time.perf_counter() - begin)
    if result.parts[-1].how == "eager":
        raise RuntimeError(f"The wait has no end, since no step was compiled: {result}")
    return Measured(times, result.parts[-1].how)


def whole_run() -> Measured:
    """Times the coin's steps in one run, everything included."""
    program = Run(coin.inference())
    return Measured([seconds(lambda: program(STEPS))], program.how)


def eager_loop() -> Measured:
    """Times the coin's steps one by one."""
    program = by_step(coin.inference)()
    return Measured([seconds(lambda: program(STEPS))])


MEASUREMENTS: Mapping[str, Callable[[], Measured]] = {
    "coin": partial(wait, coin.inference),
    "eight_schools": partial(wait, eight_schools.inference),
    "run": whole_run,
    "loop": eager_loop,
}


def in_new_process(name: str, python: Path, core: int) -> Measured:
    """Makes one measurement in a process with empty caches."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(python), "-m", "benchmarks.waiting", "--measure", name, "--core", str(core)],
            cwd=ROOT,
            env=variables(imports_checkout=True) | dict.fromkeys(CACHES, folder),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def table(rounds: Sequence[Mapping[str, Measured]]) -> str:
    """Writes the rounds, each with every measurement, as Markdown."""

    def times(name: str, position: int = 0) -> list[float]:
        return [measured[name].seconds[position] for measured in rounds]

    def row(what: str, values: Sequence[float], unit: str, at_most: float | None = None) -> str:
        spread = Spread.of(values)
        goal = "" if at_most is None else f"{at_most:.2f}{unit}"
        reached = "" if at_most is None else "yes" if spread.median <= at_most else "**no**"
        return f"| {what} | {show(spread, 3)}{unit} | {goal} | {reached} |"

    lines = ["| what | measured | at most | reached |", "|---|---|---|---|"]
    for name in ("coin", "eight_schools"):
        then = f"{name}: from there to the {rounds[0][name].how}"
        lines += [row(f"{name}: first eager step", times(name), " s"), row(then, times(name, 1), " s", LONGEST_WAIT)]
    lines.append(row(f"coin: {STEPS:,} steps by svi.run ({rounds[0]['run'].how})", times("run"), " s"))
    lines.append(row(f"coin: {STEPS:,} steps by svi.step", times("loop"), " s"))
    shares = [mine / theirs for mine, theirs in zip(times("run"), times("loop"), strict=True)]
    lines.append(row("svi.run / svi.step", shares, "", LARGEST_SHARE))
    return "\n".join(lines) + "\n"


def parser() -> argparse.ArgumentParser:
    """Describes the command line."""
    result = argparse.ArgumentParser("python -m benchmarks.waiting", description="Times the wait for a compiled run.")
    result.add_argument(
        "--venvs",
        type=Path,
        default=ROOT / "benchmarks" / ".venvs",
        metavar="DIR",
        help="folder of the environment dev; made if missing (%(default)s)",
    )
    result.add_argument("--rounds", type=int, default=5, help="processes for each measurement (%(default)s)")
    result.add_argument("--core", type=int, default=last_core(), help="core to pin them to (%(default)s)")
    result.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to this file")
    result.add_argument("--measure", choices=list(MEASUREMENTS), help="make one measurement in this very process")
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    options = parser().parse_args(arguments)
    if options.measure:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {options.core})
        print(json.dumps(asdict(MEASUREMENTS[options.measure]())))
        return
    python = interpreter(options.venvs.resolve(), CHECKOUT)
    in_new_process("coin", python, options.core)  # untimed: it leaves the compiled files of Python's modules behind
    rounds = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        rounds.append({name: in_new_process(name, python, options.core) for name in MEASUREMENTS})
    print(table(rounds))
    if options.json:
        plain = [{name: asdict(measured) for name, measured in measurements.items()} for measurements in rounds]
        options.json.write_text(json.dumps(plain, indent=2) + "\n")


if __name__ == "__main__":
    main()
