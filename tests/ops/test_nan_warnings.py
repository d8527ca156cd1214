"""NaN and infinity are found in numbers, tensors and gradients, and reported where the caller stands."""

import math
import warnings

import pytest
import torch

from pyro.ops import nan_warnings

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(("x", "isnan", "isinf"), [
    (1.0, False, False), (NAN, True, False), (INF, False, True), (-INF, False, True), (3, False, False),
    (torch.tensor([1.0, NAN]), True, False), (torch.tensor([[-INF], [0.0]]), False, True),
    (torch.tensor([NAN, INF]), True, True), (torch.tensor(2), False, False), (torch.zeros(0), False, False)])
def test_what_is_nan_or_infinite(x, isnan, isinf):
    assert nan_warnings.torch_isnan(x) is isnan
    assert nan_warnings.torch_isinf(x) is isinf


def test_floats():
    assert nan_warnings.torch_float(torch.tensor(2)).dtype == torch.float32
    assert isinstance(nan_warnings.torch_float(2), float)


@pytest.mark.parametrize("value", [NAN, torch.tensor([1.0, NAN])])
@pytest.mark.parametrize(("msg", "expected"), [("", r"Encountered NaN\.$"), ("the loss", "Encountered NaN: the loss$")])
def test_nan_warns(value, msg, expected):
    with pytest.warns(UserWarning, match=expected) as record:
        assert nan_warnings.warn_if_nan(value, msg) is value
    assert record[0].filename == __file__, "the warning points at the caller"


@pytest.mark.parametrize("check", [nan_warnings.warn_if_nan, nan_warnings.warn_if_inf])
@pytest.mark.parametrize("value", [1.0, torch.ones(2), torch.ones(2, requires_grad=True), torch.zeros(0)])
def test_finite_values_pass(check, value):
    assert check(value, "fine") is value


@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize(("value", "allowed", "expected"), [
    (INF, {}, r"\+inf"), (-INF, {}, "-inf"), (INF, {"allow_neginf": True}, r"\+inf"),
    (-INF, {"allow_posinf": True}, "-inf")])
def test_infinity_warns(value, allowed, expected, tensor):
    value = torch.tensor([0.0, value]) if tensor else value
    with pytest.warns(UserWarning, match=f"Encountered {expected}: the loss") as record:
        nan_warnings.warn_if_inf(value, "the loss", **allowed)
    assert record[0].filename == __file__


@pytest.mark.parametrize(("value", "allowed"), [(INF, {"allow_posinf": True}), (-INF, {"allow_neginf": True}),
                                                (NAN, {})])
def test_allowed_infinity_passes(value, allowed):
    with warnings.catch_warnings(action="error"):
        nan_warnings.warn_if_inf(torch.tensor([value, 1.0]), "the loss", **allowed)


@pytest.mark.parametrize(("check", "slope", "expected"), [
    (nan_warnings.warn_if_nan, NAN, "Encountered NaN: backward the loss"),
    (nan_warnings.warn_if_inf, INF, r"Encountered \+inf: backward the loss"),
    (nan_warnings.warn_if_inf, -INF, "Encountered -inf: backward the loss")])
def test_gradients_warn(check, slope, expected):
    x = torch.ones(2, requires_grad=True)
    y = check(x, "the loss")
    with pytest.warns(UserWarning, match=expected):
        (y * torch.tensor([1.0, slope])).sum().backward()


def test_a_place_may_be_given():
    with pytest.warns(UserWarning, match="Encountered NaN") as record:
        nan_warnings.warn_if_nan(NAN, filename="model.py", lineno=7)
    assert (record[0].filename, record[0].lineno) == ("model.py", 7)
