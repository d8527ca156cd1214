"""Guides for discrete sites."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.autoguide import AutoDiscreteParallel

PROBS = torch.tensor([0.2, 0.3, 0.5])


def model() -> None:
    with pyro.plate("data", 20, subsample_size=3):
        pyro.sample("bernoulli", dist.Bernoulli(0.3))
        pyro.sample("categorical", dist.Categorical(PROBS))
    pyro.sample("one_hot", dist.OneHotCategorical(PROBS))
    pyro.sample("event", dist.Bernoulli(0.3).expand([2, 4]).to_event(2))


SHAPES = {"bernoulli": (20,), "categorical": (20, 3), "one_hot": (3,), "event": (2, 4)}


def test_lesson_7_rows_that_are_not_drawn_have_parameters_too() -> None:
    guide = AutoDiscreteParallel(model)
    run = poutine.trace(guide).get_trace()
    for name, shape in SHAPES.items():
        assert getattr(guide, f"{name}_probs").shape == shape
        prior = poutine.trace(model).get_trace().nodes[name]
        site = run.nodes[name]
        assert site["infer"] == {"enumerate": "parallel"}
        assert site["value"].shape == prior["value"].shape
        assert site["fn"].event_shape == prior["fn"].event_shape


def test_probabilities_start_at_the_priors() -> None:
    guide = AutoDiscreteParallel(model)
    guide()
    torch.testing.assert_close(guide.categorical_probs, PROBS.expand(20, 3))
    torch.testing.assert_close(guide.event_probs, torch.full((2, 4), 0.3))


def test_other_families_are_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match="'count'.*Poisson"):
        AutoDiscreteParallel(lambda: pyro.sample("count", dist.Poisson(1.0)))()
