"""``python -m benchmarks``: runs cases, prints their tables and writes them down."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.case import case_names, load_case
from benchmarks.environments import ROOT, interpreter
from benchmarks.harness import Settings, measure, report, table


def last_core() -> int:
    """The highest core that this process may use: the lowest ones serve most interrupts."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


def parser() -> argparse.ArgumentParser:
    """Describes the command line."""
    defaults = Settings()
    result = argparse.ArgumentParser("python -m benchmarks", description="Times flashover beside its peers.")
    result.add_argument(
        "cases", nargs="*", metavar="CASE", help=f"what to run: {', '.join(case_names())} (all but those on CUDA)"
    )
    result.add_argument("--peers", nargs="+", metavar="PEER", help="run these peers only")
    result.add_argument(
        "--venvs",
        type=Path,
        default=ROOT / "benchmarks" / ".venvs",
        metavar="DIR",
        help="folder of the environments dev, upstream and npr; missing ones are made (%(default)s)",
    )
    result.add_argument(
        "--rounds", type=int, default=defaults.rounds, help="blocks for each peer (%(default)s)"
    )
    result.add_argument(
        "--seconds", type=float, default=defaults.seconds, help="length of a block (%(default)s)"
    )
    result.add_argument(
        "--core", type=int, default=last_core(), help="core to pin the peers to (%(default)s)"
    )
    result.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to this file")
    result.add_argument("--table", type=Path, metavar="FILE", help="write the tables to this file as well")
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    options = parser().parse_args(arguments)
    settings = Settings(options.rounds, options.seconds, options.core)
    python = partial(interpreter, options.venvs.resolve())
    results, tables = [], []
    cases = [load_case(name) for name in options.cases or case_names()]
    for case in cases if options.cases else [case for case in cases if case.device == "cpu"]:
        print(f"running {case.name}", file=sys.stderr)
        peers = [peer for peer in case.peers if options.peers is None or peer in options.peers]
        if not peers:
            continue
        results.append(measure(case, peers, python, settings))
        tables.append(table(results[-1]))
        print(tables[-1], flush=True)
    if options.table:
        options.table.write_text("\n".join(tables))
    if options.json:
        options.json.write_text(json.dumps(report(results, settings), indent=2) + "\n")


if __name__ == "__main__":
    main()
