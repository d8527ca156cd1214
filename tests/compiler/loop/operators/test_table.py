"""The operator table."""

import pytest
import torch

from pyro.compiler.loop.operators import ROWS, row


@pytest.mark.parametrize("name", sorted(ROWS))
def test_each_row_is_an_operator(name: str) -> None:
    *namespace, packet, overload = name.split(".")
    assert overload in getattr(getattr(torch.ops, *namespace or ["aten"]), packet).overloads()


def test_one_row_an_operator() -> None:
    with pytest.raises(ValueError, match="sigmoid.default"):
        row("sigmoid.default")(lambda: None)
