"""Keeps a program that is being captured from reading a tensor's values: they would be baked into the graph.

The recorder refuses operators that give numbers, such as ``.item()``. ``.numpy()`` and ``.tolist()`` call none.
"""

from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from pyro.compiler.errors import CannotCapture

__all__ = ["RefuseReads"]

_READS = {Tensor.numpy, Tensor.tolist, Tensor.__array__}


class RefuseReads(TorchFunctionMode):
    """Inside this block a function that reads a tensor's values without an operator raises.

    Attributes:
        error: what was raised, even if the program swallowed it.
    """

    error: CannotCapture | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _READS:
            self.error = CannotCapture("reads the value of a tensor")
            raise self.error
        return func(*args, **({} if kwargs is None else kwargs))
