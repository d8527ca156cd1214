"""The first script of every user, unmodified, finds the coin's fairness; the exact posterior is Beta(16, 14)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_coin_prints_the_posterior():
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    run = subprocess.run([sys.executable, "-W", "error", str(ROOT / "examples" / "coin.py")], env=environment,
                         capture_output=True, text=True, check=True)
    answer = re.search(r"the fairness of the coin is (0\.\d+) \+- (0\.\d+)$", run.stdout.rstrip())
    assert answer is not None, run.stdout
    mean, deviation = map(float, answer.groups())
    assert mean == pytest.approx(16 / 30, abs=0.01)
    assert deviation == pytest.approx(0.0896, abs=0.01)
