"""Laws of the mixing of channels; see test_laws.py for those that it shares."""

import pytest
import torch

from pyro.distributions.transforms.generalized_channel_permute import (
    ConditionalGeneralizedChannelPermute,
    GeneralizedChannelPermute,
    generalized_channel_permute,
)
from pyro.ops.dense_nn import DenseNN


def test_first_matrix_is_orthogonal() -> None:
    flow = generalized_channel_permute(channels=4)
    matrix = flow.permutation @ flow.L @ flow.U
    torch.testing.assert_close(matrix @ matrix.mT, torch.eye(4))
    torch.testing.assert_close(flow.U_diag, flow.U.diagonal())


def test_each_pixel_is_multiplied() -> None:
    flow = GeneralizedChannelPermute(3, permutation=torch.tensor([2, 0, 1]))
    matrix = torch.eye(3)[[2, 0, 1]] @ flow.L @ flow.U
    x = torch.randn(5, 3, 2, 4)
    torch.testing.assert_close(flow(x), torch.einsum("ij,bjhw->bihw", matrix, x))


def test_permutation_of_other_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="of 3 channels"):
        GeneralizedChannelPermute(3, permutation=torch.tensor([1, 0]))
    with pytest.raises(ValueError, match="of 3 channels"):
        ConditionalGeneralizedChannelPermute(DenseNN(2, [3], [9]), 3, torch.tensor([1, 0]))
