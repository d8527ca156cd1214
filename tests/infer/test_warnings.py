"""What model and guide are warned of: each text once over many steps, with the name, the cause and a remedy."""

import re
import warnings
from functools import partial

import pytest
import torch
from torch import nn, tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import (
    SVI,
    RenyiELBO,
    ReweightedWakeSleep,
    Trace_ELBO,
    TraceGraph_ELBO,
    TraceMeanField_ELBO,
)
from pyro.infer.autoguide import AutoIAFNormal, AutoNormal
from pyro.optim import Adam

ENUMERATED = {"infer": {"enumerate": "parallel"}}


def model():
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.sample("x", dist.Normal(z, 1.0), obs=tensor(1.0))


def guide(**infer):
    pyro.sample("z", dist.Normal(pyro.param("loc", tensor(0.0)), 1.0), **infer)


def none():
    pyro.param("loc", tensor(0.0))


def two():
    guide()
    pyro.sample("u", dist.Normal(0.0, 1.0))


def observing():
    guide()
    pyro.sample("u", dist.Normal(0.0, 1.0), obs=tensor(0.0))


def with_rows():
    with pyro.plate("rows", 3):
        pass
    guide()


def partly_observed():
    guide()
    pyro.sample("y", dist.Normal(0.0, 1.0), obs=tensor(1.0), obs_mask=tensor(False))


def pair(first, second):
    for name in (first, second):
        pyro.sample(name, dist.Normal(pyro.param("loc", tensor(0.0)), 1.0))


def frozen():
    net = nn.Linear(1, 1)
    net.bias.requires_grad_(False)
    pyro.module("net", net)
    model()


class Shift(pyro.nn.PyroModule):
    def __init__(self, size):
        super().__init__("shift")
        self.by = pyro.nn.PyroParam(torch.zeros(size))

    def forward(self):
        pyro.sample("z", dist.Normal(self.by.sum(), 1.0))


def second_guide():
    guides = [AutoNormal(model), AutoNormal(model)]
    guides[0]()
    return lambda: guides[1]()


def left_over():
    Shift(1)()
    return Shift(2)


# name: model, what makes the guide, the estimator, the names, the cause, the remedy
CASES = {
    "missing in the guide": (model, lambda: none, Trace_ELBO(num_particles=2), "'z'", "in model but not guide",
                             "Sample them"),
    "missing for a part": (partly_observed, lambda: guide, Trace_ELBO(), "'y_unobserved'", "in model but not guide",
                           "Sample them"),
    "missing in the model": (model, lambda: two, Trace_ELBO(), "'u'", "in guide but not model", "Correct the names"),
    "observed in the guide": (model, lambda: observing, Trace_ELBO(), "'u'", "observed sites in the guide",
                              "observe them there"),
    "auxiliary in the model": (model, lambda: partial(guide, infer={"is_auxiliary": True}), Trace_ELBO(), "'z'",
                               "auxiliary vars in the model", "Remove infer="),
    "plate of the guide": (model, lambda: with_rows, Trace_ELBO(), "'rows'", "in guide but not model",
                           "Give the plates the same names"),
    **{f"enumerated for {type(elbo).__name__}": (
        model, lambda: partial(guide, **ENUMERATED), elbo, " z", "configured for enumeration", "use TraceEnum_ELBO")
       for elbo in (Trace_ELBO(num_particles=2), TraceGraph_ELBO(), RenyiELBO(num_particles=2),
                    ReweightedWakeSleep(num_particles=2), TraceMeanField_ELBO())},
    "another order": (partial(pair, "a", "b"), lambda: partial(pair, "b", "a"), TraceMeanField_ELBO(),
                      "'a', 'b'.*'b', 'a'", "order", "into the model's order"),
    "two interventions": (poutine.do(poutine.do(model, {"z": tensor(0.0)}), {"z": tensor(1.0)}), lambda: none,
                          Trace_ELBO(), "'z'", "two interventions", "Remove one"),
    "unused substitute": (poutine.substitute(model, {"nowhere": tensor(0.0)}), lambda: guide, Trace_ELBO(), "'nowhere'",
                          "no parameters of the program", "Correct the names"),
    "unused prior": (poutine.lift(model, {"nowhere": dist.Normal(0.0, 1.0)}), lambda: guide, Trace_ELBO(), "'nowhere'",
                     "no parameters of the program", "Correct the names"),
    "frozen parameter": (frozen, lambda: guide, Trace_ELBO(), "'net': bias", "requires_grad=False",
                         "Filter it out, or set"),
    "parameters of two guides": (model, second_guide, Trace_ELBO(), "'AutoNormal.locs.z'",
                                 "locs.z' belongs to two instances", "names of their own"),
    "parameter left over": (model, left_over, Trace_ELBO(), "'shift.by'", "the store's has", "names of their own"),
    "flow over one number": (model, lambda: AutoIAFNormal(model, hidden_dim=[2]), Trace_ELBO(), "AutoRegressiveNN",
                             "no predecessors", "Consider an affine transform"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_warning_is_shown_once(name):
    """Whatever the filters have forgotten: by no later step, particle, run or capture."""
    program, make, estimator, site, cause, remedy = CASES[name]
    with warnings.catch_warnings(record=True, action="always") as caught:
        svi = SVI(program, make(), Adam({"lr": 0.01}), estimator)
        for _ in range(3):
            svi.step()
        svi.run(4, progress_bar=False)
    texts = [str(each.message) for each in caught]
    assert len(set(texts)) == len(texts)
    (text,) = [each for each in texts if cause in each]
    assert re.search(site, text)
    assert remedy in text


def test_another_estimator_warns_anew():
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"in model but not guide: \['z'\]"):
            SVI(model, none, Adam({"lr": 0.01}), Trace_ELBO()).step()
