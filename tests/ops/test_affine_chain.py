"""Laws of linear recursions."""

import pytest
import torch

from pyro.ops.affine_chain import affine_chain


@pytest.mark.parametrize("sample_shape", [(), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("is_constant", [False, True])
def test_states_follow_the_recursion(sample_shape: tuple[int, ...], length: int, is_constant: bool) -> None:
    torch.manual_seed(0)
    state = torch.randn(sample_shape + (4, 2)).double()
    matrix = torch.randn(4, 1 if is_constant else length, 2, 2).double()
    offsets = torch.randn(sample_shape + (4, length, 2)).double()
    states = affine_chain(state, matrix, offsets)
    for step in range(length):
        state = (state[..., None, :] @ matrix[:, 0 if is_constant else step])[..., 0, :] + offsets[..., step, :]
        torch.testing.assert_close(states[..., step, :], state)
