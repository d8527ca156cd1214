import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.transforms import DiscreteCosineTransform
from pyro.infer.reparam import DiscreteCosineReparam


def test_the_site_holds_the_coefficients():
    model = poutine.reparam(lambda: pyro.sample("x", dist.Normal(torch.zeros(2, 8), 1.0).to_event(2)),
                            config={"x": DiscreteCosineReparam(smooth=1.0)})
    trace = poutine.trace(model).get_trace()
    (name,) = trace.stochastic_nodes
    x, coefficients = trace.nodes["x"]["value"], trace.nodes[name]["value"]
    torch.testing.assert_close(DiscreteCosineTransform(smooth=1.0)(x), coefficients)


@pytest.mark.parametrize("dim", [0, 1, "time"])
def test_dims_are_counted_from_the_right(dim):
    with pytest.raises(AssertionError, match="negative"):
        DiscreteCosineReparam(dim=dim)
