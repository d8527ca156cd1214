"""Rewrites of a captured step, one a file, and the order in which they run.

1. :mod:`~pyro.compiler.passes.simplify`: no copies, no dead code, nothing computed twice.
2. :mod:`~pyro.compiler.passes.samplers`: samplers become pure functions of a key; not where eager's numbers are wanted.
3. :mod:`~pyro.compiler.passes.draws`: random draws become inputs.
"""

from pyro.compiler.passes.draft import Draft
from pyro.compiler.passes.draws import draws_to_inputs
from pyro.compiler.passes.samplers import key_samplers
from pyro.compiler.passes.simplify import simplify
from pyro.compiler.verify import verify
from pyro.settings import values

__all__ = ["run_passes"]


def run_passes(draft: Draft) -> Draft:
    """Rewrites a captured step into one whose randomness is an input, checked after each pass."""
    samplers = [] if values.eager_random_numbers else [key_samplers]
    for rewrite in (simplify, *samplers, draws_to_inputs, simplify):
        draft = rewrite(draft)
        verify(draft)
    return draft
