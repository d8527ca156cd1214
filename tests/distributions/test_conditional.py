"""Laws of what depends on a context."""

import pytest
import torch

import pyro.distributions as dist
from pyro.distributions import transforms as T
from pyro.distributions.conditional import (
    ConditionalComposeTransformModule,
    ConditionalDistribution,
    ConditionalTransform,
    ConditionalTransformedDistribution,
    ConstantConditionalDistribution,
    ConstantConditionalTransform,
)


class Around(ConditionalDistribution):
    def condition(self, context: torch.Tensor) -> dist.Normal:
        return dist.Normal(context, 1.0)


BASE = dist.Normal(torch.zeros(2), 1.0).to_event(1)


def test_constants_ignore_the_context() -> None:
    transform = T.ExpTransform(cache_size=1)
    constant = ConstantConditionalTransform(transform)
    assert constant.condition(None) is transform
    assert ConstantConditionalDistribution(BASE).condition(None) is BASE
    x = torch.zeros(2)
    y = transform(x)
    constant.clear_cache()
    assert transform(x) is not y


@pytest.mark.parametrize("kind", [ConditionalDistribution, ConditionalTransform])
def test_condition_is_to_be_defined(kind: type) -> None:
    with pytest.raises(TypeError, match="condition"):
        kind()


def test_base_and_transforms_are_conditioned() -> None:
    conditional = ConditionalTransformedDistribution(Around(), [T.ExpTransform()])
    assert conditional.condition(torch.tensor(3.0)).log_prob(torch.tensor(3.0).exp()) == pytest.approx(
        dist.LogNormal(3.0, 1.0).log_prob(torch.tensor(3.0).exp()).item())
    flow = T.conditional_affine_coupling(2, 3)
    both = ConditionalTransformedDistribution(BASE, [flow, T.permute(2)])
    given = both.condition(torch.randn(3))
    assert given.event_shape == (2,) and given.log_prob(torch.randn(5, 2)).shape == (5,)
    assert both.condition(torch.randn(7, 3)).sample((7,)).shape == (7, 2)
    both.clear_cache()


def test_composition_of_conditional_and_plain_parts() -> None:
    parts = [T.conditional_affine_coupling(2, 3), T.permute(2), T.spline(2)]
    conditional = ConditionalComposeTransformModule(parts, cache_size=1)
    assert {name.split(".")[0] for name, _ in conditional.named_parameters()} == {"0", "1"}
    context, x = torch.randn(3), torch.randn(5, 2)
    flow = conditional.condition(context)
    torch.testing.assert_close(flow(x), parts[2](parts[1](parts[0].condition(context)(x))))
    inverse = conditional.inv.condition(context)
    torch.testing.assert_close(inverse(flow(x).detach()), x)


def test_anything_else_is_refused() -> None:
    with pytest.raises(AssertionError, match="got a int"):
        ConditionalTransformedDistribution(BASE, [3])
    with pytest.raises(AssertionError, match="got a str"):
        ConditionalComposeTransformModule(["exp"])


def test_conditional_flow_learns_the_dependence() -> None:
    flow = T.conditional_affine_autoregressive(2, 1, hidden_dims=[16])
    conditional = ConditionalTransformedDistribution(BASE, [flow])
    context = torch.linspace(-1, 1, 100).unsqueeze(-1)
    data = torch.cat([3 * context, -context], -1) + 0.1 * torch.randn(100, 2)
    optimizer = torch.optim.Adam(flow.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        loss = -conditional.condition(context).log_prob(data).mean()
        loss.backward()
        optimizer.step()
    # an unconditional density cannot do better than the entropy of the data, above 1.4
    assert loss.item() < 0.5
