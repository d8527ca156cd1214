"""Laws of the reflections; see test_laws.py for those that they share."""

import pytest
import torch

from pyro.distributions.transforms.householder import (
    ConditionalHouseholder,
    ConditionedHouseholder,
    Householder,
    conditional_householder,
    householder,
)
from pyro.ops.dense_nn import DenseNN


def test_reflections_one_after_the_other() -> None:
    u, x = torch.randn(2, 4, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    first, second = (torch.eye(4, dtype=torch.float64) - 2 * torch.outer(v, v) / v.dot(v) for v in u)
    flow = ConditionedHouseholder(u)
    torch.testing.assert_close(flow(x), x @ (second @ first).mT)
    torch.testing.assert_close(flow.u().norm(dim=-1), torch.ones(2, dtype=torch.float64))


def test_number_of_reflections() -> None:
    assert [householder(n).u_unnormed.shape[0] for n in (1, 2, 3, 10)] == [1, 2, 2, 6]
    assert conditional_householder(3, 2, count_transforms=4).condition(torch.zeros(7, 2)).u().shape == (7, 4, 3)
    with pytest.raises(ValueError, match="at least one reflection"):
        Householder(3, 0)
    with pytest.raises(ValueError, match="at least one reflection"):
        ConditionalHouseholder(3, DenseNN(2, [3], [3]), -1)
