"""Rewrites of a captured step, one a file, and the order in which they run.

1. :mod:`~pyro.compiler.passes.lift`: closed-over tensors become inputs; parameters are recognised.
2. :mod:`~pyro.compiler.passes.functionalise`: no mutation, core operators only.
3. :mod:`~pyro.compiler.passes.simplify`: no copies, no dead code, nothing computed twice.
4. :mod:`~pyro.compiler.passes.samplers`: samplers become pure functions of a key; not where eager's numbers are wanted.
5. :mod:`~pyro.compiler.passes.draws`: random draws become inputs.
"""

from pyro.compiler.capture import Captured
from pyro.compiler.passes.draft import Draft
from pyro.compiler.passes.draws import draws_to_inputs
from pyro.compiler.passes.functionalise import functionalise
from pyro.compiler.passes.lift import lift
from pyro.compiler.passes.samplers import key_samplers
from pyro.compiler.passes.simplify import simplify
from pyro.compiler.verify import verify
from pyro.settings import values

__all__ = ["run_passes"]


def run_passes(captured: Captured) -> Draft:
    """Rewrites a captured step into a pure graph of core operators, checked after each pass."""
    draft = lift(captured)
    verify(draft)
    samplers = [] if values.eager_random_numbers else [key_samplers]
    for rewrite in (functionalise, simplify, *samplers, draws_to_inputs, simplify):
        draft = rewrite(draft)
        verify(draft)
    return draft
