"""Laws of the autoregressive splines; see test_laws.py for those that they share."""

import torch
from torch.autograd.functional import jacobian

from pyro.distributions.transforms.spline_autoregressive import spline_autoregressive


def test_derivatives_are_triangular_in_the_order() -> None:
    flow = spline_autoregressive(4, count_bins=3)
    matrix = jacobian(flow, 0.5 * torch.randn(4))
    assert isinstance(matrix, torch.Tensor)
    order = flow.arn.permutation
    assert not matrix[order][:, order].triu(1).any()
    assert (matrix.diagonal() > 0).all()


def test_network_goes_by_both_names_of_upstreams_files() -> None:
    flow = spline_autoregressive(3, hidden_dims=[5])
    keys = list(flow.state_dict())
    assert {key.removeprefix("arn.") for key in keys if key.startswith("arn.")} == {
        key.removeprefix("spline.nn.") for key in keys if key.startswith("spline.nn.")}
    assert all(name.startswith("arn.") for name, _ in flow.named_parameters())
