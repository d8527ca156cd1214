import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import log_likelihood

X = torch.tensor([0.0, 1.0, 2.0])


def model(x):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.deterministic("twice", 2 * z)
    with pyro.plate("data", 6, subsample_size=3):
        pyro.sample("x", dist.Normal(z, 1.0), obs=x)
    with pyro.plate("masked", 3), pyro.poutine.mask(mask=torch.tensor([True, False, True])):
        pyro.sample("w", dist.Normal(z, 1.0), obs=x)


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("leading", [(), (4,), (2, 3)])
def test_densities_are_pointwise_and_unscaled(leading, parallel):
    z = torch.randn(leading)
    densities = log_likelihood(model, {"z": z}, X, parallel=parallel, batch_ndims=len(leading))
    expected = dist.Normal(z.unsqueeze(-1), 1.0).log_prob(X)
    torch.testing.assert_close(densities["x"], expected)
    torch.testing.assert_close(densities["w"], expected * torch.tensor([1.0, 0.0, 1.0]))
    assert set(densities) == {"x", "w"}
