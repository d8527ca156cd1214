"""A launched process ends with the one that holds its input."""

import os
import signal
import subprocess
import sys

import pytest

from pyro.compiler.inductor import launch
from tests.compiler.inductor.processes import has_died, is_alive

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no process groups")

WAITS = "import os, threading\nprint(os.getpid(), os.nice(0), flush=True)\nthreading.Event().wait()\n"


@pytest.fixture
def command(tmp_path, monkeypatch):
    (tmp_path / "waits.py").write_text(WAITS)
    (tmp_path / "says.py").write_text("import sys; print(__name__, sys.argv[1:])")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return [sys.executable, "-P", launch.__file__]


def test_it_runs_a_module_with_its_arguments(command):
    process = subprocess.Popen([*command, "says", "one"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.read() == "__main__ ['one']\n" and process.wait() == 0
    process.stdin.close()
    process.stdout.close()


def test_it_has_a_low_priority_and_ends_with_its_input(command):
    process = subprocess.Popen([*command, "waits"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               process_group=0)
    number, niceness = map(int, process.stdout.readline().split())
    assert number == process.pid and niceness > os.nice(0)
    process.stdin.close()
    assert process.wait(60) == -signal.SIGKILL
    process.stdout.close()


def test_it_ends_with_a_process_that_is_killed(command):
    owner = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys, threading\n"
         "subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, process_group=0)\nthreading.Event().wait()",
         *command, "waits"], stdout=subprocess.PIPE, text=True)
    launched = int(owner.stdout.readline().split()[0])
    assert is_alive(launched)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert has_died(launched)
