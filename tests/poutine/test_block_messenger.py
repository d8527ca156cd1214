import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.block_messenger import BlockMessenger

ALL = {"z", "x", "loc", "rows"}


def model():
    loc = pyro.param("loc", torch.tensor(0.0))
    pyro.plate("rows", 5, subsample_size=2)
    z = pyro.sample("z", dist.Normal(loc, 1.0))
    pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(1.0))


def visible(**options):
    with poutine.trace() as recorder:
        poutine.block(model, **options)()
    return set(recorder.trace.nodes)


# What upstream shows, whichever arguments are combined: of several lists the last one in the signature decides.
@pytest.mark.parametrize(("options", "expected"), [
    ({}, set()),
    ({"hide_all": False}, ALL),
    ({"hide_all": False, "expose_all": True}, ALL),
    ({"expose_all": False}, set()),
    ({"hide": []}, ALL),
    ({"hide": ["z"]}, ALL - {"z"}),
    ({"hide": ["z", "loc"]}, {"x", "rows"}),
    ({"hide": ["z"], "hide_all": True}, ALL - {"z"}),
    ({"expose": []}, set()),
    ({"expose": ["z"]}, {"z"}),
    ({"expose": ["z"], "hide_all": False}, {"z"}),
    ({"hide_types": ["sample"]}, {"x", "loc"}),
    ({"hide_types": ["observe"]}, ALL - {"x"}),
    ({"hide_types": ["param"]}, ALL - {"loc"}),
    ({"hide_types": ["sample", "observe"]}, {"loc"}),
    ({"expose_types": ["sample"]}, {"z", "rows"}),
    ({"expose_types": ["observe"]}, {"x"}),
    ({"expose_types": ["param"]}, {"loc"}),
    ({"expose_types": ["sample"], "hide": ["z"]}, {"rows"}),
    ({"expose_types": ["param"], "expose": ["z"]}, {"z", "loc"}),
    ({"hide": ["z"], "expose": ["x"]}, {"x"}),
    ({"hide": ["z"], "hide_types": ["param"]}, {"x", "rows"}),
    ({"expose": ["z"], "hide_types": ["param"]}, ALL - {"loc"}),
    ({"expose": ["z"], "hide_types": ["sample"]}, {"x", "loc"}),
    ({"hide_types": ["param"], "expose_types": ["sample"]}, {"z", "rows"}),
    ({"hide_all": False, "expose_all": True, "expose_types": ["param"]}, {"loc"}),
    ({"hide_fn": lambda msg: msg["name"] == "z"}, ALL - {"z"}),
    ({"hide_fn": lambda msg: msg["is_observed"], "hide": ["loc"]}, ALL - {"x"}),
    ({"hide_fn": lambda msg: None}, ALL),
    ({"expose_fn": lambda msg: msg["name"] == "z"}, {"z"}),
    ({"expose_fn": lambda msg: None}, set()),
], ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_what_is_hidden(options, expected):
    assert visible(**options) == expected


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"expose_all": True}, AssertionError, "expose_all=True pass hide_all=False"),
    ({"expose_all": True, "hide": ["z"]}, AssertionError, "everything is hidden and everything exposed"),
    ({"hide": ["z", "x"], "expose": ["x"]}, AssertionError, r"\['x'\] stand in both lists"),
    ({"hide_types": ["param"], "expose_types": ["param"]}, AssertionError, r"\['param'\] stand in both lists"),
    ({"hide_fn": bool, "expose_fn": bool}, ValueError, "either hide_fn or expose_fn"),
])
def test_contradictions_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        BlockMessenger(**options)


def test_hidden_sites_still_reach_the_handlers_inside():
    inner = poutine.trace(model)
    with poutine.trace() as outer:
        poutine.block(inner)()
    assert set(inner.trace.nodes) >= ALL and not outer.trace.nodes


def test_masks_and_plates_outside_do_not_reach_hidden_sites():
    with pyro.plate("data", 3), poutine.mask(mask=False), poutine.scale(scale=2.0), poutine.block():
        site = poutine.trace(lambda: pyro.sample("x", dist.Normal(0.0, 1.0))).get_trace().nodes["x"]
    assert (site["scale"], site["mask"], site["cond_indep_stack"]) == (1.0, None, ())
    assert site["value"].shape == ()
