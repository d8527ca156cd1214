"""A lowering in the making: the run goes on in another way until it is there.

Compiling takes as long as tens of thousands of small steps, and a core. So it begins when the rest of the run is
expected to take longer than that.
"""

import pickle
import tempfile
import warnings
import weakref
from pathlib import Path
from time import perf_counter

from pyro.compiler.graph import StepGraph
from pyro.compiler.inductor.compile import Job, accept
from pyro.compiler.inductor.folder import UnsafeFolder, chosen_folder
from pyro.compiler.inductor.key import key_of
from pyro.compiler.inductor.lowering import Inductor, load
from pyro.compiler.inductor.store import Store
from pyro.compiler.inductor.toolchain import what_is_missing
from pyro.settings import values

__all__ = ["Later"]

_WORTH_SECONDS = 20.0
_warned: set[str] = set()


class Later:
    """What Inductor makes of a step, now or later.

    Args:
        graph: the step.

    Raises:
        Unsupported: if Inductor cannot take it.
    """

    def __init__(self, graph: StepGraph) -> None:
        accept(graph)
        self.graph = graph
        self.seconds = 0.0
        self._began = perf_counter()
        self._job: Job | None = None
        self._key: str | None = None
        self._store: Store | None = None
        self._gave_up: str | None = None if values.inductor else "is switched off by the setting `inductor`"

    def state(self) -> str:
        """How far it is, in a line."""
        if self._gave_up is not None:
            return f"inductor {self._gave_up}"
        if self._job is not None:
            return f"inductor compiles in the background since {perf_counter() - self._job.started:.0f} s"
        return f"inductor begins to compile where a run is expected to take {_WORTH_SECONDS:.0f} s more"

    def from_store(self) -> Inductor | None:
        """The compiled step, if it is kept from an earlier run."""
        if self._gave_up is not None or not chosen_folder().exists():
            return None
        return self._load(_kept_store())

    def poll(self, seconds_left: float | None = None) -> Inductor | None:
        """The compiled step once it is there. Begins to compile it where that is worth while.

        Args:
            seconds_left: how long the rest of the run would take without it; ``None`` where nobody knows, which is
                taken to be as long as the run has taken so far.
        """
        if self._gave_up is not None:
            return None
        if self._job is None:
            expected = perf_counter() - self._began if seconds_left is None else seconds_left
            if expected >= _WORTH_SECONDS:
                self._begin()
        elif not self._job.is_running:
            return self._collect(self._job)
        return None

    def stop(self) -> None:
        """Stops to compile; the next run may begin again."""
        if self._job is not None:
            self._job.stop()
            self._job = None

    def _begin(self) -> None:
        missing = what_is_missing(_device(self.graph))
        if missing is not None:
            self._give_up(f"needs {missing}", "svi.run could take less time")
            return
        self._store = _kept_store() or _own_store(self)
        try:
            self._job = Job(self.graph, self._find_key(), self._store)
        except (OSError, UnsafeFolder, pickle.PicklingError, AttributeError, TypeError) as e:
            self._gave_up = f"could not start to compile: {e}"

    def _collect(self, job: Job) -> Inductor | None:
        self.seconds = perf_counter() - job.started
        problem, self._job = job.problem(), None
        lowering = self._load(self._store) if problem is None else None
        if lowering is None:
            self._gave_up = f"could not compile the step: {problem or 'what it made cannot be loaded'}"
        return lowering

    def _load(self, store: Store | None) -> Inductor | None:
        if store is None:
            return None
        try:
            package = store.find(self._find_key())
        except (OSError, UnsafeFolder):
            return None
        if package is None:
            return None
        try:
            return load(self.graph, package)
        except (RuntimeError, OSError):  # made on another system that shares the folder, or removed by now
            store.remove(package)
            return None

    def _find_key(self) -> str:
        if self._key is None:
            self._key = key_of(self.graph)
        return self._key

    def _give_up(self, reason: str, consequence: str) -> None:
        self._gave_up = reason
        _warn_once(f"inductor {reason}; {consequence}. It goes on in another way.")


def _device(graph: StepGraph) -> str:
    return "cuda" if any(given.spec.device.type == "cuda" for given in graph.inputs) else "cpu"


def _kept_store() -> Store | None:
    """The store that outlives this process, ``None`` with a warning if its place is not safe."""
    store = Store(chosen_folder(), int(values.inductor_gigabytes * 1e9))
    try:
        store.entries()
    except (OSError, UnsafeFolder) as e:
        _warn_once(f"Compiled steps are not kept on disk: {e} The place is chosen by the setting inductor_directory or "
                   "the environment variable FLASHOVER_INDUCTOR_DIR.")
        return None
    return store


def _own_store(owner: Later) -> Store:
    """A store that is removed with its owner."""
    folder = tempfile.TemporaryDirectory(prefix="flashover-")
    weakref.finalize(owner, folder.cleanup)
    return Store(Path(folder.name), 1 << 40)


def _warn_once(text: str) -> None:
    if text not in _warned:
        _warned.add(text)
        warnings.warn(text, stacklevel=2)
