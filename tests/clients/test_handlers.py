"""A project subclasses the handlers, makes handler functions of its own, and asks sites what they are."""

import pytest
import torch

import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
from pyro.poutine.block_messenger import BlockMessenger, _make_default_hide_fn
from pyro.poutine.broadcast_messenger import BroadcastMessenger
from pyro.poutine.enum_messenger import EnumMessenger
from pyro.poutine.handlers import _make_handler
from pyro.poutine.mask_messenger import MaskMessenger
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import InferDict
from pyro.poutine.scale_messenger import ScaleMessenger
from pyro.poutine.subsample_messenger import _Subsample
from pyro.poutine.trace_messenger import TraceMessenger
from pyro.poutine.util import prune_subsample_sites, site_is_factor, site_is_subsample


def model():
    pyro.param("a", torch.tensor(1.0))
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.factor("penalty", -z.square())
    pyro.deterministic("double", 2 * z)
    with pyro.plate("data", 5, subsample_size=2) as rows:
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.arange(5.0)[rows])


def names(trace):
    return [name for name, site in trace.nodes.items() if site["type"] in ("sample", "param")]


class TagMessenger(Messenger):
    """Tags sites in their options."""

    def __init__(self, tag, sites=None):
        super().__init__()
        self.tag, self.sites = tag, sites

    def _pyro_sample(self, msg):
        if self.sites is None or msg["name"] in self.sites:
            msg["infer"]["tag"] = self.tag


@_make_handler(TagMessenger)
def tag(fn=None, tag="", sites=None):
    """Tags sites."""


def tags(fn):
    trace = poutine.trace(fn).get_trace()
    return {name: site["infer"]["tag"] for name, site in trace.nodes.items()
            if site["type"] == "sample" and "tag" in site["infer"]}


def test_a_handler_class_becomes_a_handler_function():
    assert tag.__name__ == "tag" and "Tags sites" in tag.__doc__
    assert tags(tag(model, "q", sites=["z"])) == {"z": "q"}
    assert tags(tag(tag="q", sites=["z"])(model)) == {"z": "q"}
    with tag(tag="q", sites=["x"]) as handler:
        assert isinstance(handler, TagMessenger)
        assert tags(model) == {"x": "q"}
    assert tags(tag(model, tag="all")) == dict.fromkeys(["z", "penalty", "double", "data", "x"], "all")

    @tag(tag="decorated", sites=["z"])
    def decorated():
        """Mine."""
        model()

    assert tags(decorated) == {"z": "decorated"} and decorated.__doc__ == "Mine."
    with pytest.raises(ValueError, match="callable"):
        tag(3)


def test_sites_say_what_they_are():
    trace = poutine.trace(model).get_trace()
    sample_sites = {name: site for name, site in trace.nodes.items() if site["type"] == "sample"}
    assert [name for name, site in sample_sites.items() if site_is_subsample(site)] == ["data"]
    assert [name for name, site in sample_sites.items() if isinstance(site["fn"], _Subsample)] == ["data"]
    assert [name for name, site in sample_sites.items() if site_is_factor(site)] == ["penalty"]
    assert [name for name, site in sample_sites.items() if site["infer"].get("_deterministic")] == ["double"]
    assert not site_is_subsample(trace.nodes["a"]) and not site_is_factor(trace.nodes["_INPUT"])
    latent = [name for name, site in trace.iter_stochastic_nodes() if not site_is_subsample(site)]
    assert latent == ["z"]


def test_subsample_sites_are_pruned_from_a_copy():
    trace = poutine.trace(model).get_trace()
    pruned = prune_subsample_sites(trace)
    assert "data" in trace.nodes and "data" not in pruned.nodes
    assert list(pruned.nodes) == [name for name in trace.nodes if name != "data"]


def test_options_of_sites_are_configured():
    def config(site) -> InferDict:
        if site["type"] == "param" or site["is_observed"] or site_is_subsample(site):
            return {}
        return {"enumerate": "parallel", **site["infer"]}

    trace = poutine.trace(poutine.infer_config(model, config_fn=config)).get_trace()
    assert {name for name in names(trace) if trace.nodes[name]["infer"].get("enumerate")} == {"z"}
    with poutine.infer_config(config_fn=lambda site: {"mine": site["name"]}), poutine.trace() as tr:
        model()
    assert tr.trace.nodes["x"]["infer"]["mine"] == "x" and tr.trace.nodes["a"]["infer"]["mine"] == "a"


class LatentTrace(TraceMessenger):
    """Records latent sites only, and what the record needs for a later run."""

    def __enter__(self):
        self.entered = getattr(self, "entered", 0) + 1
        return super().__enter__()

    def _pyro_post_sample(self, msg):
        if not msg["is_observed"] and not site_is_subsample(msg):
            msg["infer"]["round"] = self.entered
            super()._pyro_post_sample(msg)

    def _pyro_post_param(self, msg):
        pass


