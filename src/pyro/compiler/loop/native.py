"""From LLVM's text to a function that can be called, in the process."""

import ctypes
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import llvmlite.binding as llvm

__all__ = ["Native", "compile_text"]

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()


@dataclass(frozen=True)
class Native:
    """A compiled module.

    Attributes:
        engine: keeps the machine code alive.
        address: of the function.
        seconds: what it took.
    """

    engine: Any
    address: int
    seconds: float

    def call(self, num_pointers: int, pointers: list[int], numbers: list[int]) -> None:
        """Calls the function with pointers and then 64-bit numbers."""
        kinds = [ctypes.c_void_p] * num_pointers + [ctypes.c_int64] * len(numbers)
        ctypes.CFUNCTYPE(None, *kinds)(self.address)(*pointers, *numbers)


def compile_text(text: str, name: str) -> Native:
    """Compiles a module for this machine.

    Args:
        text: the module.
        name: of the function that will be called.
    """
    start = perf_counter()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    machine = target.create_target_machine(opt=2, cpu=llvm.get_host_cpu_name(), features=features)
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = False  # the text is in vectors where that pays
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return Native(engine, engine.get_function_address(name), perf_counter() - start)
