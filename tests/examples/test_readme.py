"""The README's first model prints what the README says that it prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRST_MODEL = re.compile(r"```python\n(?P<program>.*?)```\s+```text\n(?P<output>.*?)```", re.DOTALL)


def test_first_model_prints_its_output():
    example = FIRST_MODEL.search((ROOT / "README.md").read_text())
    assert example is not None
    run = subprocess.run([sys.executable, "-W", "error", "-c", example["program"]], capture_output=True, text=True,
                         env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, check=True)
    assert run.stdout == example["output"]