def test_a_recorder_may_choose_what_it_records():
    recorder = LatentTrace(graph_type="flat")
    for rounds in (1, 2):
        with recorder:
            model()
        assert names(recorder.trace) == ["z"] and recorder.trace.nodes["z"]["infer"]["round"] == rounds
    assert recorder.get_trace().nodes["z"]["value"] is recorder.trace.nodes["z"]["value"]
    handler = recorder(model)
    assert names(handler.get_trace()) == ["z"] and names(handler.trace) == ["z"]


class NamedMask(MaskMessenger):
    def __init__(self, name, mask):
        super().__init__(mask)
        self.name = name

    def _process_message(self, msg):
        if msg["name"] == self.name:
            super()._process_message(msg)


class NamedScale(ScaleMessenger):
    def _process_message(self, msg):
        if msg["name"] == "x":
            super()._process_message(msg)


def test_masks_and_scales_may_be_for_some_sites():
    with poutine.trace() as tr, NamedMask("x", False), NamedScale(scale=3.0):
        model()
    assert tr.trace.nodes["x"]["mask"] is False and tr.trace.nodes["z"]["mask"] is None
    assert tr.trace.nodes["x"]["scale"] == 3.0 * 5 / 2 and tr.trace.nodes["z"]["scale"] == 1.0


@pytest.mark.parametrize(("arguments", "hidden"), [
    ({"hide_all": True}, {"a", "z", "x"}),
    ({"hide_all": False, "expose_all": True}, set()),
    ({"hide": ["z"]}, {"z"}),
    ({"expose": ["z"]}, {"a", "x"}),
    ({"hide_types": ["observe"]}, {"x"}),
    ({"expose_types": ["param"]}, {"z", "x"}),
])
def test_the_default_condition_of_block_can_be_reused(arguments, hidden):
    defaults = {"hide_all": True, "expose_all": False, "hide": None, "expose": None, "hide_types": None,
                "expose_types": None}
    hide_fn = _make_default_hide_fn(**{**defaults, **arguments})
    trace = poutine.trace(model).get_trace()
    assert {name for name in ("a", "z", "x") if hide_fn(trace.nodes[name])} == hidden
    block = BlockMessenger(hide_fn=lambda msg: msg["type"] != "param" and bool(hide_fn(msg)))
    visible = names(poutine.trace(block(model)).get_trace())
    assert {name for name in ("z", "x") if name not in visible} == hidden - {"a"} and "a" in visible


def test_guides_hide_what_they_do_not_share():
    def guide():
        with poutine.block(hide=["scratch"]):
            scratch = pyro.sample("scratch", dist.Normal(0.0, 1.0))
            pyro.sample("z", dist.Normal(scratch, 1.0))
        with poutine.block():
            model()

    assert names(poutine.trace(guide).get_trace()) == ["z"]
    hidden = poutine.block(model, hide_fn=lambda msg: msg["name"] == "x")
    assert "x" not in poutine.trace(hidden).get_trace().nodes


def test_enumeration_by_hand():
    def mixture():
        k = pyro.sample("k", dist.Categorical(torch.tensor([0.2, 0.3, 0.5])), infer={"enumerate": "parallel"})
        with pyro.plate("data", 2):
            pyro.sample("x", dist.Normal(k.float(), 1.0), obs=torch.tensor([0.0, 2.0]))
        return k

    with EnumMessenger(first_available_dim=-2), poutine.trace() as tr:
        assert mixture().tolist() == [[0], [1], [2]]
    tr.trace.compute_log_prob()
    joint = tr.trace.nodes["k"]["log_prob"].reshape(3) + tr.trace.nodes["x"]["log_prob"].sum(-1)
    expected = torch.tensor([0.2, 0.3, 0.5]).log() + dist.Normal(torch.arange(3.0), 1.0).log_prob(
        torch.tensor([[0.0], [2.0]])).sum(0)
    assert torch.allclose(joint, expected)
    assert poutine.trace(poutine.enum(mixture, first_available_dim=-2)).get_trace().nodes["k"]["infer"][
        "_enumerate_dim"] == -2


def test_broadcasting_may_be_asked_for_by_itself():
    with pyro.poutine.indep_messenger.IndepMessenger("p", 3, dim=-1), BroadcastMessenger():
        assert pyro.sample("x", dist.Normal(0.0, 1.0)).shape == ()
    with BroadcastMessenger(), pyro.poutine.indep_messenger.IndepMessenger("p", 3, dim=-1):
        assert pyro.sample("x", dist.Normal(0.0, 1.0)).shape == (3,)


def test_the_mask_around_is_known_to_models():
    seen = []

    def lazy():
        seen.append(poutine.get_mask())
        if poutine.get_mask() is not False:
            pyro.factor("expensive", torch.tensor(1.0))

    poutine.mask(lazy, mask=False)()
    poutine.trace(poutine.mask(lazy, mask=torch.tensor(True))).get_trace()
    poutine.trace(lazy).get_trace()
    assert seen[0] is False and seen[1].item() is True and seen[2] is None


def test_observations_are_turned_into_predictions():
    sampled = poutine.trace(poutine.uncondition(model)).get_trace()
    assert "x" in sampled.stochastic_nodes and not sampled.nodes["x"]["is_observed"]
