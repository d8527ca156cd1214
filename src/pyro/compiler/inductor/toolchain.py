"""The compilers that Inductor calls, and what to install where they are missing."""

import functools
import importlib.util
import os
import shutil
import subprocess
import sys

__all__ = ["compiler_version", "cxx", "what_is_missing"]

_INSTALL = {
    "linux": "the package g++ (Debian, Ubuntu), gcc-c++ (Fedora) or gxx (conda)",
    "darwin": "Apple's command-line tools, by `xcode-select --install`",
    "win32": "Visual Studio's C++ build tools",
}


def cxx() -> str | None:
    """The path of the C++ compiler: that of the environment variable ``CXX``, else the platform's usual one."""
    usual = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    return shutil.which(os.environ.get("CXX") or usual)


def what_is_missing(device: str) -> str | None:
    """What to install so that steps can be compiled, ``None`` if nothing is missing.

    Args:
        device: where the step runs, ``"cpu"`` or ``"cuda"``.
    """
    if not sys.executable:
        return "a Python interpreter of its own: this one is embedded in another program"
    if cxx() is None:
        return f"a C++ compiler: install {_INSTALL.get(sys.platform, 'g++')}, or name one by CXX"
    if device == "cuda" and importlib.util.find_spec("triton") is None:
        return "Triton: `pip install triton`"
    return None


@functools.cache
def compiler_version(path: str) -> str:
    """What a compiler says about its version.

    Args:
        path: of the compiler.
    """
    try:
        ended = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout + ended.stderr
