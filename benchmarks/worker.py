"""The process that runs a peer: it waits, and times blocks of steps when the harness asks.

``python -m benchmarks.worker CASE CORE`` reads one JSON object a line from its standard input and answers
each with one line. Requests: ``start`` (set a peer up and run its first steps), ``calibrate`` (find the size
of a block), ``time`` (run one block). Between requests the process sleeps, so the peers of a case never
compete for the core.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.case import Case, Program, load_case

LIBRARIES = ("torch", "pyro", "jax", "numpyro")


class Session:
    """The programs of one process, by peer."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._programs: dict[str, Program] = {}

    def start(self, peer: str, steps: int) -> dict[str, Any]:
        """Sets a peer up and runs its first steps, which are also its warm-up."""
        program = self._programs[peer] = self._case.peers[peer].start()
        loss = program(steps)
        loaded = {name: sys.modules[name] for name in LIBRARIES if name in sys.modules}
        versions = {name: str(module.__version__) for name, module in loaded.items()}
        if "torch" in loaded and (threads := loaded["torch"].get_num_threads()) != 1:
            raise RuntimeError(
                f"Peer '{peer}' runs on {threads} threads, expected 1. Is OMP_NUM_THREADS overridden?"
            )
        return {"loss": loss, "versions": versions, "how": getattr(program, "how", "")}

    def calibrate(self, peer: str, seconds: float) -> dict[str, Any]:
        """Finds how many steps take about ``seconds``, and runs that many once."""
        program, steps = self._programs[peer], 1
        program(steps)  # untimed: a peer that compiles does so once for each number of steps
        while (taken := self.time(peer, steps)["seconds"]) < seconds / 5:
            steps *= 10
            program(steps)
        steps = max(1, round(steps * seconds / taken))
        program(steps)
        return {"steps": steps}

    def time(self, peer: str, steps: int) -> dict[str, Any]:
        """Times one block of steps."""
        program = self._programs[peer]
        begin = time.perf_counter()
        program(steps)
        return {"seconds": time.perf_counter() - begin}

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Does one request.

        Args:
            request: The name of the action under ``do``, and its arguments.
        """
        actions: dict[str, Callable[..., dict[str, Any]]]
        actions = {"start": self.start, "calibrate": self.calibrate, "time": self.time}
        arguments = {key: value for key, value in request.items() if key != "do"}
        return actions[request["do"]](**arguments)


def main(case: str, core: int) -> None:
    """Serves requests until the standard input is closed."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    # Answers have the original standard output to themselves: what a library prints goes to standard error.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    session = Session(load_case(case))
    for line in sys.stdin:
        print(json.dumps(session.answer(json.loads(line))), file=channel)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
