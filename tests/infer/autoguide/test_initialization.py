"""Init functions by distribution, and the handler that applies one."""

import math
from typing import Any

import pytest
import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions import constraints
from pyro.infer.autoguide import (
    InitMessenger,
    init_to_feasible,
    init_to_generated,
    init_to_mean,
    init_to_median,
    init_to_sample,
    init_to_uniform,
    init_to_value,
)

CONTINUOUS = [dist.Normal(tensor([1.0, 2.0]), 1.0), dist.Gamma(2.0, 3.0), dist.HalfCauchy(2.0),
              dist.Dirichlet(tensor([1.0, 2.0, 3.0])), dist.Uniform(2.0, 5.0), dist.LKJCholesky(3, 1.0),
              dist.MultivariateNormal(torch.ones(2), torch.eye(2)), dist.Normal(torch.ones(3), 1.0).to_event(1),
              dist.Normal(1.0, 1.0).mask(False), dist.HalfNormal(1.0).expand([2]), dist.Cauchy(1.0, 1.0),
              dist.ImproperUniform(constraints.positive, (), (2,))]
INITS = [init_to_feasible, init_to_sample, init_to_median, init_to_mean, init_to_uniform, init_to_value]


def site(fn: Any, name: str = "x") -> dict[str, Any]:
    return {"name": name, "fn": fn}


@pytest.mark.parametrize("fn", CONTINUOUS, ids=lambda fn: type(fn).__name__)
@pytest.mark.parametrize("init", INITS, ids=lambda init: init.__name__)
def test_value_has_the_shape_is_finite_and_in_the_support(init: Any, fn: Any) -> None:
    if init is init_to_sample and isinstance(fn, dist.ImproperUniform):
        pytest.skip("an improper distribution has no draws")
    value = init(site(fn))
    assert value.shape == fn.shape()
    assert bool(value.isfinite().all())
    assert not value.requires_grad
    if not isinstance(fn, dist.LKJCholesky):  # rounding is outside
        assert bool(fn.support.check(value).all())


def test_values_are_the_named_ones() -> None:
    gamma = dist.Gamma(3.0, 2.0)
    assert init_to_feasible(site(gamma)).item() == 1.0
    assert init_to_mean(site(gamma)).item() == 1.5
    torch.manual_seed(0)
    draws = gamma.sample((15,))
    torch.manual_seed(0)
    assert init_to_median(site(gamma)) == draws.median()
    torch.manual_seed(0)
    assert init_to_sample(site(gamma)) in draws[:1]
    assert init_to_value(site(gamma), values={"x": tensor(7.0)}).item() == 7.0
    bounded = torch.stack([init_to_uniform(site(gamma), radius=0.1) for _ in range(50)]).log().abs()
    assert bounded.max() <= 0.1


@pytest.mark.parametrize("init", INITS, ids=lambda init: init.__name__)
def test_without_a_site_it_is_the_function_itself(init: Any) -> None:
    torch.manual_seed(0)
    value = init(site(dist.Gamma(3.0, 2.0)))
    torch.manual_seed(0)
    assert init()(site(dist.Gamma(3.0, 2.0))) == value


def test_lesson_25i_medians_of_simplices_are_not_elementwise() -> None:
    torch.testing.assert_close(init_to_median(site(dist.Dirichlet(torch.ones(3)))), torch.full((3,), 1 / 3))


@pytest.mark.parametrize("call", [lambda: init_to_value(site(dist.Normal(0.0, 1.0)), fallback=None),
                                  lambda: init_to_mean(site(dist.HalfCauchy(1.0)), fallback=None),
                                  lambda: init_to_median(site(dist.Dirichlet(torch.ones(3))), fallback=None)])
def test_a_missing_fallback_is_said_with_the_site(call: Any) -> None:
    with pytest.raises(ValueError, match="No init strategy specified for site 'x'"):
        call()


def test_means_that_are_infinite_fall_back() -> None:
    assert math.isfinite(init_to_mean(site(dist.HalfCauchy(1.0))).item())


def test_generated_values_change_when_a_site_comes_again() -> None:
    values = iter([tensor(1.0), tensor(2.0)])

    def generate() -> Any:
        value = next(values)
        return init_to_value(values={"x": value, "y": value})

    init = init_to_generated(generate=generate)
    normal = dist.Normal(0.0, 1.0)
    found = [init(site(normal, name)).item() for name in ("x", "y", "x", "y")]
    assert found == [1.0, 1.0, 2.0, 2.0]
    assert init_to_generated(site(normal), generate=lambda: init_to_value(values={"x": tensor(3.0)})).item() == 3.0


@pytest.mark.parametrize("fn", [dist.Bernoulli(0.5), dist.Categorical(torch.ones(3)), dist.Poisson(1.0)])
def test_discrete_sites_are_refused_by_name(fn: Any) -> None:
    with pytest.raises(ValueError, match="discrete sample site 'x'"):
        init_to_feasible(site(fn))


def model() -> Any:
    x = pyro.sample("x", dist.Normal(5.0, 1.0))
    pyro.sample("y", dist.Normal(x, 1.0), obs=tensor(1.0))
    with pyro.plate("p", 50, subsample_size=2) as rows:
        z = pyro.sample("z", dist.Normal(x, 1.0))
    return x, rows, z


def test_handler_fills_in_latent_sites_and_leaves_the_rest() -> None:
    run = poutine.trace(InitMessenger(init_to_mean)(model)).get_trace()
    assert run.nodes["x"]["value"].item() == 5.0
    assert run.nodes["y"]["value"].item() == 1.0
    assert run.nodes["z"]["value"].tolist() == [5.0, 5.0]
    assert run.nodes["p"]["value"].shape == (2,)
    held = InitMessenger(init_to_mean)(poutine.condition(model, data={"x": tensor(9.0)}))
    assert held()[0].item() == 9.0


def test_handler_leaves_a_site_to_its_distribution_where_there_is_no_value() -> None:
    found = []
    for program in (model, InitMessenger(lambda site: None)(model)):
        torch.manual_seed(0)
        found.append(poutine.trace(program).get_trace().nodes["x"]["value"])
    assert found[0] == found[1]


def test_handler_refuses_values_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"'x': the init function gave a value of shape \(2,\), expected \(\)"):
        InitMessenger(init_to_value(values={"x": torch.ones(2)}))(model)()


def test_handlers_around_are_found_innermost_last() -> None:
    inner, outer = InitMessenger(init_to_mean), InitMessenger(init_to_feasible)
    find = poutine.runtime.effectful(type="get_init_messengers")(list)
    with outer, inner:
        assert find() == [outer, inner]
