"""Gives sites the values that they had in an earlier run."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pyro.ops.validation import require
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample


class ReplayMessenger(Messenger):
    """Reuses sampled values of a trace, and parameter values of a dict.

    A plate whose rows the program chooses itself (``subsample=``) keeps them: the trace's rows are not put in their
    place.

    Args:
        trace: values for sample sites.
        params: constrained values for parameters, by name.

    Raises:
        ValueError: if neither is given; at a plate whose own rows differ from those that the trace's sites stand for.
        RuntimeError: at a site that the trace observed, or that is no sample site there.
    """

    def __init__(self, trace: Trace | None = None, params: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        if trace is None and params is None:
            raise ValueError("replay: expected trace= or params= to replay against, got neither.")
        self.trace = trace
        self.params = params

    def _pyro_sample(self, msg: Message) -> None:
        name = str(msg["name"])
        if self.trace is None or name not in self.trace or msg["is_observed"]:
            return
        site = self.trace.nodes[name]
        if site["type"] != "sample" or site["is_observed"]:
            what = "is observed there" if site["type"] == "sample" else f"is a {site['type']} site there"
            raise RuntimeError(f"Site '{name}' must be sampled in the trace that is replayed (the guide), but it "
                               f"{what}. Remove the observation from the guide, or the site.")
        if msg["value"] is not None and site_is_subsample(msg):
            self._check_own_rows(name, msg["value"], site["value"])
            return
        msg["done"] = True
        msg["value"] = site["value"]
        latent = msg["infer"].get("_latent_part")  # the model's to say
        msg["infer"] = site["infer"] if latent is None else {**site["infer"], "_latent_part": latent}

    def _check_own_rows(self, plate: str, own: Tensor, theirs: Tensor) -> None:
        assert self.trace is not None
        inside = next((name for name, site in self.trace.nodes.items() if site["type"] == "sample"
                       and any(frame.name == plate for frame in site["cond_indep_stack"])), None)
        if inside is None:
            return
        own, theirs = torch.as_tensor(own), torch.as_tensor(theirs)
        same = own == theirs if own.shape == theirs.shape else torch.tensor(False)
        require(same, lambda: ValueError(
            f"Plate '{plate}': the model chose its rows by subsample=, but the guide drew other rows, for which it "
            f"sampled site '{inside}'. Pass the same subsample= to the guide's plate, for autoguides by "
            "create_plates=."))

    def _pyro_param(self, msg: Message) -> None:
        name = str(msg["name"])
        if self.params is None or name not in self.params:
            return
        value: Any = self.params[name]
        if not hasattr(value, "unconstrained"):
            raise AssertionError(f"Parameter '{name}': expected a constrained value as the parameter store returns it, "
                                 "got a plain tensor. Use poutine.substitute for plain values.")
        msg["done"] = True
        msg["value"] = value
