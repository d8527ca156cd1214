"""Arithmetic on numbers and tensors, and sums over plates."""

import math
from dataclasses import dataclass

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.score_parts import ScoreParts
from pyro.infer import util
from pyro.poutine.frame import CondIndepStackFrame

OUTER, INNER = CondIndepStackFrame("outer", -2, 2, 0), CondIndepStackFrame("inner", -1, 3, 0)
LOOP = CondIndepStackFrame("loop", None, 4, 1)


@pytest.mark.parametrize(("x", "item", "exp"), [(2, 2, math.exp(2)), (0.5, 0.5, math.exp(0.5)),
                                                (torch.tensor(2.0), 2.0, math.exp(2))])
def test_numbers_and_tensors(x, item, exp):
    assert util.torch_item(x) == item
    assert util.torch_item(util.torch_exp(x)) == pytest.approx(exp)


def test_backward():
    x = torch.tensor(3.0, requires_grad=True)
    util.torch_backward(1.0)
    util.torch_backward(torch.tensor(1.0))
    y = x.exp()
    util.torch_backward(y, retain_graph=True)
    util.torch_backward(y)
    assert x.grad.item() == pytest.approx(2 * math.exp(3))


@pytest.mark.parametrize(("dims", "shape"), [((), (2, 3)), ((-1,), (2,)), ((-2,), (3,)), ((-1, -2), ()),
                                             (iter([-1]), (2,))])
def test_sums_over_dims(dims, shape):
    total = util.torch_sum(torch.ones(2, 3), dims)
    assert total.shape == shape and total.sum() == 6


@pytest.mark.parametrize("dims", [(0,), (-1, -1)])
def test_sums_over_dims_that_are_not_negative_or_come_twice(dims):
    with pytest.raises(AssertionError, match="expected distinct negative dims"):
        util.torch_sum(torch.ones(2, 3), dims)


def test_zero_grads():
    x, y = (torch.ones(2, requires_grad=True) for _ in range(2))
    x.sum().backward()
    util.zero_grads([x, y])
    assert x.grad.tolist() == [0.0, 0.0] and y.grad is None


def test_plate_stacks():
    def model():
        pyro.sample("a", dist.Normal(0.0, 1.0))
        for _ in pyro.plate("loop", 1):
            with pyro.plate("outer", 2, dim=-2), pyro.plate("inner", 3, subsample_size=2, dim=-1):
                pyro.sample("b", dist.Normal(0.0, 1.0))

    stacks = util.get_plate_stacks(poutine.trace(model).get_trace())
    assert {name: [frame.name for frame in frames] for name, frames in stacks.items()} == {
        "a": [], "b": ["outer", "inner"]}


@pytest.mark.parametrize(("target", "expected"), [
    ((), torch.tensor(60.0 + 24.0 + 3.0 + 2.0)),
    ((INNER,), torch.full((3,), 20.0 + 24.0 + 1.0 + 2.0)),
    ((OUTER,), torch.full((2, 1), 30.0 + 12.0 + 3.0 + 2.0)),
    ((OUTER, INNER), torch.full((2, 3), 10.0 + 12.0 + 1.0 + 2.0)),
    ((INNER, LOOP), torch.full((3,), 20.0 + 24.0 + 1.0 + 2.0)),
])
def test_sums_over_plates(target, expected):
    terms = util.MultiFrameTensor(((OUTER, INNER), torch.full((2, 3), 10.0)), ((OUTER,), torch.full((2, 1), 6.0)))
    terms.add(((OUTER, LOOP), torch.full((2, 1), 6.0)), ((INNER,), torch.ones(3)), ((), torch.tensor(2.0)))
    torch.testing.assert_close(terms.sum_to(target), expected)
    assert len(terms) == 4, "terms at the same tensor plates are added up"


def test_sums_of_nothing_and_of_terms_that_broadcast():
    assert util.MultiFrameTensor().sum_to(()) is None
    # a term that is the same in all rows counts once: its shape says how often
    assert util.MultiFrameTensor(((OUTER,), torch.ones(1, 1))).sum_to(()).item() == 1.0
    assert repr(util.MultiFrameTensor(((OUTER, INNER), torch.ones(2, 3)))) == (
        "MultiFrameTensor((('outer', 'inner'), ...))")


def test_sites_with_score_functions_are_refused():
    site = {"name": "z", "score_parts": ScoreParts(torch.tensor(1.0), 0, torch.tensor(1.0))}
    util.check_fully_reparametrized(site)
    site["score_parts"] = ScoreParts(torch.tensor(1.0), torch.tensor(1.0), 0)
    with pytest.raises(NotImplementedError, match="Site 'z'"):
        util.check_fully_reparametrized(site)


def test_validation_is_the_one_flag():
    with util.validation_enabled(False):
        assert not util.is_validation_enabled()
        util.enable_validation(True)
        assert util.is_validation_enabled()
    assert util.is_validation_enabled()


def test_clones_share_no_memory():
    @dataclass
    class Result(util.CloneMixin):
        values: dict[str, torch.Tensor]
        pair: tuple[torch.Tensor, ...]
        name: str

    result = Result({"a": torch.ones(2)}, (torch.ones(1),), "x")
    clone = result.clone()
    clone.values["a"].zero_()
    clone.pair[0].zero_()
    assert result.values["a"].sum() == 2
    assert result.pair[0].sum() == 1
    assert clone.name == "x"


def test_dims_of_plates_that_not_all_sites_share():
    sites = [{"cond_indep_stack": (OUTER, INNER, LOOP)}, {"cond_indep_stack": (OUTER,)}]
    assert util.get_dependent_plate_dims(sites) == [-1]
    assert util.get_dependent_plate_dims(sites[:1]) == util.get_dependent_plate_dims([]) == []


def test_log_densities_of_the_rows_of_a_plate():
    def model(outside):
        with pyro.plate("rows", 3, dim=-1):
            pyro.sample("a", dist.Normal(torch.arange(3.0), 1.0), obs=torch.zeros(3))
            with pyro.plate("inner", 2, dim=-2):
                pyro.sample("b", dist.Normal(torch.arange(3.0), 1.0), obs=torch.zeros(2, 3))
        if outside:
            pyro.sample("c", dist.Normal(0.0, 1.0))

    def packed(outside):
        trace = poutine.trace(model).get_trace(outside)
        trace.compute_log_prob()
        trace.pack_tensors()
        return trace, trace.plate_to_symbol["rows"]

    expected = 3 * dist.Normal(torch.arange(3.0), 1.0).log_prob(torch.tensor(0.0))
    torch.testing.assert_close(util.plate_log_prob_sum(*packed(False)), expected)
    with pytest.raises(ValueError, match="Site 'c'"):
        util.plate_log_prob_sum(*packed(True))
