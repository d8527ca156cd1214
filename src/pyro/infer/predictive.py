"""Draws from the predictive distribution: the model run on draws from a posterior.

For draws ``z_s ~ q(z)``, of a guide or given, the model is run with its latent sites at ``z_s``; what it samples and
computes is returned under the sites' names, a draw a row:

    p(y | data) = E_{q(z)} p(y | z)

A row holds a site's batch dims at the places of the model's plates, ones included, then its event dims; all sites
therefore broadcast with each other. A deterministic site without ``event_dim``, outside of all plates, is lined up with
the plates from the right, too. (A. Gelman et al., *Bayesian Data Analysis*, 3rd ed., ch. 6.)
"""

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pyro.infer.enum import leave_out_observed_parts
from pyro.infer.importance import LogWeightsMixin
from pyro.infer.mh_resampler import MHResampler
from pyro.infer.predictive_draws import PLATE, PosteriorMessenger, Run, Table, leftmost_dim, log_densities
from pyro.infer.util import CloneMixin
from pyro.poutine.handlers import block, replay, trace
from pyro.poutine.plate_messenger import PlateMessenger
from pyro.poutine.trace_struct import Trace

__all__ = ["MHResampler", "Predictive", "WeighedPredictive", "WeighedPredictiveResults"]


def _guess_max_plate_nesting(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """How many dims the plates of a model take, by a run that nobody sees."""
    with torch.no_grad(), block():
        return leftmost_dim(trace(model).get_trace(*args, **kwargs))


class Predictive(torch.nn.Module):
    """Draws from the predictive distribution, as a module whose call takes the model's arguments.

    Args:
        model: the model.
        posterior_samples: draws of latent sites by name, draws along the first dim.
        guide: where to draw latent sites instead.
        num_samples: how many draws; known where ``posterior_samples`` has some.
        return_sites: names of the sites to return, ``"_RETURN"`` for the model's result; by default all that
            ``posterior_samples`` does not have, observed sites and the guide's deterministic sites included; with
            ``None`` those that it has, too.
        parallel: whether all draws are taken in one run, in a plate to the left of the model's; needs a model that
            broadcasts.
        chunk_size: with ``parallel``, how many draws one run takes, so that memory does not grow with ``num_samples``
            but for the results; all by default.

    Raises:
        ValueError: if there is nothing to draw from or no number of draws, or draws of sites differ in number.

    Warns:
        UserWarning: if ``num_samples`` is not the number of posterior samples, which counts.

    Shape:
        ``(num_samples,) + batch_shape + event_shape``, with ones for the plates that the site is not in.

    Note:
        ``torch.export.export(predictive, (x,))`` exports it where all parameters are those of modules, as an automatic
        guide's are. The exported program checks no values.

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
        return_sites: Collection[str] | None = (),
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
            for run, count in self._runs((self.model,), args, kwargs, table):
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
            first = self._prototype(args, kwargs)
            nesting = leftmost_dim(first.model, first.guide)
            return self._vectorized((self.model,), args, kwargs, nesting, slice(0, self.num_samples)).model

    def _table(self) -> Table:
        if self.return_sites is None:
            return Table((), ())
        return Table(self.return_sites, self.posterior_samples)

    def _prototype(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run:
        """A run of one draw that nobody sees."""
        with torch.no_grad(), block():
            return next(self._singly((self.model,), args, kwargs))

    def _singly(self, models: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Run]:
        """Runs of one draw each."""
        posterior = PosteriorMessenger(self.posterior_samples)
        for posterior.index in range(self.num_samples):
            yield self._run(models, lambda program: program(*args, **kwargs), posterior, None)

    def _vectorized(
        self, models: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any], nesting: int, rows: slice
    ) -> Run:
        """One run of several draws."""

        def in_plate(program: Any) -> None:
            with PlateMessenger(PLATE, rows.stop - rows.start, dim=-1 - nesting):
                program(*args, **kwargs)

        draws = {name: value[rows] for name, value in self.posterior_samples.items()}
        return self._run(models, in_plate, PosteriorMessenger(draws, nesting), nesting)

    def _run(
        self, models: Sequence[Any], call: Callable[[Any], Any], posterior: PosteriorMessenger, nesting: int | None
    ) -> Run:
        """Runs the guide, and each model on its values; without a guide, the models on posterior samples."""
        guide = None if self.guide is None else trace(self.guide)
        if guide is not None:
            call(guide)
        programs = [trace(posterior(model) if guide is None else replay(model, trace=guide.trace)) for model in models]
        for program in programs:
            call(program)
        return Run(programs[0].trace, None if guide is None else guide.trace, nesting, programs[-1].trace)

    def _runs(
        self, models: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any], table: Table
    ) -> Iterator[tuple[Run, int]]:
        """All draws: runs of the first model and how many draws each run has; the last model is scored."""
        if not self.parallel:
            for run in self._singly(models, args, kwargs):
                yield run, 1
            return
        first = self._prototype(args, kwargs)
        table.layout(first)
        nesting = leftmost_dim(first.model, first.guide)
        chunk = self.num_samples if self.chunk_size is None else self.chunk_size
        for start in range(0, self.num_samples, chunk):
            rows = slice(start, min(start + chunk, self.num_samples))
            yield self._vectorized(models, args, kwargs, nesting, rows), rows.stop - rows.start


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


@dataclass(eq=False)
class WeighedPredictiveResults(LogWeightsMixin, CloneMixin):
    """Draws with their importance weights.

    Args:
        samples: draws by site name, or a tuple of draws.
        log_weights: ``log p - log q`` of each draw.
        guide_log_prob: ``log q`` of each draw.
        model_log_prob: ``log p`` of each draw.
    """

    samples: Any
    log_weights: Tensor
    guide_log_prob: Tensor
    model_log_prob: Tensor


class WeighedPredictive(Predictive):
    """Draws from a guide, with the weights that correct them towards the posterior.

    See :class:`Predictive` for the arguments; the guide is needed.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model(x):
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=x)
        >>> def guide(x):
        ...     pyro.sample("z", dist.Normal(0.5, 0.5 ** 0.5))
        >>> result = WeighedPredictive(model, guide=guide, num_samples=10, parallel=True)(torch.tensor(1.0))
        >>> result.get_ESS()  # the guide is the posterior
        tensor(10.)
    """

    def call(self, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        """The draws alone, in the order of the sites' names.

        Args:
            *args: as for :meth:`forward`.
            **kwargs: as for :meth:`forward`.
        """
        samples = self.forward(*args, **kwargs).samples
        return tuple(draws for _, draws in sorted(samples.items()))

    def forward(self, *args: Any, **kwargs: Any) -> WeighedPredictiveResults:
        """Draws and weights.

        Args:
            *args: for model and guide.
            **kwargs: for model and guide; ``model_guide`` is the model whose log-density counts, where that is not the
                one that predicts, for example with other observations.

        Returns:
            Draws by site name and their weights.

        Raises:
            TypeError: if there is no guide.
        """
        if self.guide is None:
            raise TypeError("WeighedPredictive: expected guide=, whose draws are weighed, got None. Use Predictive for "
                            "posterior samples, which have equal weights.")
        model_guide = kwargs.pop("model_guide", None)
        models = (self.model,) if model_guide is None else (self.model, model_guide)
        table = self._table()
        log_q: list[Tensor] = []
        log_p: list[Tensor] = []
        for run, count in self._runs(models, args, kwargs, table):
            table.add(run, count)
            assert run.guide is not None and run.scored is not None
            leave_out_observed_parts(run.scored, run.guide)
            log_q.append(log_densities(run.guide, run.nesting).expand(count))
            log_p.append(log_densities(run.scored, run.nesting).expand(count))
        guide_log_prob, model_log_prob = torch.cat(log_q), torch.cat(log_p)
        return WeighedPredictiveResults(
            samples=table.result(self.parallel), log_weights=model_log_prob - guide_log_prob,
            guide_log_prob=guide_log_prob, model_log_prob=model_log_prob)
