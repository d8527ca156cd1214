"""``python -m benchmarks.families``: each family of distributions beside upstream's and NumPyro's.

The families are run one after the other, each by three processes, one a library, whose blocks alternate as those of
every case do (``benchmarks/harness.py``). The table has a row a family; a cell tells flashover's time over upstream's,
then over NumPyro's, as medians over the rounds. A family with sizes of its own, as time series have, tells them behind
its name; they stand in the columns from left to right.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.__main__ import last_core
from benchmarks.case import load_case
from benchmarks.environments import ROOT, interpreter
from benchmarks.family_case import name
from benchmarks.family_row import SHAPES, WORKS, Row
from benchmarks.family_rows import NOT_COMPARABLE, ROWS
from benchmarks.harness import Result, Settings, decimals, measure, report

ROUNDS, SECONDS, WARM_UP = 7, 0.02, 3


def parser() -> argparse.ArgumentParser:
    """Describes the command line."""
    result = argparse.ArgumentParser("python -m benchmarks.families", description="Times families of distributions.")
    result.add_argument("families", nargs="*", metavar="FAMILY", help="which families to run (all)")
    result.add_argument("--venvs", type=Path, default=ROOT / "benchmarks" / ".venvs", metavar="DIR",
                        help="folder of the environments dev, upstream and npr; missing ones are made (%(default)s)")
    result.add_argument("--rounds", type=int, default=ROUNDS, help="blocks for each peer (%(default)s)")
    result.add_argument("--seconds", type=float, default=SECONDS, help="length of a block (%(default)s)")
    result.add_argument("--core", type=int, default=last_core(), help="core to pin the peers to (%(default)s)")
    result.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to this file")
    result.add_argument("--table", type=Path, metavar="FILE", help="write the table to this file as well")
    return result


def chosen_rows(families: Sequence[str]) -> list[Row]:
    """The rows of the named families, or all.

    Raises:
        ValueError: A family has no row.
    """
    rows = {row.name: row for row in ROWS}
    for family in families:
        if family not in rows:
            reason = NOT_COMPARABLE.get(family, "there is no such family")
            raise ValueError(f"There is no row for the family '{family}': {reason}.")
    return [rows[family] for family in families] if families else list(ROWS)


def peers_of(row: Row) -> list[str]:
    """The names of all peers of a family."""
    return [peer for peer in load_case("families").peers if peer.split(" ")[1] == row.name]


def header() -> str:
    """The head of the table."""
    columns = ["family", *(f"{work} {shape}" for work in WORKS for shape in SHAPES)]
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"


def line(row: Row, result: Result) -> str:
    """One row of the table."""
    own = () if row.shapes == SHAPES[: len(row.shapes)] else row.shapes
    shapes = [*row.shapes, *SHAPES[len(row.shapes) :]]
    cells = [_cell(result, row.name, shape, work) for work in WORKS for shape in shapes]
    return f"| {' | '.join([' '.join(map(str, (row.name, *own))), *cells])} |"


def _cell(result: Result, family: str, shape: Sequence[int], work: str) -> str:
    ours = name("flashover", family, shape, work)
    theirs = [name(library, family, shape, work) for library in ("upstream", "numpyro")]
    return " / ".join(_ratio(result, ours, peer) for peer in theirs)


def _ratio(result: Result, ours: str, theirs: str) -> str:
    if not {ours, theirs} <= result.timings.keys():
        return "–"
    median = result.ratio(ours, theirs).median
    return f"{median:.{decimals(median, 2)}f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    options = parser().parse_args(arguments)
    settings = Settings(options.rounds, options.seconds, options.core)
    python = partial(interpreter, options.venvs.resolve())
    case = load_case("families")
    results: dict[str, Result] = {}
    lines = [header()]
    print(lines[0], flush=True)
    for row in chosen_rows(options.families):
        print(f"running {row.name}", file=sys.stderr)
        results[row.name] = measure(case, peers_of(row), python, settings, WARM_UP)
        lines.append(line(row, results[row.name]))
        print(lines[-1], flush=True)
    if options.table:
        options.table.write_text("\n".join(lines) + "\n")
    if options.json:
        options.json.write_text(json.dumps(written(results, settings), indent=2) + "\n")


def written(results: Mapping[str, Result], settings: Settings) -> dict[str, object]:
    """All that was measured, and what was not, as plain data."""
    return report(results.values(), settings) | {"not_comparable": dict(NOT_COMPARABLE)}


if __name__ == "__main__":
    main()
