import pytest
import torch

from pyro.poutine.frame import CondIndepStackFrame

FRAME = CondIndepStackFrame("rows", -1, 2, 0, 10)


@pytest.mark.parametrize("other", [
    CondIndepStackFrame("rows", -1, torch.tensor(2), 0, 10),
    CondIndepStackFrame("rows", -1, 2, 0, 20),  # what the rows were cut out of is no part of the identity
    CondIndepStackFrame("rows", -1, 2, 0),
])
def test_equal_frames_are_one_key(other):
    assert other == FRAME and FRAME.__eq__(other) and FRAME.__ne__(other) is False
    assert len({FRAME, other}) == 1


@pytest.mark.parametrize("other", [
    CondIndepStackFrame("columns", -1, 2, 0, 10), CondIndepStackFrame("rows", -2, 2, 0, 10),
    CondIndepStackFrame("rows", -1, 3, 0, 10), CondIndepStackFrame("rows", -1, 2, 1, 10),
    CondIndepStackFrame("rows", None, 2, 0, 10), ("rows", -1, 2, 0, 10), "rows", None,
])
def test_other_frames_are_not(other):
    assert other != FRAME and FRAME.__eq__(other) is False and FRAME.__ne__(other)


def test_it_reads_as_a_tuple_of_its_name():
    name, dim, size, counter, full_size = FRAME
    assert (name, dim, size, counter, full_size) == ("rows", -1, 2, 0, 10)
    assert str(FRAME) == "rows"
    assert FRAME.vectorized and not CondIndepStackFrame("rows", None, 2, 1, 2).vectorized
