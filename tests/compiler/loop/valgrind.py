"""Runs the programs of ``workloads`` under valgrind, which sees reads outside of buffers and of what nobody wrote.

``python -m tests.compiler.loop.valgrind [NAME ...]`` from the root of the checkout. Each buffer is a block of its own
from ``malloc``, exactly as long as the program may take it to be. The process under valgrind has LLVM but no torch:
this module writes the programs and what they read to a file, and runs itself on that file. BLAS, which is somebody
else's, is left out: products are loops. A workload takes about half a minute.
"""

import ctypes
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["available", "check"]

_STEPS = 3


def available() -> bool:
    """Whether there is a valgrind."""
    return shutil.which("valgrind") is not None


def check(names: list[str]) -> str:
    """Runs workloads under valgrind.

    Args:
        names: of the workloads; all of them where there are none.

    Returns:
        What valgrind says of the compiled code; empty if there is nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "programs.json"
        path.write_text(json.dumps(_programs(names)))
        command = ["valgrind", "--error-exitcode=9", "--num-callers=4", "--smc-check=none", "-q",
                   f"--suppressions={_suppressions(Path(folder))}", sys.executable, __file__, str(path)]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONMALLOC": "malloc"})
    if done.returncode == 0 and done.stdout.split() == ["done"]:
        return ""
    return done.stdout + done.stderr


def _suppressions(folder: Path) -> Path:
    """Python's and LLVM's own habits: only code that lies in no file is of interest."""
    path = folder / "suppressions"
    kinds = ("Addr1", "Addr2", "Addr4", "Addr8", "Cond", "Value4", "Value8", "Param")
    path.write_text("\n".join(
        f"{{\n{kind}-{i}\nMemcheck:{kind}\nobj:{place}\n}}"
        for kind in kinds if kind != "Param"
        for i, place in enumerate(("*python*", "*libllvmlite*", "*/ld-*", "*libc.so*"))
    ))  # fmt: skip
    return path


def _programs(names: list[str]) -> list[dict[str, Any]]:
    import torch  # the process under valgrind has none

    from pyro.compiler.loop import blas, compile_loop
    from tests.compiler.loop.steps import step_graph
    from tests.compiler.loop.workloads import WORKLOADS, hierarchical, linear, logistic, vae

    blas.address = lambda routine: None  # type: ignore[assignment]
    small = {
        **WORKLOADS,
        "logistic": lambda n, t: logistic(n, t, rows=131, columns=7),
        "linear": lambda n, t: linear(n, t, rows=90, batch=37),
        "hierarchical": lambda n, t: hierarchical(n, t, rows=203, groups=11),
        "vae": lambda n, t: vae(n, t, batch=13, pixels=37, hidden=19),
    }
    programs = []
    for name in names or list(small):
        torch.manual_seed(0)
        work = small[name](_STEPS, torch.float32)
        program = compile_loop(step_graph(work.step, work.state, work.constants, work.rows))
        inputs = [*work.state, *work.constants, *work.rows]
        data = [t.contiguous().view(-1).view(torch.uint8).tolist() for t in (*inputs, *program._attributes)]
        records = [4 * _STEPS * max(1, o.spec.shape[0] if o.spec.shape else 1) for o in program.graph.outputs
                   if o.state is None]  # fmt: skip
        strides = [inputs[i].stride(0) for i in program._row_inputs]
        programs.append({"name": name, "text": program.ir, "data": data, "records": records,
                         "heap": program._heap_bytes, "numbers": [0, _STEPS, *strides]})  # fmt: skip
    return programs


def _run(path: str) -> None:
    native = _native()
    libc = ctypes.CDLL(None)
    libc.aligned_alloc.restype = libc.malloc.restype = ctypes.c_void_p
    for program in json.loads(Path(path).read_text()):
        pointers = []
        for data in program["data"]:
            pointers.append(libc.malloc(ctypes.c_size_t(len(data))))
            ctypes.memmove(pointers[-1], bytes(data), len(data))
        pointers += [libc.malloc(ctypes.c_size_t(size)) for size in program["records"]]
        for size in program["heap"]:
            pointers.append(libc.aligned_alloc(ctypes.c_size_t(64), ctypes.c_size_t(size)))
            ctypes.memset(pointers[-1], 0, size)
        function = native.compile_text(program["text"], "run")
        function.call(len(pointers), pointers, program["numbers"])
    print("done")


def _native() -> Any:
    """The module that compiles, without its package."""
    path = Path(__file__).parents[3] / "src" / "pyro" / "compiler" / "loop" / "native.py"
    spec = importlib.util.spec_from_file_location("native", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["native"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        _run(sys.argv[1])
    else:
        print(check(sys.argv[1:]) or "nothing to report")
