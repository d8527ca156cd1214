"""Random operators with parameters become pure functions of these and of a standard draw, or of a key.

What has a formula in a fixed number of uniform or normal numbers takes a row of them; rejection samplers take a key.
The key is one random number a step. It is drawn at the head of the graph, and made an input like other draws by the
pass that follows; the number of a draw is its place among all the draws of the step, in the order in which eager steps
draw.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.fx import Graph, Node

from pyro.compiler import keyed
from pyro.compiler.graph import TensorMeta
from pyro.compiler.noise import is_random
from pyro.compiler.numbers import Numbers
from pyro.compiler.passes.draft import Draft
from pyro.compiler.recorder import Recorder
from pyro.compiler.transforms import FORMULAS, Formula
from pyro.ops.von_mises import von_mises

__all__ = ["key_samplers", "keyed_call"]

_aten = torch.ops.aten
_GRADIENTS = {_aten._standard_gamma_grad.default: keyed.standard_gamma_grad,
              _aten._dirichlet_grad.default: keyed.dirichlet_grad}  # fmt: skip
Call = tuple[Any, Sequence[Any]]


def _multinomial(weights: Any, num_samples: int, replacement: bool = False) -> Call | None:
    """Several draws without replacement depend on each other: they are left to torch."""
    return None if num_samples > 1 and not replacement else (keyed.categorical, (weights, num_samples))


# by operator: for its arguments the operator with a key, and its arguments in front of the key
_KEYED: dict[Any, Callable[..., Call | None]] = {
    _aten._standard_gamma.default: lambda alpha: (keyed.standard_gamma, (alpha,)),
    _aten._sample_dirichlet.default: lambda alpha: (keyed.dirichlet, (alpha,)),
    _aten.poisson.default: lambda rate: (keyed.poisson, (rate,)),
    _aten.binomial.default: lambda count, prob: (keyed.binomial, (count, prob)),
    _aten.multinomial.default: _multinomial,
    von_mises: lambda loc, concentration, size: (keyed.von_mises, (loc, concentration, size)),
}


def keyed_call(target: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Call | None:
    """The operator with a key that stands for a random one.

    Args:
        target: the random operator.
        args: its arguments.
        kwargs: its keyword arguments.

    Returns:
        The operator and its arguments in front of the key; ``None`` where there is none.
    """
    if target not in _KEYED or kwargs.get("generator") is not None:
        return None
    return _KEYED[target](*args, **{name: value for name, value in kwargs.items() if name != "generator"})


def key_samplers(draft: Draft) -> Draft:
    """Puts formulas for random operators, and gives samplers on the CPU a key; on other devices those keep torch's."""
    graph = draft.graph
    key: Node | None = None
    draws = [node for node in graph.nodes if is_random(node)]
    for number, node in enumerate(draws):
        if node.target in FORMULAS:
            _put_formula(graph, node, FORMULAS[node.target])
            continue
        call = keyed_call(node.target, node.args, dict(node.kwargs)) if _on_cpu(node) else None
        if call is None:
            continue
        if key is None:
            with graph.inserting_after(draft.placeholders()[-1]):
                key = graph.call_function(torch.ops.flashover.key.default, (), {"device": torch.device("cpu")})
            key.meta["val"] = torch.zeros((), dtype=torch.int64)
        target, arguments = call
        with graph.inserting_before(node):
            new = graph.call_function(target, (*arguments, key, number))
        new.meta["val"] = node.meta["val"]
        node.replace_all_uses_with(new)
        graph.erase_node(node)
    for node in graph.nodes:
        if node.target in _GRADIENTS and _on_cpu(node):
            node.target = _GRADIENTS[node.target]  # ATen's have three digits
    return draft


def _put_formula(graph: Graph, node: Node, formula: Formula) -> None:
    """Replaces a draw by a standard one and the recorded formula."""
    value, arguments = node.meta["val"], [a for a in node.args[1:] if isinstance(a, Node)]
    sources = [value, *(argument.meta["val"] for argument in arguments)]
    examples = [torch.zeros(v.shape, dtype=v.dtype, device=v.device) for v in sources]
    recorder = Recorder(Numbers((), ()))
    placeholders = [recorder.declare(example) for example in examples]
    given = iter(examples[1:])
    with recorder:
        result = formula.of(examples[0], *(next(given) if isinstance(a, Node) else a for a in node.args[1:]))
    options = {"dtype": value.dtype, "device": value.device}
    with graph.inserting_before(node):
        row = graph.call_function(formula.standard, (list(value.shape),), options)
        row.meta["val"] = value
        copies: dict[Node, Any] = dict(zip(placeholders, (row, *arguments), strict=True))
        for part in recorder.graph.nodes:
            if part.op == "call_function":
                copies[part] = graph.node_copy(part, copies.__getitem__)
    node.replace_all_uses_with(copies[recorder.node(result)])
    graph.erase_node(node)


def _on_cpu(node: Node) -> bool:
    value = node.meta["val"]
    return isinstance(value, TensorMeta | torch.Tensor) and value.device.type == "cpu"
