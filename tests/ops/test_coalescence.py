"""Coalescences one by one are those of all series at once; the operator falls apart where it is captured."""

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from pyro.ops.coalescence import coalescence


def arguments(*batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    leaves = 3 * torch.rand(*batch, 6, dtype=torch.float64)
    return leaves, torch.empty(*batch, 5, dtype=torch.float64).exponential_(), torch.rand(batch, dtype=torch.float64)


def test_series_do_not_depend_on_how_many_there_are() -> None:
    leaves, surprise, rate = arguments(100)
    many = coalescence(leaves, surprise, rate)
    one_by_one = [coalescence(*row) for row in zip(leaves, surprise, rate, strict=True)]
    torch.testing.assert_close(torch.stack(one_by_one), many)
    torch.testing.assert_close(coalescence(leaves[:4], surprise[:4], rate[:4]), many[:4])
    torch.testing.assert_close(torch.vmap(coalescence)(leaves, surprise, rate), many)


def test_waits_add_up_to_the_exponential_numbers() -> None:
    leaves, surprise, rate = torch.zeros(3), torch.tensor([3.0, 2.0]), torch.tensor(0.5)
    torch.testing.assert_close(coalescence(leaves, surprise, rate), torch.tensor([-6.0, -2.0]))
    assert coalescence(leaves[:1], surprise[:0], rate).shape == (0,)


def test_a_graph_of_it_can_be_made_of_plain_operators() -> None:
    inputs = arguments(2)
    graph = make_fx(coalescence, decomposition_table={coalescence: coalescence.decompose})(*inputs)
    assert all("flashover" not in str(node.target) for node in graph.graph.nodes)
    torch.testing.assert_close(graph(*inputs), coalescence(*inputs))
