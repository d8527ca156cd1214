import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer.predictive_draws import PosteriorMessenger, Run, Table, leftmost_dim, log_densities
from pyro.poutine import trace


def model():
    z = pyro.sample("z", dist.Normal(0.0, 1.0).expand([3]).to_event(1))
    with pyro.plate("data", 2, dim=-2):
        pyro.sample("x", dist.Normal(z.sum(-1), 1.0))


def test_leftmost_dim():
    assert leftmost_dim(trace(model).get_trace(), None) == 2
    assert leftmost_dim(None) == 0


def test_one_draw_loses_the_ones_of_plates():
    messenger = PosteriorMessenger({"z": torch.arange(6.0).reshape(2, 1, 1, 3)})
    messenger.index = 1
    site = trace(messenger(model)).get_trace().nodes["z"]
    assert site["is_observed"]
    torch.testing.assert_close(site["value"], torch.tensor([3.0, 4.0, 5.0]))


@pytest.mark.parametrize("shape", [(4, 3), (4, 1, 3), (4, 1, 1, 3), (4, 1, 1, 1, 3)])
def test_all_draws_stand_left_of_the_plates(shape):
    with pyro.plate("draws", 4, dim=-3):
        site = trace(PosteriorMessenger({"z": torch.zeros(shape)}, nesting=2)(model)).get_trace().nodes["z"]
    assert site["value"].shape == (4, 1, 1, 3)


def test_draws_with_too_few_dims():
    with pytest.raises(ValueError, match="Site 'z': expected posterior samples of at least 2 dims"):
        PosteriorMessenger({"z": torch.zeros(4)}, nesting=0)(model)()


def test_log_densities_of_a_plate_are_those_of_its_rows():
    with pyro.plate("draws", 4, dim=-3):
        run = trace(model).get_trace()
    x, z = run.nodes["x"]["value"], run.nodes["z"]["value"]
    rows = []
    for index in range(4):
        fixed = {"z": z[index].reshape(3), "x": x[index]}
        rows.append(log_densities(trace(pyro.poutine.condition(model, fixed)).get_trace(), None))
    torch.testing.assert_close(log_densities(run, 2), torch.stack(rows))


def test_table_stacks_runs():
    table = Table((), left_out=("z",))
    for _ in range(3):
        table.add(Run(trace(model).get_trace(), None), 1)
    assert {name: value.shape for name, value in table.result(False).items()} == {"x": (3, 2, 1)}
