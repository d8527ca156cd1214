"""Compiles a step in a process of its own, whose result goes into the store.

The process has a low priority and one thread, and shares nothing with the run: neither Python's lock nor its memory. It
ends with the program that started it; see :mod:`~pyro.compiler.inductor.launch`.
"""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import weakref
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import IO, Any

import torch
from torch import Tensor
from torch.fx import Graph, Node

from pyro.compiler.errors import Unsupported
from pyro.compiler.graph import InputRole, StepGraph, TensorSpec
from pyro.compiler.inductor import launch
from pyro.compiler.inductor.key import constants
from pyro.compiler.inductor.store import Store
from pyro.compiler.noise import is_random

__all__ = ["Job", "ModuleName", "Task", "accept", "input_specs"]

_JOB = "job.pickle"
_LOG = "log.txt"
_WORKER = "pyro.compiler.inductor.worker"


@dataclass(frozen=True)
class ModuleName:
    """Stands for a module, which cannot be pickled.

    Attributes:
        path: its import path.
    """

    path: str


@dataclass(frozen=True)
class Task:
    """What the process is asked to compile.

    Attributes:
        code: the graph as a function ``forward(self, *inputs, *constants)``. A pickled module would be traced anew, and
            what does not depend on its inputs be computed at once.
        names: what the code refers to.
        constants: their values.
        inputs: the kind of each input, as the lowering will give it.
        states: which outputs are new state, which becomes an input again.
        threads: how many threads the code may use.
        key: of the result.
        folder: of the store.
        limit: of the store, in bytes.
    """

    code: str
    names: dict[str, Any]
    constants: list[Tensor]
    inputs: tuple[TensorSpec, ...]
    states: tuple[int, ...]
    threads: int
    key: str
    folder: Path
    limit: int


def accept(graph: StepGraph) -> None:
    """Makes sure that a step has nothing that compiled code would do in another way.

    Args:
        graph: the step.

    Raises:
        Unsupported: if it has; names the operators.
    """
    nodes = [node for node in graph.module.graph.nodes if node.op == "call_function"]
    foreign = {str(node.target) for node in nodes if getattr(node.target, "namespace", "aten") not in ("aten", "prims")}
    if foreign:
        raise Unsupported(f"{', '.join(sorted(foreign))} cannot be part of it")
    random = {str(node.target) for node in nodes if is_random(node)}
    if random:
        raise Unsupported(f"{', '.join(sorted(random))} would draw other numbers than the other ways to run")


def task_of(graph: StepGraph, key: str, store: Store) -> Task:
    """What there is to do for a step."""
    lifted, values = _without_constants(graph)
    code = lifted.python_code("self")
    names = {name: ModuleName(value.__name__) if isinstance(value, ModuleType) else value
             for name, value in code.globals.items()}
    states = tuple(i for i, output in enumerate(graph.outputs) if output.state is not None)
    return Task(code.src, names, values, tuple(input_specs(graph)), states, torch.get_num_threads(), key, store.folder,
                store.limit)


def _without_constants(graph: StepGraph) -> tuple[Graph, list[Tensor]]:
    """A step's graph that takes its constants as further inputs, and the constants."""
    copy, nodes, values = Graph(), dict[Node, Node](), dict(constants(graph))
    for node in graph.module.graph.find_nodes(op="placeholder"):
        nodes[node] = copy.node_copy(node)
    inputs = {name: copy.placeholder(f"constant_{i}") for i, name in enumerate(values)}
    for node in graph.module.graph.nodes:
        if node.op == "get_attr":
            nodes[node] = inputs[str(node.target)]
        elif node.op != "placeholder":
            nodes[node] = copy.node_copy(node, lambda operand: nodes[operand])
    return copy, list(values.values())


def input_specs(graph: StepGraph) -> list[TensorSpec]:
    """The kinds of a step's inputs; a run's own copies of the state are contiguous."""
    return [given.spec if given.role is InputRole.CONSTANT else _contiguous(given.spec) for given in graph.inputs]


def _contiguous(spec: TensorSpec) -> TensorSpec:
    return replace(spec, stride=tuple(torch.empty(spec.shape, device="meta").stride()))


class Job:
    """A process that compiles a step. It is killed when nothing refers to this object any longer.

    Args:
        graph: the step.
        key: of the result.
        store: where the result goes.

    Raises:
        OSError: if it cannot be started.
        UnsafeFolder: if the store's folder is not the user's own.

    Attributes:
        started: when it was started.
    """

    def __init__(self, graph: StepGraph, key: str, store: Store) -> None:
        self.started = perf_counter()
        self._place = store.workplace()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            with (self._place / _JOB).open("wb") as file:
                pickle.dump(task_of(graph, key, store), file)
            with (self._place / _LOG).open("wb") as log:
                self._process = _start(self._place, log)
        finally:
            if self._process is None:
                shutil.rmtree(self._place, ignore_errors=True)
        self.stop = weakref.finalize(self, _stop, self._process, self._place)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process is not None and self.stop.alive and self._process.poll() is None

    def problem(self) -> str | None:
        """Why it did not make anything, ``None`` if it did. It has ended; its files are removed."""
        assert self._process is not None
        code, log = self._process.poll(), self._place / _LOG
        lines = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
        self.stop()
        if code == 0:
            return None
        return lines[-1] if lines else f"the compiling process ended with code {code}"


def _start(place: Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path), "OMP_NUM_THREADS": "1",
        # what torch's compiler writes on its way is executed too: it lies where nobody else may write
        "TORCHINDUCTOR_CACHE_DIR": str(place / "inductor"), "TRITON_CACHE_DIR": str(place / "triton"),
        "TMPDIR": str(place)}
    options: dict[str, Any] = {}
    if os.name == "posix":
        # a group of its own, to be killed with its compilers. No session of its own: the priority would not count
        # between sessions
        options["process_group"] = 0
    return subprocess.Popen(
        # -P: what this program can import is what that one can, and no more
        [sys.executable, "-P", launch.__file__, _WORKER, str(place / _JOB)], env=environment, stdin=subprocess.PIPE,
        stdout=log, stderr=log, **options)


def _stop(process: "subprocess.Popen[bytes]", place: Path) -> None:
    """Ends a process and those that it started, and removes its files."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    assert process.stdin is not None
    process.stdin.close()
    shutil.rmtree(place, ignore_errors=True)
