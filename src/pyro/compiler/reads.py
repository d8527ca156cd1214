"""Keeps a program that is being captured from reading a tensor's values: they would be baked into the graph.

``make_fx`` refuses ``.item()`` and what is like it. It does not see ``.numpy()`` and ``.tolist()``, and a program may
swallow its error and go on in another way than usual.
"""

from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from pyro.compiler.errors import CannotCapture

__all__ = ["RefuseReads"]

_READS = {Tensor.numpy, Tensor.tolist, Tensor.__array__}
_REFUSALS = ("_local_scalar_dense", "get value out of a tracing tensor")


class RefuseReads(TorchFunctionMode):
    """Inside this block a function that needs a tensor's values raises.

    Attributes:
        error: what was raised, even if the program swallowed it.
    """

    error: CannotCapture | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        try:
            if func in _READS:
                raise RuntimeError(_REFUSALS[0])
            return func(*args, **({} if kwargs is None else kwargs))
        except RuntimeError as e:
            if not any(words in str(e) for words in _REFUSALS):
                raise
            self.error = CannotCapture("reads the value of a tensor")
            raise self.error from e
