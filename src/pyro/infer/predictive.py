"""Draws from the predictive distribution: the model run on draws from a posterior.

For draws ``z_s ~ q(z)``, of a guide or given, the model is run with its latent sites at ``z_s``; what it samples and
computes is returned under the sites' names, a draw a row:

    p(y | data) = E_{q(z)} p(y | z)

A row holds a site's batch dims at the places of the model's plates, ones included, then its event dims; all sites
therefore broadcast with each other. A deterministic site without ``event_dim``, outside of all plates, is lined up with
the plates from the right, too. (A. Gelman et al., *Bayesian Data Analysis*, 3rd ed., ch. 6.)
"""

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Size, Tensor

from pyro.infer.importance import LogWeightsMixin
from pyro.infer.util import CloneMixin
from pyro.poutine.handlers import block, replay, trace
from pyro.poutine.messenger import Messenger
from pyro.poutine.plate_messenger import PlateMessenger
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

__all__ = ["MHResampler", "Predictive", "WeighedPredictive", "WeighedPredictiveResults"]

PLATE = "_num_predictive_samples"
RETURN = "_RETURN"


class _PosteriorMessenger(Messenger):
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
class _Run:
    """One run of a model on a guide's values; ``nesting`` tells how many dims plates take where all draws are in it."""

    model: Trace
    guide: Trace | None
    nesting: int | None = None


def _leftmost_dim(*traces: Trace | None) -> int:
    """How many dims the plates of programs take."""
    return -min((frame.dim for run in traces if run is not None for site in run.nodes.values()
                 if site["type"] == "sample" for frame in site["cond_indep_stack"] if frame.vectorized), default=0)


