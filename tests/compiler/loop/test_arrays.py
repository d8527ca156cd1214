"""Functions over whole arrays: what they take, and that numbers belong to places."""

import math

import pytest
import torch

from pyro.compiler.loop.arrays import ARRAYS, define_array, run_array
from pyro.compiler.loop.code import Module
from pyro.compiler.loop.vector_math import LIBRARY
from tests.compiler.loop.draws import draws

KEY = torch.tensor(17)


def test_an_element_depends_on_its_place_alone():
    many, few = draws("standard_gamma", 2.0, count=100), draws("standard_gamma", 2.0, count=10)
    assert torch.equal(many[:10], few)
    assert len(many.unique()) == 100


MIXED = [-1.0, 0.0, 1e-3, 0.3, 0.7, 2.0, 9.0, 12.0, 25.0, 1e3, 1e6, math.inf, math.nan]


@pytest.mark.parametrize("name", ["standard_gamma", "poisson", "binomial", "von_mises", "standard_gamma_grad"])
def test_an_element_does_not_depend_on_its_neighbours(name):
    """Elements are worked on in vectors, whose lanes may take other ways."""
    array, size = ARRAYS[name], (10 * len(MIXED) + 3,)  # no whole number of vectors
    numbers, key = [size[0], *[5] * array.is_random], KEY if array.is_random else None
    places = torch.arange(size[0])
    operands = [torch.tensor(MIXED, dtype=torch.float64)[(places * (i + 1) + i) % len(MIXED)]
                for i in range(array.operands)]  # fmt: skip
    mixed = run_array(name, operands, size, numbers, key)
    for values in set(zip(*(operand.tolist() for operand in operands), strict=True)):
        alike = run_array(name, [torch.full(size, v, dtype=torch.float64) for v in values], size, numbers, key)
        here = torch.stack([(o == v) | (o.isnan() & torch.tensor(math.isnan(v)))
                            for o, v in zip(operands, values, strict=True)]).all(0)  # fmt: skip
        torch.testing.assert_close(mixed[here], alike[here], rtol=0, atol=0, equal_nan=True)


def test_keys_and_draws_are_told_apart():
    values = [draws("poisson", 1e9, key=key, draw=draw, count=5) for key in (1, 2, -1) for draw in (0, 1)]
    assert len(torch.cat(values).unique()) == 30


def test_operands_are_read_in_row_major_order():
    alpha = torch.rand(3, 4, 5).transpose(0, 2)
    got = run_array("standard_gamma", [alpha], alpha.shape, [60, 0], KEY)
    assert torch.equal(got, run_array("standard_gamma", [alpha.contiguous()], alpha.shape, [60, 0], KEY))


@pytest.mark.parametrize("name", ARRAYS)
def test_nothing_is_drawn_for_no_elements(name):
    operands = [torch.empty(0)] * ARRAYS[name].operands
    numbers = [0] * (ARRAYS[name].numbers + ARRAYS[name].is_random)
    assert run_array(name, operands, (0, 3), numbers, KEY if ARRAYS[name].is_random else None).shape == (0, 3)


def test_rows_of_dirichlet_variates():
    alpha = torch.tensor([[1.0, 2.0, 3.0], [10.0, 1.0, 0.1]], dtype=torch.float64).repeat(5000, 1)
    x = run_array("dirichlet", [alpha], alpha.shape, [10_000, 3, 0], KEY)
    torch.testing.assert_close(x.sum(-1), torch.ones(10_000, dtype=torch.float64))
    for rows, a in ((x[::2], alpha[0]), (x[1::2], alpha[1])):
        mean, total = a / a.sum(), a.sum()
        bound = 4.5 * (mean * (1 - mean) / (total + 1) / 5000).sqrt()
        assert ((rows.mean(0) - mean).abs() < bound).all()


def test_rows_of_categories():
    weights = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]], dtype=torch.float64)
    x = run_array("categorical", [weights], (2, 1000), [2, 3, 1000, 0], KEY)
    assert (x[0] == 1).all()
    assert set(x[1].tolist()) == {0.0, 2.0}


def test_a_function_is_defined_once():
    module = Module(LIBRARY)
    names = {define_array(module, "poisson"), define_array(module, "poisson")}
    assert names == {"poisson.array"}
    assert module.text().count("@poisson.array(") == 1
