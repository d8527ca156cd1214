"""Laws of covariances of a stream."""

import pytest
import torch

from pyro.ops.welford import WelfordArrowheadCovariance, WelfordCovariance


def samples() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(20, 3).double() * torch.tensor([1.0, 5.0, 0.1]) + 1e6


def test_estimates_equal_those_of_all_samples() -> None:
    x = samples()
    diagonal, dense, arrow = WelfordCovariance(), WelfordCovariance(diagonal=False), WelfordArrowheadCovariance(1)
    for stream in (diagonal, dense, arrow):
        for sample in x:
            stream.update(sample)  # type: ignore[attr-defined]
    expected = torch.cov(x.mT)
    torch.testing.assert_close(diagonal.get_covariance(regularize=False), expected.diag())
    torch.testing.assert_close(dense.get_covariance(regularize=False), expected)
    top, bottom = arrow.get_covariance(regularize=False)
    torch.testing.assert_close(top, expected[:1])
    torch.testing.assert_close(bottom, expected.diag()[1:])
    torch.testing.assert_close(dense.get_covariance(), (20 * expected + 5e-3 * torch.eye(3)) / 25)
    torch.testing.assert_close(diagonal.get_covariance(), dense.get_covariance().diag())
    top, bottom = arrow.get_covariance()
    torch.testing.assert_close(top, dense.get_covariance()[:1])
    torch.testing.assert_close(bottom, diagonal.get_covariance()[1:])


@pytest.mark.parametrize("stream", [WelfordCovariance(), WelfordArrowheadCovariance()], ids=["plain", "arrowhead"])
def test_few_samples_are_refused(stream: WelfordCovariance) -> None:
    with pytest.raises(RuntimeError, match="Insufficient samples"):
        stream.get_covariance()
    stream.update(torch.ones(2))
    stream.update(torch.zeros(2))
    stream.get_covariance()
    stream.reset()
    with pytest.raises(RuntimeError, match="Insufficient samples"):
        stream.get_covariance()
