"""What :mod:`pyro.infer.predictive` is made of: fixing sites to draws, and collecting draws of sites in one layout.

A row of draws holds a site's batch dims at the places of the model's plates, ones included, then its event dims.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Size, Tensor

from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

__all__ = ["PLATE", "PosteriorMessenger", "Run", "Table", "leftmost_dim", "log_densities"]

PLATE = "_num_predictive_samples"  # holds all draws, to the left of the program's plates

RETURN = "_RETURN"


class PosteriorMessenger(Messenger):
    """Fixes sites to given draws: to one of them, or to all in a plate to the left of the model's."""

    def __init__(self, draws: Mapping[str, Tensor], nesting: int | None = None) -> None:
        super().__init__()
        self.draws = draws
        self.nesting = nesting
        self.index = 0

    def _pyro_sample(self, msg: Message) -> None:
        name = str(msg["name"])
        if name not in self.draws:
            return
        event_dim = getattr(msg["fn"], "event_dim", 0)
        if self.nesting is None:
            value = self.draws[name][self.index]
            rank = event_dim + len(getattr(msg["fn"], "batch_shape", ()))
            while value.dim() > rank and value.shape[0] == 1:  # ones at the places of plates that the site is not in
                value = value.squeeze(0)
        else:
            value = _at_plates(name, self.draws[name], event_dim, self.nesting)
        msg["value"] = value
        msg["is_observed"] = True


def _at_plates(name: str, draws: Tensor, event_dim: int, nesting: int) -> Tensor:
    """Draws with their batch dims at the places of plates."""
    rank = draws.dim() - event_dim
    if rank < 1:
        raise ValueError(f"Site '{name}': expected posterior samples of at least {event_dim + 1} dims, the draws and "
                         f"{event_dim} event dims, got shape {tuple(draws.shape)}. Give the draws a leading dim.")
    batch = tuple(draws.shape[1:rank])
    while len(batch) > nesting and batch[0] == 1:
        batch = batch[1:]
    return draws.reshape(draws.shape[:1] + (1,) * (nesting - len(batch)) + batch + draws.shape[rank:])


@dataclass(frozen=True)
class Run:
    """One run of a model on a guide's values; ``nesting`` tells how many dims plates take where all draws are in it,
    ``scored`` is the run whose log-density counts, where that is not the model's."""

    model: Trace
    guide: Trace | None
    nesting: int | None = None
    scored: Trace | None = None


def leftmost_dim(*traces: Trace | None) -> int:
    """How many dims the plates of programs take."""
    return -min((frame.dim for run in traces if run is not None for site in run.nodes.values()
                 if site["type"] == "sample" for frame in site["cond_indep_stack"] if frame.vectorized), default=0)


def _row_shape(site: Any, nesting: int) -> Size:
    """The shape of one draw at a site, of which one run is given."""
    shape: Size = site["value"].shape
    if site["type"] == "return":
        return shape
    is_free = not any(frame.vectorized for frame in site["cond_indep_stack"])
    if is_free and site["infer"].get("_has_event_dim") is False:
        batch_dim = len(shape)
    else:
        batch_dim = len(getattr(site["fn"], "batch_shape", ()))
    return Size((1,) * (nesting - batch_dim) + shape)


def _rows(name: str, value: Tensor, row: Size, count: int) -> Tensor:
    """All draws at a site that was met once, in a plate of draws."""
    if value.numel() == count * row.numel():
        return value.reshape((count, *row))
    if value.numel() == row.numel():  # no draw differs from another, for example an observation
        return value.reshape(row).expand((count, *row))
    raise ValueError(f"Site '{name}': expected {count} draws of shape {tuple(row)}, got a value of shape "
                     f"{tuple(value.shape)}. Write the model so that a plate around it gives each site a further dim "
                     "at its left, or set parallel=False.")


class Table:
    """Collects the draws of sites, over runs and chunks.

    Args:
        wanted: which sites; all but rows of plates and ``left_out``, if none are named.
        left_out: sites whose draws are known already.
    """

    def __init__(self, wanted: Collection[str], left_out: Collection[str]) -> None:
        self.wanted = wanted
        self.left_out = left_out
        self.parts: dict[str, list[Tensor]] = {}
        self.rows: dict[str, Size] = {}

    def _is_wanted(self, name: str, site: Any) -> bool:
        if site["type"] != "sample" or site_is_subsample(site):
            return bool(self.wanted) and name in self.wanted and name == RETURN
        return name in self.wanted if self.wanted else name not in self.left_out

    def _is_wanted_of_guide(self, name: str, site: Any) -> bool:
        """A guide's deterministic sites are results; its auxiliary ones are, if someone asks for them."""
        if site["type"] != "sample" or site_is_subsample(site):
            return False
        return name in self.wanted if self.wanted else bool(site["infer"].get("_deterministic"))

    def sites(self, run: Run) -> dict[str, Any]:
        """The wanted sites of a run.

        Raises:
            TypeError: if the model's result is asked for and is no tensor.
        """
        sites = {name: site for name, site in run.model.nodes.items() if self._is_wanted(name, site)}
        if RETURN in sites and not isinstance(sites[RETURN]["value"], Tensor):
            raise TypeError(f"Predictive: {RETURN!r} is in return_sites, but the model returned "
                            f"{type(sites[RETURN]['value']).__name__}, expected a tensor. Return a tensor, or name "
                            "the values by pyro.deterministic().")
        for name, site in run.guide.nodes.items() if run.guide is not None else ():
            if name not in run.model.nodes and self._is_wanted_of_guide(name, site):
                sites[name] = site
        return sites

    def layout(self, run: Run) -> None:
        """Fixes the sites' shapes by a run without a plate of draws."""
        if not self.rows:
            nesting = leftmost_dim(run.model, run.guide)
            self.rows = {name: _row_shape(site, nesting) for name, site in self.sites(run).items()}

    def add(self, run: Run, count: int) -> None:
        """Adds one draw, or as many as a plate of draws has."""
        if run.nesting is None:
            self.layout(run)
            for name, site in self.sites(run).items():
                self.parts.setdefault(name, []).append(site["value"].detach())
        else:
            for name, site in self.sites(run).items():
                self.parts.setdefault(name, []).append(_rows(name, site["value"].detach(), self.rows[name], count))

    def result(self, parallel: bool) -> dict[str, Tensor]:
        """Draws by site."""
        if parallel:
            return {name: torch.cat(parts) if len(parts) > 1 else parts[0] for name, parts in self.parts.items()}
        return {name: torch.stack(parts).reshape((len(parts), *self._row(name, parts[0])))
                for name, parts in self.parts.items()}

    def _row(self, name: str, value: Tensor) -> Size:
        return self.rows.get(name, value.shape)


def log_densities(run: Trace, nesting: int | None) -> Tensor:
    """The log-density of one draw, or of each draw in a plate to the left of ``nesting`` dims of plates."""
    run.compute_log_prob()
    if nesting is None:
        return torch.as_tensor(run.log_prob_sum())
    total: Tensor = torch.zeros(())
    for site in run.nodes.values():
        if site["type"] == "sample":
            log_prob = torch.as_tensor(site["log_prob"])
            # a site that met no plate of draws has one log-density, that of each draw
            total = total + log_prob.reshape(log_prob.shape[:log_prob.dim() - nesting] + (-1,)).sum(-1)
    return total
