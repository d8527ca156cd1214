"""The virtual environments that the peers run in: made when missing, used as they are when present."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = "dev"  # the environment in which `import pyro` means the sources of this checkout

RECIPES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    # Torch comes first and pinned, so that no later requirement chooses another version of it.
    CHECKOUT: (("torch==2.13.0",), ("--editable", str(ROOT))),
    "upstream": (("torch==2.13.0",), ("pyro-ppl==1.9.2",)),
    "npr": (("jax==0.10.2", "numpyro==0.22.0"),),
}
"""For each environment, what pip installs, one call after the other."""


def interpreter(folder: Path, name: str) -> Path:
    """Finds the Python of an environment, and makes the environment when it is not there.

    Args:
        folder: Where the environments are.
        name: A key of ``RECIPES``.

    Returns:
        The path of the interpreter.

    Raises:
        subprocess.CalledProcessError: The environment could not be made. Nothing of it is left behind.
    """
    home = folder / name
    python = home / "bin" / "python"
    if python.exists():
        return python
    print(f"making environment {home}", file=sys.stderr)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        for requirements in RECIPES[name]:
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *requirements], check=True)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)  # a half-made one would pass for a whole one next time
        raise
    return python
