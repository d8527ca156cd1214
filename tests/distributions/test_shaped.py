"""Shapes that follow from shapes."""

import pytest
import torch
from torch import Size

from pyro.distributions.bernoulli import Bernoulli
from pyro.distributions.categorical import Categorical
from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.normal import Normal
from pyro.distributions.shaped import Shaped


class Plain(torch.distributions.Gamma, Shaped):
    """A client's class."""


class PlainVector(torch.distributions.MultivariateNormal, Shaped):
    """A client's class without its own infer_shapes."""


@pytest.mark.parametrize("sample_shape", [(), (5,), [5, 4], Size([2])])
def test_shape_is_that_of_draws(sample_shape: tuple[int, ...]) -> None:
    for distribution in (Normal(torch.zeros(2, 3), 1.0), Dirichlet(torch.ones(2, 3)), Plain(torch.ones(2, 3), 1.0)):
        assert distribution.shape(sample_shape) == Size(sample_shape) + Size([2, 3])
        assert distribution(sample_shape).shape == distribution.shape(sample_shape)


def test_event_dim() -> None:
    assert (Normal(0.0, 1.0).event_dim, Dirichlet(torch.ones(3)).event_dim) == (0, 1)


def test_calls_draw_with_gradients_where_they_exist() -> None:
    loc = torch.zeros(2, requires_grad=True)
    assert Normal(loc, 1.0)().requires_grad
    assert not Bernoulli(logits=loc)().requires_grad


def test_is_discrete() -> None:
    assert Bernoulli(0.5).is_discrete
    assert not Normal(0.0, 1.0).is_discrete


@pytest.mark.parametrize(
    "family, args, kwargs, expected",
    [
        (Plain, (), {"concentration": (), "rate": (2,)}, (2,)),
        (Plain, ((3, 1), (4,)), {}, (3, 4)),
        (Plain, ((3, 1),), {"rate": (4,)}, (3, 4)),
        (Plain, (), {}, ()),
        (Plain, (), {"rate": (2,), "unknown": (3, 1)}, (3, 2)),
        (Normal, (), {"loc": (3, 1), "scale": (4,)}, (3, 4)),
        (Categorical, (), {"probs": (3, 4)}, (3,)),
    ],
)
def test_infer_shapes(family: type[Shaped], args: tuple[int, ...], kwargs: dict[str, Size], expected: Size) -> None:
    assert family.infer_shapes(*args, **kwargs) == (Size(expected), Size())


def test_infer_shapes_does_not_guess_event_shapes() -> None:
    with pytest.raises(NotImplementedError, match="PlainVector must define infer_shapes"):
        PlainVector.infer_shapes(loc=(3,))


def test_shapes_must_broadcast() -> None:
    with pytest.raises(ValueError, match="broadcast together"):
        Plain.infer_shapes((3,), (2,))
