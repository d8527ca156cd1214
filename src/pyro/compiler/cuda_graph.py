"""Many steps as one CUDA graph: the device runs them without the host, which only says when to begin.

A CUDA graph is a recording of kernels with the addresses that they read and write. So the state, the rows and the
records of some steps have a place of their own here; a run copies to and from it. Constants are read where they lie;
only when a later run comes with others they have a place as well.

References:
    https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cuda-graphs
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pyro.compiler.graph import InputRole, OutputRole
from pyro.compiler.replay import Replay

__all__ = ["CudaGraph", "record_on_cuda"]

Call = Callable[[], None]

_MAX_STEPS = 32
_MAX_OPERATIONS = 4000


def record_on_cuda(run: Call) -> Call:
    """Records what a function does on the CUDA device, and returns a function that does it again.

    Args:
        run: makes no use of the host's memory. It is called twice, and does its work once.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        run()  # libraries make their handles and workspaces at their first call, which cannot be recorded
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


@dataclass(frozen=True)
class _Recording:
    """Some steps as a CUDA graph.

    Attributes:
        steps: how many.
        rows: where it reads its rows, by input.
        records: where it writes its records.
        replay: runs it.
    """

    steps: int
    rows: dict[int, Tensor]
    records: list[Tensor]
    replay: Call


class CudaGraph:
    """The lowering that replays recorded steps.

    Args:
        lowering: what runs the steps that are recorded. Its graph is on one device as a whole.
        record: see :func:`record_on_cuda`.
    """

    def __init__(self, lowering: Replay, record: Callable[[Call], Call] = record_on_cuda) -> None:
        self.graph = lowering.graph
        self.name = f"{lowering.name}, replayed by CUDA"
        self._lowering = lowering
        self._record = record
        self._device = self.graph.inputs[0].spec.device
        self._inputs: list[Tensor] = []
        self._recordings: list[_Recording] = []
        self._has_own_constants = False
        operations = sum(node.op == "call_function" for node in self.graph.module.graph.nodes)
        self._steps = max(1, min(_MAX_STEPS, _MAX_OPERATIONS // max(1, operations)))

    def run(self, inputs: Sequence[Tensor], records: Sequence[Tensor], num_steps: int, first_row: int = 0) -> None:
        """Runs steps one after the other; see :meth:`pyro.compiler.replay.Replay.run`."""
        if num_steps < 1:
            return
        with torch.no_grad():
            if not self._recordings or not self._reads(inputs):
                self._make(inputs)
            self._copy_in(inputs)
            row, stop = first_row, first_row + num_steps
            while row < stop:
                recording = next(made for made in self._recordings if made.steps <= stop - row)
                _replay(recording, inputs, records, row)
                row += recording.steps
            for i in self._of(InputRole.STATE):
                inputs[i].copy_(self._inputs[i])

    def _of(self, role: InputRole) -> list[int]:
        return [i for i, given in enumerate(self.graph.inputs) if given.role is role]

    def _reads(self, inputs: Sequence[Tensor]) -> bool:
        """Whether the recorded kernels read a run's constants, or copies that it can bring up to date."""
        return self._has_own_constants or all(
            _is_at(inputs[i], self._inputs[i]) for i in self._of(InputRole.CONSTANT) if self._is_large(inputs[i]))

    def _is_large(self, tensor: Tensor) -> bool:
        """Whether a tensor is read where it lies rather than copied for each run, as numbers are."""
        return tensor.device == self._device and tensor.dim() > 0

    def _make(self, inputs: Sequence[Tensor]) -> None:
        self._has_own_constants = bool(self._recordings)  # at the second time: they come and go
        self._recordings.clear()
        self._inputs = []
        for given, tensor in zip(self.graph.inputs, inputs, strict=True):
            is_constant = given.role is InputRole.CONSTANT
            stays = is_constant and self._is_large(tensor) and not self._has_own_constants
            is_there = stays or given.role is InputRole.ROW
            self._inputs.append(tensor.detach() if is_there else _place_for(tensor, self._device))
        self._recordings += [self._recorded(steps) for steps in dict.fromkeys((self._steps, 1))]

    def _recorded(self, steps: int) -> _Recording:
        rows = {i: torch.zeros((steps, *self.graph.inputs[i].spec.shape), dtype=self.graph.inputs[i].spec.dtype,
                               device=self._device) for i in self._of(InputRole.ROW)}
        records = [torch.empty((steps, *output.spec.shape), dtype=output.spec.dtype, device=self._device)
                   for output in self.graph.outputs if output.role is OutputRole.RECORD]
        inputs = [rows.get(i, tensor) for i, tensor in enumerate(self._inputs)]
        replay = self._record(lambda: self._lowering.run(inputs, records, steps))
        return _Recording(steps, rows, records, replay)

    def _copy_in(self, inputs: Sequence[Tensor]) -> None:
        for i, place in enumerate(self._inputs):
            if self.graph.inputs[i].role is not InputRole.ROW and not _is_at(inputs[i], place):
                place.copy_(inputs[i])


def _replay(recording: _Recording, inputs: Sequence[Tensor], records: Sequence[Tensor], row: int) -> None:
    rows = slice(row, row + recording.steps)
    for i, place in recording.rows.items():
        place.copy_(inputs[i][rows])
    recording.replay()
    for target, made in zip(records, recording.records, strict=True):
        target[rows] = made


def _is_at(tensor: Tensor, place: Tensor) -> bool:
    """Whether two tensors are the same memory, read in the same way."""
    return (tensor.data_ptr(), tensor.device, tensor.stride()) == (place.data_ptr(), place.device, place.stride())


def _place_for(tensor: Tensor, device: torch.device) -> Tensor:
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device).copy_(tensor)
