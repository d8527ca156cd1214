"""Laws of the affine autoregressive flow; see test_laws.py for those that it shares."""

import torch

from pyro.distributions.transforms.affine_autoregressive import affine_autoregressive, conditional_affine_autoregressive
from pyro.ops.auto_reg_nn import AutoRegressiveNN


def test_value_is_shift_and_scale() -> None:
    flow = affine_autoregressive(3, hidden_dims=[6], log_scale_min_clip=-0.01, log_scale_max_clip=0.01)
    assert isinstance(flow.arn, AutoRegressiveNN) and flow.arn.hidden_dims == [6]
    x = torch.randn(5, 3)
    mean, log_scale = flow.arn(x)
    torch.testing.assert_close(flow(x), mean + log_scale.clamp(-0.01, 0.01).exp() * x)


def test_stable_form_mixes() -> None:
    flow = affine_autoregressive(3, stable=True, sigmoid_bias=1.0)
    x = torch.randn(5, 3)
    mean, logit = flow.arn(x)
    gate = torch.sigmoid(logit + 1.0)
    torch.testing.assert_close(flow(x), gate * x + (1 - gate) * mean)


def test_options_reach_the_conditioned_flow() -> None:
    conditional = conditional_affine_autoregressive(3, 2, hidden_dims=[7], stable=True)
    assert conditional.nn.hidden_dims == [7]
    assert conditional.condition(torch.zeros(2)).stable
