import copy
import io
import pickle

import pytest
import torch
from torch.distributions import constraints

from pyro.ops.constraint_tags import to_tag
from pyro.ops.validation import validation_enabled
from pyro.params.parameter import Contents, Unconstrained, from_state, from_value

LOWER = torch.tensor([[1.0, 0.0], [0.5, 2.0]])
CASES = {
    "real": (constraints.real, torch.tensor([1.0, -2.0])),
    "real_vector": (constraints.real_vector, torch.tensor([1.0, -2.0])),
    "positive": (constraints.positive, torch.tensor([0.5, 2.0])),
    "nonnegative": (constraints.nonnegative, torch.tensor([0.5, 2.0])),
    "greater_than": (constraints.greater_than(-3.0), torch.tensor([-2.0, 2.0])),
    "unit_interval": (constraints.unit_interval, torch.tensor([0.25, 0.5])),
    "interval": (constraints.interval(-1.0, 3.0), torch.tensor([0.25, 2.0])),
    "tensor bounds": (constraints.interval(torch.zeros(2), torch.tensor([1.0, 9.0])), torch.tensor([0.5, 8.0])),
    "simplex": (constraints.simplex, torch.tensor([[0.2, 0.3, 0.5]])),
    "lower_cholesky": (constraints.lower_cholesky, LOWER),
    "corr_cholesky": (constraints.corr_cholesky, torch.tensor([[1.0, 0.0], [0.6, 0.8]])),
    "positive_definite": (constraints.positive_definite, LOWER @ LOWER.T),
    "independent": (constraints.independent(constraints.positive, 1), torch.tensor([0.5, 2.0])),
}
IDENTITIES = {"real", "real_vector"}


@pytest.fixture(params=CASES)
def case(request):
    constraint, value = CASES[request.param]
    return from_value("x", value.clone(), constraint), value, request.param


def test_a_parameter_starts_at_its_value(case):
    parameter, value, _ = case
    torch.testing.assert_close(parameter.value().detach(), value)
    assert parameter.leaf.is_leaf and parameter.leaf.requires_grad


def test_the_value_leads_to_the_leaf(case):
    parameter, _, name = case
    value = parameter.value()
    assert value.unconstrained() is parameter.leaf
    assert (value is parameter.leaf) == (name in IDENTITIES)


def test_gradients_of_the_value_reach_the_leaf(case):
    parameter, _, _ = case
    parameter.value().square().sum().backward()
    assert parameter.leaf.grad.isfinite().all() and parameter.leaf.grad.abs().sum() > 0


def test_the_value_is_what_torchs_transform_gives(case):
    parameter, _, _ = case
    expected = torch.distributions.transform_to(parameter.constraint)(parameter.leaf)
    assert torch.equal(parameter.value(), expected)


def test_a_state_gives_the_parameter_back(case):
    parameter, value, _ = case
    for constraint in (parameter.constraint, to_tag(parameter.constraint)):
        again = from_state("x", parameter.leaf, constraint)
        assert again.leaf is parameter.leaf and again.value().unconstrained() is parameter.leaf
        torch.testing.assert_close(again.value().detach(), value)


def test_positive_costs_one_operator():
    value = from_value("x", torch.tensor(2.0), constraints.positive).value()
    assert type(value.grad_fn).__name__ == "ExpBackward0"
    assert type(value.grad_fn.next_functions[0][0]).__name__ == "AccumulateGrad"


def test_an_unconstrained_leaf_is_not_copied_but_other_tensors_are():
    module_parameter = torch.nn.Parameter(torch.zeros(2))
    assert from_value("x", module_parameter, constraints.real).leaf is module_parameter
    plain = torch.zeros(2)
    assert from_value("x", plain, constraints.real).leaf is plain
    computed = module_parameter * 2
    assert from_value("x", computed, constraints.real).leaf is not computed
    transposed = torch.zeros(2, 3).T
    leaf = from_value("x", transposed, constraints.real).leaf
    assert leaf.is_contiguous() and not transposed.requires_grad


@pytest.mark.parametrize(("constraint", "value", "message"), [
    (constraints.positive, torch.tensor([1.0, -2.0, 0.0, -3.0]),
     r"'x': the value must satisfy GreaterThan\(.*\), but 3 of 4 entries .* first \[-2.0, 0"),
    (constraints.positive, torch.tensor(float("nan")), r"1 of 1 entries do not, first \[nan\]"),
    (constraints.real, torch.tensor([0.0, float("nan")]), r"Real\(\), but 1 of 2 entries do not, first \[nan\]"),
    (constraints.unit_interval, torch.tensor(1.5), r"first \[1.5\]"),
    (constraints.simplex, torch.tensor([[0.5, 0.5], [2.0, 3.0]]), r"1 of 2 entries do not, first \[\[2.0, 3.0\]\]"),
    (constraints.interval(0.0, torch.tensor([1.0, 3.0])), torch.tensor(2.0), r"1 of 2 .*first \[2.0\]"),
    (constraints.positive_definite, torch.tensor([[1.0, 2.0], [2.0, 1.0]]), r"first \[\[\[1.0, 2.0\], \[2.0, 1"),
    (constraints.simplex, torch.tensor(1.0), r"Simplex\(\) needs 1 or more dimensions, got .* shape \(\)"),
    (constraints.lower_cholesky, torch.zeros(2, 2), r"LowerCholesky\(\), but 1 of 1"),
])
def test_a_value_outside_its_constraint_is_refused(constraint, value, message):
    with pytest.raises(ValueError, match=message):
        from_value("x", value, constraint)
    assert not value.requires_grad


