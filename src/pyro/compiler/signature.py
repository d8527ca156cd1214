"""What makes a captured step valid for a call: everything that it was captured with, but not the tensors' values."""

from collections.abc import Hashable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten

from pyro.compiler.closures import Same, contents
from pyro.compiler.program import Program
from pyro.ops.validation import is_validation_enabled
from pyro.poutine.runtime import _PYRO_STACK
from pyro.settings import values

__all__ = ["Signature", "arguments", "outside_of", "signature", "what_changed"]


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
    """The tensors among a step's arguments, in the order in which they are inputs."""
    return [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, Tensor)]


def _key(value: Any) -> Hashable:
    if type(value) is float:
        return float  # an input; what the captured step asks about it is among its conditions
    if isinstance(value, Tensor):
        return (type(value), tuple(value.shape), value.dtype, tuple(value.stride()), value.device, value.requires_grad)
    if isinstance(value, torch.nn.Module):
        return (Same(value), tuple(module.training for module in value.modules()))
    if is_dataclass(value) and not isinstance(value, type):
        # torch does not look inside: the captured step closes over what the fields hold
        return (Same(value), *(Same(getattr(value, entry.name)) for entry in fields(value)))
    try:
        hash(value)
    except TypeError:
        return Same(value)
    return (type(value), value)


def _option(value: Any) -> Hashable:
    if isinstance(value, Tensor):
        return Same(value)  # the captured step reads this very tensor
    return tuple(map(_key, value)) if isinstance(value, tuple) else _key(value)


@dataclass(frozen=True)
class Signature:
    """The key under which a captured step is kept.

    Attributes:
        arguments: shapes and kinds of the tensors, and all that is neither a tensor nor a float.
        structure: how the arguments nest.
        parameters: which tensors the parameters are.
        options: the optimiser's options that are part of the program, and which parameters they are for.
        outside: closed-over variables, and training flags of modules.
        settings: validation, whether eager's random numbers are wanted, default dtype, the handlers around the call.
    """

    arguments: Hashable
    structure: Hashable
    parameters: Hashable
    options: Hashable
    outside: frozenset[tuple[str, Hashable]]
    settings: Hashable


def signature(
    program: Program, args: tuple[Any, ...], kwargs: dict[str, Any], functions: dict[str, Any], ignored: set[str]
) -> Signature:
    """The signature of a call.

    Args:
        program: the step.
        args: positional arguments.
        kwargs: keyword arguments.
        functions: by a name for each, the model, the guide and what else the program is made of; what they close over
            counts.
        ignored: paths of closed-over variables that do not count, because the program itself changes them.
    """
    flat, structure = tree_flatten((args, kwargs))
    parameters = tuple((name, id(leaf), _key(leaf)) for name, leaf in program.parameters.items())
    options = tuple((tuple(map(id, group["params"])),
                     tuple((key, _option(value)) for key, value in sorted(group.items()) if key != "params"))
                    for group in program.optimizer.param_groups)
    settings = (is_validation_enabled(), values.eager_random_numbers, values.strict_rounding,
                torch.get_default_dtype(), tuple(map(Same, _PYRO_STACK)))
    outside = frozenset(item for item in outside_of(functions).items() if item[0] not in ignored)
    return Signature(tuple(map(_key, flat)), structure, parameters, options, outside, settings)


def outside_of(functions: dict[str, Any]) -> dict[str, Hashable]:
    """What functions close over, by path; see :func:`~pyro.compiler.closures.contents`."""
    return {f"{name}{path}": key for name, value in functions.items() for path, key in contents(value).items()}


def what_changed(old: Signature, new: Signature) -> str:
    """Says which part of a signature made a new capture necessary."""
    words = {"arguments": "an argument has another shape, kind or value", "structure": "the arguments nest differently",
             "parameters": "the program has other parameters", "options": "an option of the optimiser changed",
             "settings": "validation, a setting, the default dtype or the handlers around the call changed"}
    changed = [text for part, text in words.items() if getattr(old, part) != getattr(new, part)]
    variables = sorted({path for path, _ in old.outside ^ new.outside})
    if variables:
        changed.append(f"'{variables[0]}' is another one, or was switched between training and evaluation")
    return " and ".join(changed) or "the step asks about a number, such as whether it is 0, whose answer changed"
