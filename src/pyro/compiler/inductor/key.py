"""What compiled code depends on, as one number: the step, torch, the machine, the C++ compiler."""

import ctypes
import hashlib
import os
import platform
from typing import Any

import llvmlite.binding as llvm
import torch
from torch import Tensor

from pyro.compiler.graph import StepGraph
from pyro.compiler.inductor.toolchain import compiler_version, cxx

__all__ = ["constants", "key_of"]

# raised when the worker makes other code from the same step
_FORMAT = 1


def key_of(graph: StepGraph) -> str:
    """The key of a step's compiled code on this machine, 64 hexadecimal digits.

    Args:
        graph: the step.
    """
    digest = hashlib.sha256()
    for part in (_FORMAT, graph.module.code, graph.inputs, graph.outputs, *_machine()):
        digest.update(repr(part).encode())
        digest.update(b"\0")
    for name, tensor in constants(graph):
        kind = (name, tuple(tensor.shape), tensor.stride(), tensor.dtype, tensor.device)
        digest.update(repr(kind).encode())
        dense = tensor.detach().cpu().contiguous()
        digest.update(ctypes.string_at(dense.data_ptr(), dense.numel() * dense.itemsize) if dense.numel() else b"")
    return digest.hexdigest()


def constants(graph: StepGraph) -> list[tuple[str, Tensor]]:
    """The tensors that are part of a step's graph, by name."""
    found = {}
    for node in graph.module.graph.nodes:
        if node.op == "get_attr":
            value: Any = graph.module
            for name in str(node.target).split("."):
                value = getattr(value, name)
            found[str(node.target)] = value
    return sorted(found.items())


def _machine() -> list[Any]:
    compiler = cxx()
    parts = [torch.__version__, torch.version.git_version, torch.get_num_threads(), platform.machine(),
             platform.libc_ver(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(),
             None if compiler is None else compiler_version(compiler),
             sorted((name, value) for name, value in os.environ.items() if name.startswith("TORCHINDUCTOR_"))]
    if torch.cuda.is_initialized():
        parts += [torch.version.cuda, torch.cuda.get_device_name(), torch.cuda.get_device_capability()]
    return parts
