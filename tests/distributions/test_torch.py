"""Nothing of ``torch.distributions`` is missing, and ours say what torch's say."""

import pickle
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions.kl import _KL_REGISTRY, kl_divergence
from torch.func import grad, vmap

import pyro.distributions as dist
from pyro.distributions import constraints, transforms
from tests.distributions.case import Case
from tests.distributions.table import CASES

THEIRS = {name: value for name, value in vars(torch.distributions).items() if name in torch.distributions.__all__}
FAMILIES = [name for name, value in THEIRS.items()
            if isinstance(value, type) and issubclass(value, torch.distributions.Distribution)]
FUNCTIONS = {"biject_to", "kl_divergence", "register_kl", "transform_to"}


# ---- names


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - {"Distribution"}))
def test_every_family_is_a_class_of_ours(name: str) -> None:
    family = getattr(dist, name)
    assert issubclass(family, THEIRS[name])
    assert family.__module__.startswith("pyro.distributions.")


def test_what_is_no_family_is_a_transform_or_a_function() -> None:
    others = set(THEIRS) - set(FAMILIES) - FUNCTIONS
    assert others <= set(torch.distributions.transforms.__all__)


@pytest.mark.parametrize("name", torch.distributions.transforms.__all__)
def test_every_transform_is_there(name: str) -> None:
    assert getattr(transforms, name) is getattr(torch.distributions.transforms, name)
    assert name in transforms.__all__


@pytest.mark.parametrize("name", torch.distributions.constraints.__all__)
def test_every_constraint_is_there(name: str) -> None:
    ours, theirs = getattr(constraints, name), getattr(torch.distributions.constraints, name)
    assert ours is theirs or isinstance(ours, type(theirs))
    assert name in constraints.__all__


# ---- divergences

INSTANCES: dict[str, Any] = {case.family.__name__: case.build() for case in reversed(CASES)}
PAIRS = [(p.__name__, q.__name__) for (p, q), divergence in _KL_REGISTRY.items()
         if divergence.__module__ == "torch.distributions.kl" and p is not torch.distributions.ExponentialFamily]


def as_torchs(d: Any) -> Any:
    """The same distribution as torch's own class has it."""
    if isinstance(d, torch.distributions.Independent):
        return torch.distributions.Independent(as_torchs(d.base_dist), d.reinterpreted_batch_ndims)
    plain = getattr(torch.distributions, type(d).__name__)
    copy = plain.__new__(plain)
    copy.__dict__.update(d.__dict__)
    return copy


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_every_divergence_is_that_of_torch(p: str, q: str) -> None:
    ours = INSTANCES[p], INSTANCES[q]
    try:
        expected = kl_divergence(as_torchs(ours[0]), as_torchs(ours[1]))
    except (NotImplementedError, ValueError) as error:  # of some pairs torch knows only that they are refused
        with pytest.raises(type(error)):
            kl_divergence(*ours)
    else:
        assert torch.equal(kl_divergence(*ours).nan_to_num(), expected.nan_to_num())


# ---- values

def torchs_arguments(case: Case) -> bool:
    """Whether torch's class takes the row's arguments."""
    return "is_sparse" not in case.params


def has_float64(case: Case) -> bool:
    return case.family is not dist.GeneralizedPareto  # torch's compares float64 with float32


SHARED = [case for case in CASES if torchs_arguments(case) and hasattr(torch.distributions, case.family.__name__)]


@pytest.mark.parametrize(("case", "dtype"), [(case, torch.float32) for case in SHARED]
                         + [(case, torch.float64) for case in SHARED if has_float64(case)], ids=str)
def test_log_prob_and_its_gradients_are_those_of_torch(case: Case, dtype: torch.dtype) -> None:
    theirs = getattr(torch.distributions, case.family.__name__)
    torch.manual_seed(3)
    value = case.build().sample((5,)).to(dtype)
    names = [name for name in case.tensors if name != "total_count"]
    results = []
    for family in (case.family, theirs):
        parameters = {name: tensor.to(dtype).requires_grad_(name in names) for name, tensor in case.tensors.items()}
        d = family(**{**case.params, **parameters}, validate_args=False)
        log_prob = d.log_prob(value)
        results.append((log_prob, torch.autograd.grad(log_prob.sum(), [parameters[name] for name in names])
                        if names else ()))
    rtol = 1e-3 if dtype is torch.float32 else 1e-6  # torch has seven digits of VonMises' normalizer
    torch.testing.assert_close(results[0], results[1], rtol=rtol, atol=rtol)


