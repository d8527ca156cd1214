"""The loop program: a captured step, with the loop around it, as one native function.

``lowering`` turns nodes into expressions by the operator table (``operators``), ``builder`` decides what is stored and
collects kernels, ``schedule`` orders them, ``kernel`` and ``fold`` write them in LLVM's text by means of ``scope``,
``nest``, ``index`` and ``code``; ``vector_math`` has the elementary functions, ``native`` compiles, ``program`` runs.
"""

from pyro.compiler.loop.program import LoopProgram, compile_loop

__all__ = ["LoopProgram", "compile_loop"]
