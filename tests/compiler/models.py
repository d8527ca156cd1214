"""The programs on which every lowering of a captured step is compared with eager steps.

A row is a function that makes a program anew, with tensors of its own.
"""

from tests.compiler import models_of_inputs, models_of_optimisers, models_of_programs
from tests.compiler.problem import Make

MODELS: dict[str, Make] = {**models_of_programs.MODELS, **models_of_inputs.MODELS, **models_of_optimisers.MODELS}
