"""Laws of the matrix exponential; see test_laws.py for those that it shares."""

import pytest
import torch

from pyro.distributions.transforms.matrix_exponential import (
    ConditionedMatrixExponential,
    MatrixExponential,
    conditional_matrix_exponential,
    matrix_exponential,
)


def test_value_is_the_exponential_times_x() -> None:
    flow = matrix_exponential(4, iterations=30).double()
    x = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(flow(x), x @ torch.linalg.matrix_exp(flow.weights).mT)
    torch.testing.assert_close(flow.inv(x), x @ torch.linalg.matrix_exp(-flow.weights).mT)


def test_series_is_cut_off() -> None:
    weights, x = torch.randn(2, 2), torch.randn(2)
    torch.testing.assert_close(ConditionedMatrixExponential(weights, iterations=1)(x), x + weights @ x)


@pytest.mark.parametrize(("normalization", "error"), [
    ("weight", NotImplementedError), ("spectral", NotImplementedError), ("foo", ValueError)])
def test_normalizations_are_refused(normalization: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=normalization):
        MatrixExponential(3, normalization=normalization)
    with pytest.raises(error, match=normalization):
        conditional_matrix_exponential(3, 2, normalization=normalization).condition(torch.zeros(2))
