"""``python -m benchmarks.gpu``: eager steps and whole runs on a CUDA device, beside a torch loop written by hand.

After them :mod:`benchmarks.lowerings` compares the ways to run a captured step there, CUDA graphs among them.

It needs no other peer and makes no environment: everything runs with the Python that runs this file, which has torch
>= 2.11 and what else flashover requires. Where there is no CUDA device it says so and ends with success.
"""

import sys
from pathlib import Path

import torch

from benchmarks import lowerings
from benchmarks.__main__ import last_core
from benchmarks.case import load_case
from benchmarks.harness import Settings, measure, table

CASES = ("cuda_vae", "cuda_logistic_regression")


def main() -> None:
    """Runs the cases and prints their tables."""
    if not torch.cuda.is_available():
        print("No CUDA device: nothing was measured.")
        return
    print(f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}\n")
    for name in CASES:
        case = load_case(name)
        # not resolved: the path within a virtual environment is what makes Python use it
        result = measure(case, case.peers, lambda environment: Path(sys.executable), Settings(core=last_core()))
        print(table(result), flush=True)
    lowerings.main(["--device", "cuda"])


if __name__ == "__main__":
    main()