def test_a_value_off_its_constraint_by_rounding_is_accepted():
    value = torch.full((7,), 1 / 7) * (1 + 2e-5)
    assert not constraints.simplex.check(value)
    torch.testing.assert_close(from_value("x", value, constraints.simplex).value().sum(), torch.tensor(1.0))


def test_values_are_checked_if_validation_is_on():
    with validation_enabled(False):
        assert from_value("x", torch.tensor(-1.0), constraints.positive).leaf.isnan()


class Unchecked(constraints.Constraint):
    """A user's constraint that cannot check."""


torch.distributions.transform_to.register(Unchecked)(lambda constraint: torch.distributions.ExpTransform())


def test_a_constraint_that_cannot_check_is_trusted():
    assert from_value("x", torch.tensor(1.0), Unchecked()).value() == 1


@pytest.mark.parametrize(("value", "constraint", "error", "message"), [
    (1.0, constraints.real, TypeError, r"'x': expected a tensor as the value, got 1.0 of type float.*torch\.tensor"),
    (torch.tensor(1), constraints.real, RuntimeError, r"'x': expected a floating point tensor.*torch.int64.*\.float\("),
    (torch.tensor(1.0), constraints.boolean, NotImplementedError, r"'x': no transform is known .*Boolean\(\)"),
    (torch.tensor(1.0), constraints.dependent, NotImplementedError, "'x': no transform is known"),
])
def test_what_cannot_be_a_parameter_is_refused(value, constraint, error, message):
    with pytest.raises(error, match=message):
        from_value("x", value, constraint)


@pytest.mark.parametrize(("leaf", "constraint"), [([1.0], constraints.real), (torch.zeros(1), "real")])
def test_a_malformed_state_is_refused(leaf, constraint):
    with pytest.raises(ValueError, match=r"'x': expected a tensor and a constraint, got a .*get_state"):
        from_state("x", leaf, constraint)


def test_a_lone_handle_says_what_to_do():
    with pytest.raises(RuntimeError, match=r"copy of a parameter's value.*get_param_store\(\)"):
        Unconstrained()()


def through_pickle(value):
    return pickle.loads(pickle.dumps(value))


def through_file(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=not isinstance(value, torch.nn.Module))


@pytest.mark.parametrize("copied", [copy.deepcopy, through_pickle, through_file])
@pytest.mark.parametrize("tensor", [torch.tensor([1.0]), torch.nn.Parameter(torch.tensor([1.0]))], ids=type)
def test_leaves_are_copied_and_pickled_without_their_handle(copied, tensor):
    leaf = from_value("x", tensor, constraints.real).leaf
    again = copied(leaf)
    assert again is not leaf and torch.equal(again, leaf) and again.requires_grad and type(again) is type(leaf)
    assert leaf.unconstrained() is leaf
    if hasattr(again, "unconstrained"):
        with pytest.raises(RuntimeError, match="copy"):
            again.unconstrained()


@pytest.mark.parametrize("copied", [copy.deepcopy, through_pickle, through_file])
def test_modules_are_copied_and_pickled(copied):
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    for name, parameter in module.named_parameters():
        from_value(name, parameter, constraints.real)
    again = copied(module)
    data = torch.ones(2)
    assert torch.equal(again(data), module(data))
    assert not set(map(id, again.parameters())) & set(map(id, module.parameters()))


def test_contents_keep_their_order_and_know_names_by_leaf():
    first, second, third = (from_value("x", torch.zeros(1), constraints.real) for _ in range(3))
    contents = Contents()
    assert contents.add("a", first) is first
    assert contents.add("a", second) is first
    contents.put("b", second)
    contents.put("a", third)
    assert list(contents.parameters) == ["a", "b"]
    assert contents.names == {id(third.leaf): "a", id(second.leaf): "b"}
    contents.drop("b")
    assert list(contents.parameters) == ["a"] and contents.names == {id(third.leaf): "a"}
    contents.clear()
    assert not contents.parameters and not contents.names


def test_of_two_names_of_one_leaf_the_later_counts():
    parameter = from_value("x", torch.zeros(1), constraints.real)
    contents = Contents()
    contents.put("a", parameter)
    contents.put("b", parameter)
    contents.drop("a")
    assert contents.names == {id(parameter.leaf): "b"}
