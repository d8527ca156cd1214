import contextlib

import numpy as np
import pytest
import torch

from pyro.compiler.errors import CannotCapture
from pyro.compiler.numbers import Numbers
from pyro.compiler.reads import RefuseReads
from pyro.compiler.recorder import Recorder

READS = {
    "item": lambda x: x.item(), "float": float, "int": int, "bool": bool, "branch": lambda x: 1 if x > 0 else 2,
    "index": lambda x: [1, 2, 3][x.long()], "numpy": lambda x: x.numpy(), "tolist": lambda x: x.tolist(),
    "asarray": np.asarray, "equal": lambda x: torch.equal(x, x), "allclose": lambda x: torch.allclose(x, x),
    "size": lambda x: torch.ones(int(x)),
}


@pytest.mark.parametrize("read", READS)
def test_values_are_not_read(read):
    x = torch.tensor(1.0)
    with pytest.raises(CannotCapture, match="reads the value of a tensor"), Recorder(Numbers((), ())), RefuseReads():
        READS[read](x)


def test_an_error_that_is_swallowed_is_kept():
    with RefuseReads() as reads, contextlib.suppress(CannotCapture):
        torch.ones(2).tolist()
    assert isinstance(reads.error, CannotCapture)


def test_other_errors_and_results_pass():
    with RefuseReads() as reads:
        assert torch.add(torch.ones(2), 1).shape == (2,)
        with pytest.raises(RuntimeError, match="size"):
            torch.ones(2) + torch.ones(3)
    assert reads.error is None
