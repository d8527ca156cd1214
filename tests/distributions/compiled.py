"""One captured step of a row of the table: its density, a draw, and the gradients of both."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pyro import settings
from pyro.compiler.graph import InputRole, StepGraph
from pyro.compiler.numbers import Numbers
from pyro.compiler.passes import run_passes
from pyro.compiler.passes.draft import Draft, Slot
from pyro.compiler.plan import Lowering
from pyro.compiler.reads import RefuseReads
from pyro.compiler.recorder import Recorder
from pyro.ops.validation import collecting
from tests.distributions.case import Case

SEED = 11


def weighted(x: Tensor) -> Tensor:
    """A sum with weights that differ, since many families' draws have a fixed plain sum."""
    return (x * torch.arange(1, x.numel() + 1, dtype=x.dtype).reshape(x.shape).sqrt()).sum()


def gradients(x: Tensor, leaves: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of a tensor's weighted sum, with zeros where it does not depend on a leaf."""
    if not x.requires_grad or not leaves:
        return []
    return list(torch.autograd.grad(weighted(x), leaves, materialize_grads=True, retain_graph=True))


def results(case: Case, leaves: dict[str, Tensor], value: Tensor) -> list[Tensor]:
    """The density of a value, a draw, the gradients of both, and whether every check passed."""
    with collecting(everything=True) as verdicts, torch.enable_grad():
        d = case.build(**leaves, validate_args=True)
        if not d.is_discrete:
            value = value.detach().requires_grad_()
            leaves = {**leaves, "value": value}
        log_prob = d.log_prob(value)
        draw = d.rsample() if d.has_rsample else d.sample()
    passed = torch.stack([ok.all() for ok, _ in verdicts.pending]).all() if verdicts.pending else torch.tensor(True)
    parts = [log_prob, *gradients(log_prob, list(leaves.values())), draw, *gradients(draw, list(leaves.values()))]
    return [*(part.detach() for part in parts), passed]


def leaves_of(case: Case) -> dict[str, Tensor]:
    """A row's real-valued parameters, as leaves."""
    return {name: tensor.clone().requires_grad_() for name, tensor in case.tensors.items()
            if tensor.is_floating_point() and name != "total_count"}


@dataclass(frozen=True)
class Captured:
    """A row's step as a graph, and what the eager step gives.

    Attributes:
        draft: the graph as it was recorded.
        eager: the eager step's results, at the seed.
    """

    draft: Draft
    eager: list[Tensor]

    @classmethod
    def of(cls, case: Case) -> "Captured":
        """Captures a row's step."""
        leaves = leaves_of(case)
        torch.manual_seed(SEED)
        value = case.build().sample()
        torch.manual_seed(SEED)
        eager = results(case, leaves, value)
        recorder = Recorder(Numbers((), ()))
        for tensor in (*leaves.values(), value):
            recorder.declare(tensor)
        with torch.random.fork_rng(), recorder, RefuseReads():
            outputs = results(case, leaves, value)
        recorder.restore()
        recorder.graph.output([recorder.node(output) for output in outputs])
        slots = tuple(Slot(f"input {i}", InputRole.CONSTANT, entry.tensor.detach())
                      for i, entry in enumerate(recorder.inputs))
        assert recorder.error is None, recorder.error
        order = {entry.node: slot for entry, slot in zip(recorder.inputs, slots, strict=True)}
        placed = tuple(order[node] for node in recorder.graph.nodes if node.op == "placeholder")
        names = tuple(f"result {i}" for i in range(len(outputs)))
        return cls(Draft(recorder.graph, placed, (None,) * len(outputs), names), eager)

    def rewritten(self, eager_random_numbers: bool) -> "Lowerable":
        """The step after the compiler's passes."""
        with settings.context(eager_random_numbers=eager_random_numbers):
            return Lowerable(run_passes(replace(self.draft, graph=copy.deepcopy(self.draft.graph))))


@dataclass(frozen=True)
class Lowerable:
    """A step whose randomness is an input."""

    draft: Draft

    @cached_property
    def graph(self) -> StepGraph:
        """What lowerings take."""
        return self.draft.finish()

    def run(self, lowering: Lowering) -> list[Tensor]:
        """One step's results, at the seed."""
        torch.manual_seed(SEED)
        inputs: list[Any] = [slot.tensor if slot.draw is None else slot.draw.once()[None] for slot in self.draft.slots]
        records = [torch.zeros((1, *out.spec.shape), dtype=out.spec.dtype) for out in self.graph.outputs]
        lowering.run(inputs, records, 1)
        return [record[0] for record in records]
