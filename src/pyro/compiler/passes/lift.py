"""Closed-over tensors become inputs.

A parameter that the loss reads is the input that the optimiser's step starts from; a tensor that the step mutates
(a running mean, say) is state; a literal that the program makes anew each step stays a constant of the graph; the rest
are inputs that do not change.
"""

from dataclasses import replace

import torch
from torch import Tensor
from torch.fx import Node

from pyro.compiler.capture import Captured
from pyro.compiler.graph import InputRole
from pyro.compiler.passes.draft import Draft, Slot

__all__ = ["lift"]


def lift(captured: Captured) -> Draft:
    """Makes every closed-over tensor an input.

    Args:
        captured: the step as ``make_fx`` gave it.

    Returns:
        A draft whose graph holds no tensors.
    """
    lifting = _Lifting(captured)
    for node in [node for node in captured.module.graph.nodes if node.op == "get_attr"]:
        replacement = lifting.replacement(node, getattr(captured.module, node.target))
        node.replace_all_uses_with(replacement)
        captured.module.graph.erase_node(node)
    return lifting.finish()


class _Lifting:
    """The slots so far, and the placeholders that stand for tensors."""

    def __init__(self, captured: Captured) -> None:
        self.captured = captured
        self.graph = captured.module.graph
        self.placeholders = [node for node in self.graph.nodes if node.op == "placeholder"]
        self.carried = captured.num_parameters + captured.num_state
        self.slots = [Slot(name, InputRole.STATE if i < self.carried else InputRole.CONSTANT, tensor)
                      for i, (name, tensor) in enumerate(zip(captured.names, captured.examples, strict=True))]
        self.known: dict[int, Node] = {id(leaf): self.placeholders[i] for i, leaf in enumerate(captured.layout.leaves)}
        self.mutated: list[int] = []

    def replacement(self, node: Node, tensor: Tensor) -> Node:
        """What stands for a tensor that the graph holds."""
        if id(tensor) in self.known:
            return self.known[id(tensor)]
        if _is_literal(node, tensor):
            with self.graph.inserting_before(node):
                return self.graph.call_function(
                    torch.ops.aten.full.default, ([], tensor.item()), {"dtype": tensor.dtype, "device": tensor.device})
        number = len(self.slots) - len(self.captured.names)
        with self.graph.inserting_after(self.placeholders[-1]):
            placeholder = self.graph.placeholder(f"closed_over_{number}")
        is_state = id(tensor) in self.captured.mutated
        if is_state:
            self.mutated.append(len(self.slots))
        self.known[id(tensor)] = placeholder
        self.placeholders.append(placeholder)
        self.slots.append(Slot(f"closed over {number}", InputRole.STATE if is_state else InputRole.CONSTANT,
                               tensor.detach()))
        return placeholder

    def finish(self) -> Draft:
        """The draft: new parameters and state, options that the step changes, mutated tensors, then the records."""
        (output,) = (node for node in self.graph.nodes if node.op == "output")
        results = list(output.args[0])
        kept = list(range(self.carried))
        for i in range(self.carried, self.carried + self.captured.num_options):
            if results[i] is not self.placeholders[i]:
                self.slots[i] = replace(self.slots[i], role=InputRole.STATE)
                kept.append(i)
        output.args = ([results[i] for i in kept] + [self.placeholders[i] for i in self.mutated] + results[-2:],)
        self.captured.module.recompile()
        return Draft(self.captured.module, tuple(self.slots), (*kept, *self.mutated, None, None), ("loss", "passed"))


def _is_literal(node: Node, tensor: Tensor) -> bool:
    """Whether the program makes a scalar from a number each time it runs."""
    fresh = torch.ops.aten.lift_fresh_copy.default
    return tensor.dim() == 0 and all(user.target is fresh for user in node.users)
