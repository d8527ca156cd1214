import sys

import pytest

from pyro.compiler.inductor import toolchain
from pyro.compiler.inductor.toolchain import compiler_version, cxx, what_is_missing


@pytest.fixture
def installed(monkeypatch):
    """A compiler that is there."""
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: f"/usr/bin/{name}")


def test_the_variable_chooses_the_compiler(installed, monkeypatch):
    monkeypatch.setenv("CXX", "clang++")
    assert cxx() == "/usr/bin/clang++"
    monkeypatch.delenv("CXX")
    monkeypatch.setattr(sys, "platform", "linux")
    assert cxx() == "/usr/bin/g++"


def test_what_to_install(installed, monkeypatch):
    assert what_is_missing("cpu") is None
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)
    assert what_is_missing("cpu") is None and "pip install triton" in what_is_missing("cuda")
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "platform", "linux")
    assert "install the package g++" in what_is_missing("cpu")
    monkeypatch.setattr(sys, "executable", "")
    assert "Python interpreter" in what_is_missing("cpu")


def test_versions():
    assert compiler_version(sys.executable).startswith("Python 3")
    assert compiler_version("/nowhere/g++") == ""
