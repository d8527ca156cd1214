import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.enum_messenger import enumerate_site
from pyro.poutine.runtime import get_plates, new_message

PARALLEL = {"enumerate": "parallel"}


def categorical(name, cardinality, **infer):
    return pyro.sample(name, dist.Categorical(torch.ones(cardinality) / cardinality), infer=PARALLEL | infer)


def traced(model, first_available_dim=-1):
    trace = poutine.trace(poutine.enum(model, first_available_dim=first_available_dim)).get_trace()
    trace.compute_log_prob()
    return trace


def dims(trace):
    """For each enumerated site its dim and id."""
    infers = {name: site["infer"] for name, site in trace.nodes.items() if site["type"] == "sample"}
    return {name: (infer["_enumerate_dim"], infer["_dim_to_id"][infer["_enumerate_dim"]])
            for name, infer in infers.items() if "_enumerate_dim" in infer}


@pytest.mark.parametrize("first_available_dim", [-2, -3, -5])
def test_values_lie_along_dims_of_their_own_left_of_the_plates(first_available_dim):
    def model():
        x = categorical("x", 2)
        with pyro.plate("rows", 4):
            y = categorical("y", 3)
            categorical("z", 5, expand=True)
            pyro.sample("w", dist.Normal(x + y, 1.0), obs=torch.zeros(4))

    trace, d = traced(model, first_available_dim), -first_available_dim
    assert dims(trace) == {"x": (-d, 0), "y": (-d - 1, 1), "z": (-d - 2, 2)}
    shapes = {name: tuple(trace.nodes[name]["value"].shape) for name in "xyzw"}
    assert shapes == {"x": (2,) + (1,) * (d - 1), "y": (3,) + (1,) * d, "z": (5,) + (1,) * d + (4,), "w": (4,)}
    assert trace.nodes["w"]["log_prob"].shape == (3, 2) + (1,) * (d - 2) + (4,)
    assert trace.nodes["w"]["infer"]["_dim_to_id"] == {-d: 0, -d - 1: 1, -d - 2: 2}


@pytest.mark.parametrize("history", [0, 1, 2])
def test_a_chain_reuses_dims_after_its_history_but_no_ids(history):
    """At step t the sites t - history, ..., t are in use, which are history + 1 dims; as upstream numbers them."""
    def model():
        for t in pyro.markov(range(6), history=history):
            categorical(f"x{t}", 2)

    expected = {f"x{t}": (-1 - t % (history + 1), t) for t in range(6)}
    trace = traced(model)
    assert dims(trace) == expected
    for t in range(6):
        in_scope = {-1 - s % (history + 1): s for s in range(max(0, t - history), t + 1)}
        assert trace.nodes[f"x{t}"]["infer"]["_dim_to_id"] == in_scope


def test_an_hidden_markov_model_has_bounded_shapes():
    def model():
        x = torch.tensor(0)
        for t in pyro.markov(range(20)):
            x = pyro.sample(f"x{t}", dist.Categorical(torch.ones(3, 3)[x] / 3), infer=PARALLEL)
            pyro.sample(f"y{t}", dist.Normal(x.float(), 1.0), obs=torch.tensor(0.0))

    trace = traced(model)
    assert max(trace.nodes[f"x{t}"]["log_prob"].numel() for t in range(20)) == 9
    assert max(trace.nodes[f"y{t}"]["log_prob"].dim() for t in range(20)) <= 2


def test_sites_outside_of_chains_keep_their_dims():
    def model():
        categorical("before", 2)
        for t in pyro.markov(range(3)):
            categorical(f"x{t}", 2)
        categorical("after", 2)

    assert dims(traced(model)) == {
        "before": (-1, 0), "x0": (-2, 1), "x1": (-3, 2), "x2": (-2, 3), "after": (-2, 4)}


def test_branches_of_a_tree_share_dims():
    def model():
        node = pyro.markov(history=1)
        with node:
            categorical("root", 2)
            for side in ("left", "right"):
                with node:
                    categorical(side, 2)
                    with node:
                        categorical(side + "_leaf", 2)

    assert dims(traced(model)) == {"root": (-1, 0), "left": (-2, 1), "left_leaf": (-1, 2), "right": (-2, 3),
                                   "right_leaf": (-1, 4)}


