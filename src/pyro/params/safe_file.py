"""Files that hold tensors and plain data, and that run no code when they are read.

:func:`save` writes nested containers of tensors, numbers and strings with ``torch.save``; a constraint becomes its tag
(:mod:`pyro.ops.constraint_tags`). :func:`load` reads them with ``weights_only=True``. Older Pyro versions pickled
constraint objects into their files: those are read too, through an allow-list of the registered constraint classes.
"""

import os
import pickle
import re
import threading
from collections import Counter, OrderedDict
from typing import Any

import torch
from torch import Tensor
from torch.distributions.constraints import Constraint
from torch.serialization import MAP_LOCATION, safe_globals

from pyro.ops import constraint_tags

__all__ = ["MAP_LOCATION", "Filename", "load", "save"]

Filename = str | os.PathLike[str]

_reading = threading.Lock()  # safe_globals changes the process's allow-list, which another thread may be reading
_SCALARS = (bool, int, float, complex, str, type(None), torch.dtype, torch.device, torch.Size)
_MAPPINGS = (dict, OrderedDict, Counter)


def save(state: Any, filename: Filename) -> None:
    """Writes a state to a file.

    Args:
        state: tensors, numbers, strings, ``None``, constraints, and dicts, lists and tuples of those.
        filename: where to write. The file is left as it was if the state is refused.

    Raises:
        ValueError: if the state holds anything else, or a constraint without a tag.
    """
    torch.save(_plain(state, "state"), filename)


def load(filename: Filename, map_location: MAP_LOCATION = None) -> Any:
    """Reads a file written by :func:`save` or by an older Pyro.

    Args:
        filename: the file.
        map_location: where to put the tensors, as in :func:`torch.load`.

    Returns:
        The state. Constraints come back as tags, or as objects where an older Pyro wrote them.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: if its content is damaged, or is anything but tensors, plain data and known constraints.
    """
    try:
        with _reading, safe_globals(list(constraint_tags.picklable_classes())):
            return torch.load(filename, map_location=map_location, weights_only=True)
    except OSError:
        raise
    except Exception as error:  # damaged bytes make torch and pickle raise nearly anything
        found = re.search(r"GLOBAL (\S+)", str(error)) if isinstance(error, pickle.UnpicklingError) else None
        if found is None:
            raise ValueError(
                f"Could not read '{os.fspath(filename)}' ({type(error).__name__}). Expected a file written by the "
                "parameter store's or an optimizer's save(). If it was written on another device, give map_location; "
                "otherwise it is damaged: restore it from a copy.") from error
    # Outside the handler: torch's advice there is to read the file without protection.
    raise ValueError(
        f"Refused to read '{os.fspath(filename)}': it refers to {found[1]}, and calling that may do anything. Expected "
        "tensors, plain data and known constraints. If that is a class of constraints, register its tag with "
        "pyro.ops.constraint_tags.register; otherwise write the file anew with plain data only.")


def _plain(value: Any, where: str) -> Any:
    """A copy of ``value`` that holds nothing but plain data; ``where`` names it in errors."""
    if isinstance(value, Tensor):
        return _bare(value)
    if isinstance(value, Constraint):
        return constraint_tags.to_tag(value)
    if type(value) in _SCALARS:
        return value
    if type(value) in _MAPPINGS:
        return type(value)({_plain(key, f"a key of {where}"): _plain(item, f"{where}[{key!r}]")
                            for key, item in value.items()})
    if type(value) in (list, tuple):
        return type(value)(_plain(item, f"{where}[{index}]") for index, item in enumerate(value))
    raise ValueError(
        f"{where} is of type {type(value).__module__}.{type(value).__qualname__}, which cannot be written to a safe "
        "file. Expected tensors, numbers, strings, None, constraints, or dicts, lists and tuples of those.")


def _bare(tensor: Tensor) -> Tensor:
    """The tensor without its history and without attributes that were set on it; a Parameter stays one."""
    bare = tensor.detach()
    if isinstance(tensor, torch.nn.Parameter):
        return torch.nn.Parameter(bare, requires_grad=tensor.requires_grad)
    return bare.requires_grad_(tensor.requires_grad)

