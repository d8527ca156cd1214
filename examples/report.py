"""What the examples share: their options, and a fit whose eager and compiled steps are timed."""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyro
from pyro.infer import SVI
from pyro.infer.run_result import RunResult


def options(description: str | None, argv: Sequence[str] | None) -> argparse.Namespace:
    """The options that every example has.

    Args:
        description: what the example does.
        argv: the command line, by default the process's.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--smoke-test", action="store_true", help="a few steps only")
    parser.add_argument("--out", type=Path, default=Path("."), help="the folder for pictures")
    return parser.parse_args(argv)


def fit(make: Callable[[], SVI], steps: int, *args: Any) -> tuple[SVI, RunResult]:
    """Takes a few eager steps, starts anew, and takes all steps as one run; prints what a step takes.

    Args:
        make: sets up the inference.
        steps: how many steps.
        *args: for model and guide.

    Returns:
        The inference after the run, and the run's result.
    """
    svi = _fresh(make)
    svi.step(*args)
    eager_steps = min(steps, 30)
    start = time.perf_counter()
    for _ in range(eager_steps):
        svi.step(*args)
    eager = (time.perf_counter() - start) / eager_steps
    svi = _fresh(make)
    result = svi.run(steps, *args, progress_bar=False)
    print(f"eager {1e6 * eager:.0f} us a step, svi.run {1e6 / result.steps_per_second:.2f} us a step "
          f"({result.parts[-1].how}) after {result.capture_seconds + result.compile_seconds:.1f} s of compiling")
    return svi, result


def _fresh(make: Callable[[], SVI]) -> SVI:
    pyro.clear_param_store()
    pyro.set_rng_seed(0)
    return make()
