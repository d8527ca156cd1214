"""The script for CUDA: nothing without a device, and every case with one, in the Python that runs it."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch

from benchmarks import gpu
from benchmarks.case import Case, case_names, load_case
from benchmarks.harness import Result, Settings, Timing


def test_it_has_every_case_on_cuda() -> None:
    assert sorted(gpu.CASES) == [name for name in case_names() if load_case(name).device == "cuda"]


def test_without_a_device_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    gpu.main()
    assert capsys.readouterr().out == "No CUDA device: nothing was measured.\n"


def test_with_a_device_it_prints_a_table_for_each_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(case: Case, peers: Iterable[str], python: Callable[[str], Path], settings: Settings) -> Result:
        assert {python(peer.environment) for peer in case.peers.values()} == {Path(sys.executable)}
        return Result(case, {peer: Timing((1.0,), 1, None, {}) for peer in peers})

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A device")
    monkeypatch.setattr(gpu, "measure", measure)
    monkeypatch.setattr(gpu.lowerings, "main", lambda arguments: print("ways", *arguments))
    gpu.main()
    out = capsys.readouterr().out
    assert out.startswith("A device, CUDA ") and out.endswith("ways --device cuda\n")
    assert [line for line in out.splitlines() if line.startswith("###")] == [
        f"### {name}: {load_case(name).title}" for name in gpu.CASES
    ]
