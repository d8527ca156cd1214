"""Averages decay and keep one value for each shape; see ``test_tracegraph_elbo.py`` for what baselines do."""

import torch

from pyro.infer.baselines import Averages, baseline


def site(**options):
    return {"name": "z", "infer": {"baseline": options}}


def test_averages():
    averages = Averages()
    for cost, before in ((4.0, 0.0), (8.0, 1.0), (0.0, 2.75)):
        assert averages.update("z", torch.tensor(cost), 0.75).item() == before
    assert averages.update("y", torch.tensor(1.0), 0.75).item() == 0.0
    assert averages.update("z", torch.ones(3), 0.75).tolist() == [0.0, 0.0, 0.0]


def test_none_is_asked_for():
    assert baseline({"name": "z", "infer": {}}, torch.tensor(1.0), Averages()) == (None, None)


def test_those_given_are_added_up():
    averages, cost = Averages(), torch.tensor(2.0)
    options = {"use_decaying_avg_baseline": True, "baseline_value": torch.tensor(0.5),
               "nn_baseline": lambda x: 2 * x, "nn_baseline_input": torch.tensor(0.25)}
    baseline(site(**options), cost, averages)
    total, error = baseline(site(**options), cost, averages)
    average = 0.1 * 2.0
    torch.testing.assert_close(total, torch.tensor(average + 0.5 + 0.5))
    torch.testing.assert_close(error, torch.tensor((2.0 - average - 1.0) ** 2))


def test_the_input_of_a_network_is_cut_off():
    x = torch.tensor(1.0, requires_grad=True)
    _, error = baseline(site(nn_baseline=lambda pair: pair[0] + pair[1], nn_baseline_input=(x, x)), torch.tensor(1.0),
                        Averages())
    assert error.item() == 1.0 and not error.requires_grad
