"""A project uses the settings and the small tools of ``pyro.util``, and registers settings of its own."""

import random
import warnings

import numpy as np
import pytest
import torch

import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
from pyro import settings, util

JITTER = 1e-3


class Options:
    depth = 2


OPTIONS = Options()


@settings.register("client_jitter", __name__, "JITTER")
def _positive(value):
    if not value > 0:
        raise ValueError("client_jitter must be positive")


settings.register("client_depth", __name__, "OPTIONS.depth")


def test_settings_of_its_own():
    assert settings.get("client_jitter") == JITTER and "client_jitter" in settings.get()
    with settings.context(client_jitter=0.5, client_depth=7):
        assert JITTER == 0.5 and settings.get("client_depth") == 7 == OPTIONS.depth
        with pytest.raises(ValueError, match="positive"):
            settings.set(client_jitter=-1.0)
        assert settings.get("client_jitter") == 0.5
    assert JITTER == 1e-3 and OPTIONS.depth == 2
    settings.set(client_depth=3)
    assert OPTIONS.depth == 3
    settings.set(client_depth=2)


@settings.context(client_depth=9)
def in_context():
    return OPTIONS.depth


def test_settings_hold_for_a_function():
    assert in_context() == 9 and OPTIONS.depth == 2


@pytest.mark.parametrize("alias", ["validate_poutine", "validate_infer", "validate_distributions_pyro"])
def test_settings_of_the_library(alias):
    assert settings.get(alias) is True
    with settings.context(**{alias: False}):
        assert settings.get(alias) is False
    assert settings.get(alias) is True


def test_local_parameters_are_a_setting():
    assert settings.get("module_local_params") is False
    with settings.context(module_local_params=True):
        assert settings.get("module_local_params") is True


def draws():
    return torch.rand(()).item(), random.random(), np.random.rand()


def test_random_numbers_are_saved_and_restored():
    pyro.set_rng_seed(7)
    first = draws()
    state = util.get_rng_state()
    second = draws()
    util.set_rng_state(state)
    assert draws() == second and second != first
    util.set_rng_seed(7)
    assert draws() == first
    with poutine.seed(rng_seed=7):
        assert draws() == first
    pyro.set_rng_seed(7)
    with poutine.seed(rng_seed=99):
        draws()
    assert draws() == first


def test_attributes_are_reached_by_dotted_names():
    net = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    assert util.deep_getattr(net, "1.weight") is net[1].weight
    util.deep_setattr(net, "0.bias", torch.nn.Parameter(torch.tensor([3.0])))
    assert net[0].bias.item() == 3.0
    with pytest.raises(AttributeError):
        util.deep_getattr(net, "2.weight")


@pytest.mark.parametrize(("warn", "bad"), [(util.warn_if_nan, float("nan")), (util.warn_if_inf, float("inf"))])
def test_bad_values_and_gradients_are_reported(warn, bad):
    for value in (bad, torch.tensor([0.0, bad])):
        with pytest.warns(UserWarning, match="my loss"):
            assert warn(value, "my loss") is value
    assert warn(1.0, "my loss") == 1.0
    x = torch.tensor(1.0, requires_grad=True)
    y = warn(x * 1.0, "my loss")
    with pytest.warns(UserWarning, match="my loss"):
        (y * bad).backward()


def test_bad_values_are_recognised():
    assert util.torch_isnan(torch.tensor(float("nan"))) and not util.torch_isnan(1.0)
    assert util.torch_isinf(torch.tensor(float("inf"))) and util.torch_isinf(float("inf"))


def test_warnings_of_tracing_are_ignored():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with util.ignore_jit_warnings(), util.optional(poutine.scale(scale=2.0), False):
            assert [row.item() for row in util.jit_iter(torch.arange(2))] == [0, 1]
        with util.ignore_experimental_warning():
            warnings.warn("new", util.ExperimentalWarning, stacklevel=1)


def test_a_context_is_entered_on_a_condition():
    for condition, scale in ((True, 2.0), (False, 1.0)):
        with poutine.trace() as tr, util.optional(poutine.scale(scale=2.0), condition):
            pyro.sample("x", dist.Normal(0.0, 1.0))
        assert tr.trace.nodes["x"]["scale"] == scale
    with util.timed() as t:
        sum(range(10))
    assert t.elapsed >= 0


def test_traces_are_compared_and_checked():
    def program(size):
        with pyro.plate("data", size):
            pyro.sample("x", dist.Normal(0.0, 1.0))

    small, large = (poutine.trace(program).get_trace(size) for size in (2, 3))
    util.check_traces_match(small, small)
    with pytest.raises(ValueError, match="'x'"):
        util.check_traces_match(small, large)
    small.compute_log_prob()
    util.check_site_shape(small.nodes["x"], max_plate_nesting=1)
    small.nodes["x"]["infer"]["enumerate"] = "parallel"
    with pytest.warns(UserWarning, match="x"):
        util.check_if_enumerated(small)


def test_a_dense_trace_is_written_as_a_graph(tmp_path):
    def program():
        x = pyro.sample("x", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 2):
            z = pyro.sample("z", dist.Normal(x, 1.0))
            pyro.sample("y/1", dist.Normal(z, 1.0), obs=torch.zeros(2))

    trace = poutine.trace(program, graph_type="dense").get_trace()
    with pytest.warns(UserWarning, match="render_model"):
        util.save_visualization(trace, str(tmp_path / "graph.gv"))
    lines = [line.strip() for line in (tmp_path / "graph.gv").read_text().splitlines()]
    assert lines == [
        "digraph {",
        "x [label=x fillcolor=white shape=ellipse style=filled]",
        "z [label=z fillcolor=white shape=ellipse style=filled]",
        '"y/1" [label="y/1" fillcolor=gray shape=ellipse style=filled]',
        "x -> z",
        'x -> "y/1"',
        'z -> "y/1"',
        "}",
    ]


def test_versions_are_compared():
    assert tuple(map(int, pyro.__version__.split("+")[0].split(".")[:2])) >= (1, 9)
    pyro.log.debug("projects write to the library's logger")
