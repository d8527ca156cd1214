"""Elimination over plates against the dense precision matrix."""

import itertools

import pytest
import torch

from pyro.ops.plated_gaussian import PlatedGaussian
from pyro.ops.plated_structure import Factor, Variable

SIZES = {"a": 3, "b": 2}

# variables: (plates, size); factors: (plates, variables, rank)
STRUCTURES = {
    "one": ({"x": ((), 2)}, {"x": ((), "x", 2)}),
    "independent": ({"x": ((), 2), "y": (("a",), 1)}, {"x": ((), "x", 2), "y": (("a",), "y", 1)}),
    "hierarchy": ({"m": ((), 1), "s": ((), 2), "x": (("a",), 2)},
                  {"m": ((), "m", 1), "s": ((), "s", 2), "x": (("a",), "xms", 2), "o": (("a",), "x", 1)}),
    "three levels": ({"m": ((), 1), "x": (("a",), 1), "y": (("b", "a"), 2)},
                     {"m": ((), "m", 1), "x": (("a",), "xm", 1), "y": (("b", "a"), "yxm", 2)}),
    "crossed": ({"m": ((), 1), "x": (("a",), 1), "y": (("b",), 2)},
                {"m": ((), "m", 1), "x": (("a",), "xm", 1), "y": (("b",), "ym", 2), "o": (("b", "a"), "xy", 1)}),
    "summed": ({"x": (("a",), 2), "y": (("a",), 1)},
               {"x": (("a",), "x", 2), "y": (("a",), "yx", 1), "o": ((), "x", 3)}),
    "summed over one": ({"x": (("b", "a"), 1), "m": ((), 1)},
                        {"m": ((), "m", 1), "x": (("b", "a"), "xm", 1), "o": (("a",), "x", 2)}),
    "skips a level": ({"m": ((), 1), "y": (("b", "a"), 1), "x": (("a",), 1)},
                      {"m": ((), "m", 1), "x": (("a",), "x", 1), "y": (("b", "a"), "ym", 1)}),
}


def build(key, dense):
    variables, factors = STRUCTURES[key]
    return PlatedGaussian({name: Variable(*spec) for name, spec in variables.items()},
                          {name: Factor(plates, tuple(names), rank) for name, (plates, names, rank) in factors.items()},
                          SIZES, dense=dense)


def numbers(structure):
    torch.manual_seed(0)
    sqrts = {name: torch.randn(structure.factor_shape(name), dtype=torch.float64) for name in structure.factors}
    return sqrts, {name: torch.randn(x.shape[:-2] + x.shape[-1:], dtype=torch.float64) for name, x in sqrts.items()}


def row(tensor, plates, at):
    """What a factor at some coordinates uses of a variable, flat."""
    return tensor[tuple(at.get(p, slice(None)) for p in plates)].reshape(-1)


def exponent(structure, sqrts, whites, flat):
    """The log-density up to a constant, by the definition: a loop over all rows of all factors."""
    names = list(structure.variables)
    parts = dict(zip(names, flat.split([structure.numel(name) for name in names]), strict=True))
    tensors = {name: part.reshape(*(SIZES[p] for p in structure.variables[name].plates), -1)
               for name, part in parts.items()}
    total = flat.new_zeros(())
    for name, factor in structure.factors.items():
        for index in itertools.product(*(range(SIZES[p]) for p in factor.plates)):
            at = dict(zip(factor.plates, index, strict=True))
            touched = [row(tensors[other], structure.variables[other].plates, at) for other in factor.variables]
            total = total - 0.5 * (sqrts[name][index].mT @ torch.cat(touched) - whites[name][index]).square().sum()
    return total


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("key", STRUCTURES)
def test_elimination_solves_the_dense_system(key, dense):
    structure = build(key, dense)
    sqrts, whites = numbers(structure)
    count = sum(map(structure.numel, structure.variables))
    zero = torch.zeros(count, dtype=torch.float64)
    precision = -torch.autograd.functional.hessian(lambda x: exponent(structure, sqrts, whites, x), zero)
    info = torch.autograd.functional.jacobian(lambda x: exponent(structure, sqrts, whites, x), zero)
    solved = structure.solve(sqrts, whites)
    mean = torch.linalg.solve(precision, info)
    torch.testing.assert_close(solved.unwhiten(zero), mean)
    torch.testing.assert_close(solved.log_det(), precision.logdet() / 2)
    # the map from noise to draws is affine, and its slope times its transpose is the covariance
    slope = (solved.unwhiten(torch.eye(count, dtype=torch.float64)) - mean).mT
    torch.testing.assert_close(slope @ slope.mT, precision.inverse())
    noise = torch.randn(5, 2, count, dtype=torch.float64)
    torch.testing.assert_close(solved.whiten(solved.unwhiten(noise)), noise)


@pytest.mark.parametrize("key, rows", [("hierarchy", 3), ("three levels", 6), ("crossed", 1), ("summed", 1),
                                       ("summed over one", 3), ("skips a level", 6)])
def test_rows_stay_apart_where_they_are_independent(key, rows):
    structure = build(key, dense=False)
    sqrts, whites = numbers(structure)
    assert max(step.factor.size(0) for step in structure.solve(sqrts, whites).steps) == rows


def test_gradients_flow_to_all_factors():
    structure = build("three levels", dense=False)
    sqrts, whites = numbers(structure)
    leaves = [x.requires_grad_() for x in (*sqrts.values(), *whites.values())]

    def loss(*values):
        half = len(values) // 2
        solved = structure.solve(dict(zip(sqrts, values[:half], strict=True)),
                                 dict(zip(sqrts, values[half:], strict=True)))
        return solved.unwhiten(torch.ones(1 + 3 + 12, dtype=torch.float64)).sin().sum() + solved.log_det()

    assert torch.autograd.gradcheck(loss, leaves)