# ---- torch.func


def mapped(case: Case) -> tuple[list[str], tuple[int | None, ...]]:
    """The names of a row's tensors, and which of them have the batch dimension that is mapped over."""
    return list(case.tensors), tuple(0 if p.dim() and len(p) == 2 else None for p in case.tensors.values())


MAPPABLE = [case for case in CASES if case.tensors and "vmap" not in case.without]


@pytest.mark.parametrize("case", MAPPABLE, ids=str)
def test_log_prob_maps_over_parameters_and_values(case: Case) -> None:
    names, dims = mapped(case)
    torch.manual_seed(0)
    d = case.build(validate_args=True)
    value = d.sample()

    def log_prob(value: Tensor, *parameters: Tensor) -> Tensor:
        result: Tensor = case.build(**dict(zip(names, parameters, strict=True)), validate_args=True).log_prob(value)
        return result

    result = vmap(log_prob, in_dims=(0, *dims))(value, *case.tensors.values())
    torch.testing.assert_close(result.reshape(2), d.log_prob(value))


@pytest.mark.parametrize(("case", "name"), [(case, name) for case in MAPPABLE for name in case.bad
                                           if isinstance(case.params[name], Tensor)], ids=str)
def test_a_bad_element_of_a_map_is_named(case: Case, name: str) -> None:
    names, dims = mapped(case)
    parameters = {key: tensor.clone() for key, tensor in case.tensors.items()}
    parameters[name].reshape(-1)[-1] = case.bad[name]
    with pytest.raises(ValueError, match=rf"parameter {name} .* distribution {case.family.__name__} .* invalid values"):
        vmap(lambda *p: case.build(**dict(zip(names, p, strict=True)), validate_args=True).mean, in_dims=dims)(
            *parameters.values())


def draws_map(family: Any, case: Case) -> bool:
    names, dims = mapped(case)

    def draw(*parameters: Tensor) -> Tensor:
        d = family(**{**case.params, **dict(zip(names, parameters, strict=True))})
        result: Tensor = d.rsample() if d.has_rsample else d.sample()
        return result

    try:
        vmap(draw, in_dims=dims, randomness="different")(*case.tensors.values())
    except (RuntimeError, UserWarning):
        return False
    return True


def test_draws_map_where_those_of_torch_do() -> None:
    rows = [case for case in SHARED if case.tensors]
    theirs = {str(case) for case in rows if draws_map(getattr(torch.distributions, case.family.__name__), case)}
    ours = {str(case) for case in rows if draws_map(case.family, case)}
    assert theirs <= ours
    assert {"Normal-usual", "LogNormal-usual", "HalfNormal-usual", "Uniform-usual"} <= ours


@pytest.mark.parametrize("case", [case for case in CASES if case.tensors and "parameters" not in case.without], ids=str)
def test_log_prob_can_be_differentiated_by_function(case: Case) -> None:
    torch.manual_seed(0)
    value = case.build().sample()
    name = next(name for name in case.tensors if name != "total_count")

    def log_prob(parameter: Tensor) -> Tensor:
        total: Tensor = case.build(**{name: parameter}, validate_args=True).log_prob(value).sum()
        return total

    parameter = case.params[name].clone().requires_grad_()
    expected, = torch.autograd.grad(log_prob(parameter), parameter)
    torch.testing.assert_close(grad(log_prob)(case.params[name]), expected)


@pytest.mark.parametrize("parameter", [0.0, torch.zeros(2), torch.zeros(2, requires_grad=True)], ids=str)
def test_lesson_17c_gumbel_is_pickled(parameter: Any) -> None:
    """Torch's cannot be: its transforms hold weak references."""
    d = dist.Gumbel(parameter, 1.0)
    value = d.sample((3,))
    other = pickle.loads(pickle.dumps(d))
    torch.testing.assert_close(other.log_prob(value), d.log_prob(value))
    assert other.batch_shape == d.batch_shape and other.sample().shape == d.batch_shape
