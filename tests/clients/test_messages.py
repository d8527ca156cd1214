"""A project's handlers read and write the messages of sample statements, which are dicts."""

import pytest
import torch

import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
from pyro.poutine.messenger import Messenger


def model():
    x = pyro.sample("x", dist.Normal(torch.zeros(3), 1.0).to_event(1))
    with pyro.plate("data", 3):
        return pyro.sample("y", dist.Normal(x, 1.0), obs=torch.ones(3))


class Edit(Messenger):
    """Writes into the messages of some sites."""

    def __init__(self, change, names=("x", "y")):
        super().__init__()
        self.change, self.names = change, names

    def _pyro_sample(self, msg):
        if msg["name"] in self.names:
            self.change(msg)


def edited(change, names=("x", "y")):
    return poutine.trace(Edit(change, names)(model)).get_trace()


def test_fields_of_a_sample_message():
    seen = {}
    edited(lambda msg: seen.setdefault(msg["name"], dict(msg)), names=("x", "y", "data"))
    assert set(seen) == {"x", "y", "data"}
    for name, is_observed, plates in [("x", False, ()), ("y", True, ("data",)), ("data", False, ())]:
        msg = seen[name]
        assert msg["type"] == "sample" and msg["is_observed"] is is_observed
        assert (msg["args"], msg["kwargs"], msg["scale"], msg["mask"], msg["done"]) == ((), {}, 1.0, None, False)
        assert tuple(frame.name for frame in msg["cond_indep_stack"]) == plates
        assert isinstance(msg["infer"], dict) and (msg["value"] is not None) is is_observed
    assert isinstance(seen["x"]["fn"], dist.Distribution) and isinstance(seen["x"]["fn"], dist.Independent)


def observe(msg):
    msg["value"], msg["is_observed"] = torch.full((3,), 2.0), True


def answer(msg):
    msg["value"], msg["done"] = torch.full((3,), 2.0), True


def test_a_value_may_be_observed_or_set():
    trace = edited(observe, names=("x",))
    assert trace.observation_nodes == ["x", "y"] and trace.nodes["x"]["value"].tolist() == [2.0] * 3
    trace = edited(answer, names=("x",))
    assert trace.observation_nodes == ["y"] and trace.stochastic_nodes[0] == "x"
    assert trace.log_prob_sum().item() == pytest.approx(
        dist.Normal(0.0, 1.0).log_prob(torch.full((3,), 2.0)).sum().item()
        + dist.Normal(2.0, 1.0).log_prob(torch.ones(3)).sum().item(), rel=1e-6)


def test_an_observation_may_be_taken_away():
    def unobserve(msg):
        msg["infer"] = {**msg["infer"], "was_observed": True, "obs": msg["value"]}
        msg["value"], msg["is_observed"], msg["done"] = None, False, False

    trace = edited(unobserve, names=("y",))
    assert trace.stochastic_nodes[-1] == "y" and trace.nodes["y"]["infer"]["was_observed"]
    assert trace.nodes["y"]["infer"]["obs"].tolist() == [1.0] * 3
    assert trace.nodes["y"]["value"].tolist() != [1.0] * 3


def test_the_distribution_may_be_replaced():
    def widen(msg):
        msg["fn"] = dist.Normal(msg["fn"].base_dist.loc, 100.0).to_event(1)

    trace = edited(widen, names=("x",))
    assert trace.nodes["x"]["fn"].base_dist.scale.tolist() == [100.0] * 3
    assert trace.nodes["x"]["value"].abs().max() > 10


def weigh(msg):
    msg["scale"] = msg["scale"] * 3.0


def hide(msg):
    mask = torch.tensor([True, False, False])
    msg["mask"] = mask if msg["mask"] is None else msg["mask"] & mask


@pytest.mark.parametrize(("change", "factor"), [(weigh, [3.0] * 3), (hide, [1.0, 0.0, 0.0])])
def test_scale_and_mask_reach_the_density(change, factor):
    trace = edited(change, names=("y",))
    trace.compute_log_prob()
    site = trace.nodes["y"]
    expected = torch.tensor(factor) * dist.Normal(trace.nodes["x"]["value"], 1.0).log_prob(torch.ones(3))
    assert torch.allclose(site["log_prob"], expected)
    assert site["log_prob_sum"].item() == pytest.approx(expected.sum().item(), rel=1e-6)


def test_options_may_be_added_and_are_kept_in_the_trace():
    def annotate(msg):
        msg["infer"] = {**msg["infer"], "group": msg["name"].upper()}
        msg["mine"] = {"free": "form"}

    trace = edited(annotate)
    assert trace.nodes["x"]["infer"]["group"] == "X" and trace.nodes["y"]["mine"] == {"free": "form"}


def test_options_written_at_the_statement_are_not_changed_by_handlers():
    options = {"mine": 1}
    with Edit(lambda msg: msg["infer"].update(other=2), names=("z",)):
        pyro.sample("z", dist.Normal(0.0, 1.0), infer=options)
    assert options == {"mine": 1}


def test_a_site_may_be_renamed():
    def rename(msg):
        msg["name"] = f"scope/{msg['name']}"

    assert list(edited(rename).nodes)[1:-1] == ["scope/x", "data", "scope/y"]


def test_a_continuation_runs_when_all_handlers_have_seen_the_message():
    order = []

    def enqueue(msg):
        msg["continuation"] = lambda done: order.append((done["name"], done["value"] is not None))

    class After(Messenger):
        def _pyro_post_sample(self, msg):
            if msg["name"] == "x":
                order.append("post")

    with After():
        edited(enqueue, names=("x",))
    assert order == ["post", ("x", True)]


def test_messages_are_copied_and_merged_like_dicts():
    copies = []

    def keep(msg):
        copies.append(msg.copy())
        assert {**msg, "name": "other"}["type"] == "sample"
        assert "fn" in msg and msg.get("packed") is None

    edited(keep, names=("y",))
    assert copies[0]["name"] == "y" and not copies[0]["done"]


def test_sites_of_a_trace_are_such_messages():
    trace = poutine.trace(model).get_trace()
    for site in trace.nodes.values():
        assert site["type"] in ("args", "sample", "return")
    assert trace.nodes["y"]["done"] and trace.nodes["y"]["infer"] == {}
    other = trace.copy()
    other.nodes["x"] = {**trace.nodes["x"], "value": torch.zeros(3)}
    assert poutine.replay(model, trace=other)().tolist() == [1.0] * 3
    assert poutine.trace(poutine.replay(model, trace=other)).get_trace().nodes["x"]["value"].tolist() == [0.0] * 3


def test_params_are_messages_too():
    class Freeze(Messenger):
        def _pyro_param(self, msg):
            assert msg["fn"] is not None and msg["args"][0] == msg["name"] == "a"
            assert msg["kwargs"] == {"constraint": dist.constraints.positive, "event_dim": 0}

        def _pyro_post_param(self, msg):
            msg["value"] = msg["value"].detach()

    with Freeze():
        value = pyro.param("a", torch.ones(2), constraint=dist.constraints.positive, event_dim=0)
    assert not value.requires_grad and pyro.param("a").requires_grad