def _guess_max_plate_nesting(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """How many dims the plates of a model take, by a run that nobody sees."""
    with torch.no_grad(), block():
        return _leftmost_dim(trace(model).get_trace(*args, **kwargs))


def _row_shape(site: Any, nesting: int) -> Size:
    """The shape of one draw at a site, of which one run is given."""
    shape: Size = site["value"].shape
    if site["type"] == "return":
        return shape
    stands_free = not any(frame.vectorized for frame in site["cond_indep_stack"])
    is_aligned = stands_free and site["infer"].get("_has_event_dim") is False
    event_dim = 0 if is_aligned else getattr(site["fn"], "event_dim", 0)
    return Size((1,) * (nesting - (len(shape) - event_dim)) + shape)


def _rows(name: str, value: Tensor, row: Size, count: int) -> Tensor:
    """All draws at a site that was met once, in a plate of draws."""
    if value.numel() == count * row.numel():
        return value.reshape((count, *row))
    if value.numel() == row.numel():  # no draw differs from another, for example an observation
        return value.reshape(row).expand((count, *row))
    raise ValueError(f"Site '{name}': expected {count} draws of shape {tuple(row)}, got a value of shape "
                     f"{tuple(value.shape)}. Write the model so that a plate around it gives each site a further dim "
                     "at its left, or set parallel=False.")


class _Table:
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

    def sites(self, run: _Run) -> dict[str, Any]:
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

    def layout(self, run: _Run) -> None:
        """Fixes the sites' shapes by a run without a plate of draws."""
        if not self.rows:
            nesting = _leftmost_dim(run.model, run.guide)
            self.rows = {name: _row_shape(site, nesting) for name, site in self.sites(run).items()}

    def add(self, run: _Run, count: int) -> None:
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


class Predictive(torch.nn.Module):
    """Draws from the predictive distribution, as a module whose call takes the model's arguments.

    Args:
        model: the model.
        posterior_samples: draws of latent sites by name, draws along the first dim.
        guide: where to draw latent sites instead.
        num_samples: how many draws; known where ``posterior_samples`` has some.
        return_sites: names of the sites to return, ``"_RETURN"`` for the model's result; by default all that
            ``posterior_samples`` does not have, observed sites and the guide's deterministic sites included.
        parallel: whether all draws are taken in one run, in a plate to the left of the model's; needs a model that
            broadcasts.
        chunk_size: with ``parallel``, how many draws one run takes, so that memory does not grow with ``num_samples``
            but for the results; all by default.

    Raises:
        ValueError: if there is nothing to draw from or no number of draws, or draws of sites differ in number.

    Warns:
        UserWarning: if ``num_samples`` is not the number of posterior samples, which counts.

    Shape:
        ``(num_samples,) + batch_shape + event_shape``, the batch shape with ones for the plates that the site is not in.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     rate = pyro.sample("rate", dist.Gamma(2.0, 1.0))
        ...     with pyro.plate("days", 3):
        ...         pyro.sample("count", dist.Poisson(rate))
        >>> draws = Predictive(model, num_samples=100, parallel=True)()
        >>> draws["rate"].shape, draws["count"].shape
        (torch.Size([100, 1]), torch.Size([100, 3]))
    """

    def __init__(
        self,
        model: Any,
        posterior_samples: Mapping[str, Tensor] | None = None,
        guide: Any = None,
        num_samples: int | None = None,
        return_sites: Collection[str] = (),
        parallel: bool = False,
        *,
        chunk_size: int | None = None,
    ) -> None:
        super().__init__()
        if isinstance(return_sites, str):
            raise AssertionError(f"Predictive: expected a list or tuple of names as return_sites, got the string "
                                 f"{return_sites!r}. Write [{return_sites!r}].")
        if posterior_samples is None and num_samples is None:
            raise ValueError("Either posterior_samples or num_samples must be specified: expected draws, or a number "
                             "of draws from the guide or the prior, got neither.")
        if posterior_samples and guide is not None:
            raise ValueError("`posterior_samples` cannot be provided with the `guide` argument: expected one source of "
                             "draws, got two. Leave one out.")
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f"Predictive: expected chunk_size >= 1, got {chunk_size}.")
        self.posterior_samples = {} if posterior_samples is None else posterior_samples
        self.num_samples = _num_samples(self.posterior_samples, num_samples)
        self.return_sites = return_sites
        self.model = model
        self.guide = guide
        self.parallel = parallel
        self.chunk_size = chunk_size

    def call(self, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        """As calling the module, for tools that want tensors only.

        Args:
            *args: for model and guide.
            **kwargs: for model and guide.

        Returns:
            The sites' draws, in the order of their names.
        """
        return tuple(draws for _, draws in sorted(self.forward(*args, **kwargs).items()))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Draws.

        Args:
            *args: for model and guide.
            **kwargs: for model and guide.

        Returns:
            Draws by site name.
        """
        with torch.no_grad():
            table = self._table()
            for run, count in self._runs(self.model, args, kwargs, table):
                table.add(run, count)
            return table.result(self.parallel)

    def get_samples(self, *args: Any, **kwargs: Any) -> Any:
        """As calling the module."""
        return self.forward(*args, **kwargs)

    def get_vectorized_trace(self, *args: Any, **kwargs: Any) -> Trace:
        """One run of the model with all draws in a plate to the left of its plates.

        Args:
            *args: for model and guide.
            **kwargs: for model and guide.
        """
        with torch.no_grad():
            first = self._prototype(self.model, args, kwargs)
            nesting = _leftmost_dim(first.model, first.guide)
            return self._vectorized(self.model, args, kwargs, nesting, slice(0, self.num_samples)).model

    def _table(self) -> _Table:
        return _Table(() if self.return_sites is None else self.return_sites, self.posterior_samples)

    def _prototype(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Run:
        """A run of one draw that nobody sees."""
        with block():
            return next(self._singly(model, args, kwargs))

    def _singly(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[_Run]:
        """Runs of one draw each."""
        posterior = _PosteriorMessenger(self.posterior_samples)
        guide = None if self.guide is None else trace(self.guide)
        alone = trace(posterior(model))
        for index in range(self.num_samples):
            posterior.index = index
            program = alone
            if guide is not None:
                guide(*args, **kwargs)
                program = trace(replay(model, trace=guide.trace))
            program(*args, **kwargs)
            yield _Run(program.trace, None if guide is None else guide.trace)

    def _vectorized(
        self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], nesting: int, rows: slice
    ) -> _Run:
        """One run of several draws."""

        def in_plate(fn: Callable[..., Any]) -> Any:
            with PlateMessenger(PLATE, rows.stop - rows.start, dim=-1 - nesting):
                return fn(*args, **kwargs)

        guide = None if self.guide is None else trace(self.guide)
        if guide is None:
            draws = {name: value[rows] for name, value in self.posterior_samples.items()}
            program = trace(_PosteriorMessenger(draws, nesting)(model))
        else:
            in_plate(guide)
            program = trace(replay(model, trace=guide.trace))
        in_plate(program)
        return _Run(program.trace, None if guide is None else guide.trace, nesting)

    def _runs(
        self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], table: _Table
    ) -> Iterator[tuple[_Run, int]]:
        """All draws: runs and how many of them each run has."""
        if not self.parallel:
            for run in self._singly(model, args, kwargs):
                yield run, 1
            return
        with torch.no_grad():
            first = self._prototype(model, args, kwargs)
        table.layout(first)
        nesting = _leftmost_dim(first.model, first.guide)
        chunk = self.num_samples if self.chunk_size is None else self.chunk_size
        for start in range(0, self.num_samples, chunk):
            rows = slice(start, min(start + chunk, self.num_samples))
            yield self._vectorized(model, args, kwargs, nesting, rows), rows.stop - rows.start


def _num_samples(draws: Mapping[str, Tensor], wanted: int | None) -> int:
    """How many draws there are to take."""
    sizes = {name: len(value) for name, value in draws.items()}
    if not sizes:
        if wanted is None:
            raise ValueError("No sample sites in posterior samples to infer `num_samples`: expected draws by site "
                             "name, got an empty dict. Pass num_samples=.")
        return wanted
    if len(set(sizes.values())) > 1:
        raise ValueError(f"Predictive: expected as many posterior samples at each site, got {sizes}.")
    size = next(iter(sizes.values()))
    if wanted is not None and wanted != size:
        warnings.warn(f"Sample's leading dimension size {size} is different from the provided {wanted} num_samples "
                      f"argument. Defaulting to {size}. Leave num_samples out.", stacklevel=3)
    return size
