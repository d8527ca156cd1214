"""The run of a module: while it lasts, a sampled attribute keeps its value.

A module and its submodules share one :class:`_Context`. It is entered by each call of the module or of one of its
methods under :func:`~pyro.nn.module.pyro_method`, and may be entered again inside. What was sampled is forgotten when
the outermost call ends. As for the handler stack, each thread and each asyncio task has runs of its own.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType

from torch import Tensor

__all__ = ["_Context"]


@dataclass(slots=True)
class _Run:
    depth: int = 0
    cache: dict[str, Tensor] = field(default_factory=dict)


_runs: ContextVar[Mapping["_Context", _Run]] = ContextVar("module_runs", default=MappingProxyType({}))


class _Context:
    """A context manager that holds the sampled values of one tree of modules while it is active.

    Attributes:
        used: whether it was ever entered; only then can the parameter store hold what the modules brought there.
        inherits: whether the tree takes over what another one, still in use, has learnt under its names: one whose root
            has a name does, such as a guide, which is named after its class.
        is_named: whether the user chose the name, so that trees of that name share all parameters on purpose.
    """

    def __init__(self) -> None:
        self.used = False
        self.inherits = False
        self.is_named = False

    @property
    def active(self) -> int:
        """How many calls are under way, one inside the other."""
        run = _runs.get().get(self)
        return 0 if run is None else run.depth

    @property
    def cache(self) -> dict[str, Tensor]:
        """The values sampled so far, by full name."""
        run = _runs.get().get(self)
        return {} if run is None else run.cache

    def __enter__(self) -> None:
        runs = _runs.get()
        run = runs.get(self)
        if run is None:
            run = _Run()
            _runs.set({**runs, self: run})
        run.depth += 1
        self.used = True

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        runs = _runs.get()
        run = runs[self]
        run.depth -= 1
        if not run.depth:
            _runs.set({context: run for context, run in runs.items() if context is not self})

    def get(self, name: str) -> Tensor | None:
        """The value sampled under a name in this run; ``None`` if there is none, or no run.

        Args:
            name: a full name.
        """
        return self.cache.get(name)

    def set(self, name: str, value: Tensor) -> None:
        """Keeps a sampled value until the run ends; does nothing outside of runs.

        Args:
            name: its full name.
            value: the value.
        """
        self.cache[name] = value
