"""The graph of a function of tensors."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.fx import Graph

from pyro.compiler.numbers import Numbers
from pyro.compiler.recorder import Recorder


def recorded(fn: Callable[..., Tensor], *tensors: Tensor) -> Graph:
    """Records a function that returns a tensor; its other inputs are closed over."""
    recorder = Recorder(Numbers((), ()))
    for tensor in tensors:
        recorder.declare(tensor)
    with torch.random.fork_rng(), recorder:
        result = fn(*tensors)
    recorder.restore()
    recorder.graph.output([recorder.node(result)])
    return recorder.graph
