"""What the process that compiles a step does: ``python -m pyro.compiler.inductor.worker job.pickle``.

It imports torch's compiler, which takes seconds; so no other module imports this one.
"""

import importlib
import os
import pickle
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch._inductor
import torch.export
from torch import Tensor, nn

from pyro.compiler.inductor.compile import ModuleName, Task
from pyro.compiler.inductor.store import Store

__all__ = ["compile_task", "main", "step_function"]

_FILE = "step.pt2"


def step_function(task: Task) -> Callable[..., Sequence[Tensor]]:
    """The graph as a function of nothing in particular, the inputs and the constants.

    Args:
        task: the step.
    """
    names = {name: importlib.import_module(value.path) if isinstance(value, ModuleName) else value
             for name, value in task.names.items()}
    exec(task.code, names)
    forward: Any = names["forward"]
    return forward  # type: ignore[no-any-return]


class _Step(nn.Module):
    """The graph, whose new state is laid out as the state that goes in."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.graph = step_function(task)
        self.states = frozenset(task.states)
        for i, value in enumerate(task.constants):
            self.register_buffer(str(i), value)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """One step."""
        results = self.graph(None, *inputs, *self.buffers())
        return tuple(value.contiguous() if i in self.states else value for i, value in enumerate(results))


def compile_task(task: Task, place: Path) -> Path:
    """Compiles a step.

    Args:
        task: the step.
        place: an empty folder.

    Returns:
        The package, a file in that folder.
    """
    examples = tuple(torch.empty_strided(spec.shape, spec.stride, dtype=spec.dtype, device=spec.device)
                     for spec in task.inputs)
    with torch.no_grad():
        exported = torch.export.export(_Step(task), examples, strict=False)
    # headers made ready for a second step take longer than what they save in the first
    configs: dict[str, Any] = {"cpp.threads": task.threads, "compile_threads": 1, "cpp_cache_precompile_headers": False}
    made = torch._inductor.aoti_compile_and_package(
        exported, package_path=str(place / _FILE), inductor_configs=configs)
    return Path(made)


def main(job: Path) -> None:
    """Compiles what a file says and puts the result into the store.

    Args:
        job: a pickled :class:`~pyro.compiler.inductor.compile.Task`, from the process that started this one.
    """
    task: Task = pickle.loads(job.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's about itself
        package = compile_task(task, job.parent)
    Store(task.folder, task.limit).put(task.key, package)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    os._exit(0)  # the run waits for the end, and torch's compiler takes seconds to clean up