def test_independent_chains_in_a_loop_plate():
    def model():
        for i in pyro.plate("chains", 2):
            for t in pyro.markov(range(3)):
                categorical(f"x{i}{t}", 2)

    expected = {f"x{i}{t}": (-1 - t % 2, 3 * i + t) for i in range(2) for t in range(3)}
    assert dims(traced(model)) == expected


@pytest.mark.parametrize("site", [
    lambda: pyro.sample("x", dist.Bernoulli(0.5)),
    lambda: pyro.sample("x", dist.Bernoulli(0.5), infer={"enumerate": "sequential"}),
    lambda: pyro.sample("x", dist.Bernoulli(0.5), obs=torch.tensor(1.0), infer=PARALLEL),
], ids=["not asked for", "sequential", "observed"])
def test_other_sites_are_left_alone(site):
    trace = traced(site)
    assert dims(trace) == {} and trace.nodes["x"]["value"].shape == ()


def test_continuous_sites_cannot_be_enumerated():
    with pytest.raises(NotImplementedError):
        traced(lambda: pyro.sample("x", dist.Normal(0.0, 1.0), infer=PARALLEL))


@pytest.mark.parametrize("dim", [0, 1])
def test_a_dim_that_is_not_negative_is_refused(dim):
    with pytest.raises(AssertionError, match=f"negative first_available_dim, got {dim}.*-1 - max_plate_nesting"):
        poutine.enum(first_available_dim=dim)


@pytest.mark.parametrize("first_available_dim", [-1, -2])
def test_a_batch_shape_that_reaches_into_the_dim_is_refused_by_name(first_available_dim):
    def model():
        with pyro.plate("columns", 2), pyro.plate("rows", 3):
            categorical("x", 2, expand=True)

    with pytest.raises(AssertionError, match=r"Site 'x': the batch shape \(3, 2\) .*max_plate_nesting"):
        traced(model, first_available_dim)
    assert traced(model, -3).nodes["x"]["value"].shape == (2, 3, 2)


@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("tmc", ["diagonal", "mixture"])
@pytest.mark.parametrize("event_dim", [0, 1])
def test_tensor_monte_carlo_has_a_dim_of_samples_for_each_site(expand, tmc, event_dim):
    def model():
        infer = PARALLEL | {"num_samples": 4, "expand": expand, "tmc": tmc}
        x = pyro.sample("x", dist.Normal(torch.zeros((2,) * event_dim), 1.0).to_event(event_dim), infer=infer)
        with pyro.plate("rows", 3):
            place = x.unsqueeze(-1 - event_dim) if x.dim() == event_dim else x
            pyro.sample("y", dist.Normal(place, 1.0).to_event(event_dim), infer=infer)

    trace = traced(model, -2)
    event_shape = (2,) * event_dim
    assert trace.nodes["x"]["value"].shape == (4, 1) + event_shape
    # without expand a sample belongs to one setting of the parents, with it to every one
    assert trace.nodes["y"]["value"].shape == (4, 4 if expand else 1, 3) + event_shape
    assert trace.nodes["y"]["log_prob"].shape == (4, 4, 3)


@pytest.mark.parametrize(("tmc", "choices"), [("diagonal", 1), ("mixture", 5)])
def test_a_sample_follows_one_setting_of_its_parents_in_all_coordinates(tmc, choices):
    """Parents 0, 100, 200, ... and a tight child: the hundreds tell the setting that each sample came from."""
    num_samples, rows = 60, 7
    loc = 100.0 * torch.arange(5.0).reshape(5, 1, 1).expand(5, rows, 3)
    msg = new_message("sample", "x", dist.Normal(loc, 0.01).to_event(1), infer={"num_samples": num_samples, "tmc": tmc})
    with pyro.plate("rows", rows):
        msg["cond_indep_stack"] = get_plates()
    value = enumerate_site(msg)
    assert value.shape == (num_samples, 1, rows, 3)
    chosen = (value / 100).round()
    assert (chosen == chosen[..., :1]).all()  # all coordinates of an event
    for sample in chosen[:, 0, :, 0][:5]:
        assert (len(set(sample.tolist())) > 1) == (choices > 1)  # in a mixture each row chooses
    assert set(chosen.flatten().tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0}


def test_tensor_monte_carlo_strategies_are_two():
    msg = new_message("sample", "x", dist.Normal(0.0, 1.0), infer={"num_samples": 2, "tmc": "other"})
    with pytest.raises(ValueError, match="Site 'x': .*'diagonal' or 'mixture', got 'other'"):
        enumerate_site(msg)
