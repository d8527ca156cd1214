from dataclasses import replace

import pytest
import torch

from pyro.compiler.compare import difference
from pyro.compiler.graph import InputRole
from pyro.compiler.passes.draft import Draft, Slot
from tests.compiler.recorded import recorded

X = torch.tensor([1.0, 2.0])


def draft(fn, tensor=X):
    return Draft(recorded(fn, tensor), (Slot("x", InputRole.CONSTANT, tensor),), (None,), ("result",))


def test_the_same_program_twice():
    assert difference(draft(lambda x: (x * 2).exp()), draft(lambda x: (x * 2).exp())) is None


@pytest.mark.parametrize(("other", "words"), [
    (lambda x: (x * 3).exp(), "arguments of aten.mul.Tensor differ, at test_compare.py"),
    (lambda x: (x * 2).log(), "calls aten.exp.default once and aten.log.default once"),
    (lambda x: (x * 2).exp() + 1, "operations once|aten.add"),
    (lambda x: (x * 2.0).exp(), "arguments of aten.mul.Tensor differ")])
def test_other_programs(other, words):
    with pytest.raises(AssertionError, match=words):
        assert difference(draft(lambda x: (x * 2).exp()), draft(other)) is None


def test_other_tensors():
    def fn(x):
        return x.exp()

    assert difference(draft(fn), draft(fn, X.clone())) is None, "equal values: made anew from numbers, say"
    assert "'x'" in difference(draft(fn), draft(fn, X + 1))
    assert "'x'" in difference(draft(fn), draft(fn, torch.ones(3)))
    first = draft(fn)
    assert difference(first, replace(first, slots=(replace(first.slots[0], tensor=None),))) is not None
