"""Posteriors as weighted sets of traces, and the marginals of their sites.

A :class:`TracePosterior` is a number of runs of a program, each with a log weight; the marginal of a site is the
:class:`~pyro.distributions.Empirical` distribution of its values.
"""

import warnings
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from pyro.distributions.categorical import Categorical
from pyro.distributions.empirical import Empirical
from pyro.ops.stats import waic
from pyro.poutine.handlers import replay, trace
from pyro.poutine.trace_struct import Trace

__all__ = ["EmpiricalMarginal", "Marginals", "TracePosterior", "TracePredictive"]


def _values(run: Trace, sites: str | list[str]) -> Tensor:
    names = [sites] if isinstance(sites, str) else sites
    missing = [name for name in names if name not in run.nodes]
    if missing:
        known = [name for name, site in run.nodes.items() if site["type"] == "sample"]
        raise KeyError(f"EmpiricalMarginal: the traces have no site '{missing[0]}'. They have {known}.")
    values = [torch.as_tensor(run.nodes[name]["value"]) for name in names]
    if isinstance(sites, str):
        return values[0]
    shapes = {name: tuple(value.shape) for name, value in zip(names, values, strict=True)}
    if len(set(shapes.values())) > 1:
        raise RuntimeError(f"EmpiricalMarginal: expected sites of one shape, which can be stacked, got {shapes}. Take "
                           "the marginal of each, or marginal(sites).empirical.")
    return torch.stack(values)


class EmpiricalMarginal(Empirical):
    """The marginal of one or more sites of a posterior.

    Args:
        trace_posterior: a posterior that has been run.
        sites: a site's name, by default the program's result; or names of sites of one shape, which are stacked.
        validate_args: whether to check values; ``None`` follows the global flag.

    Shape:
        batch shape ``()``, or ``(num_chains,)`` where there are several chains.

    Raises:
        AssertionError: if ``sites`` is no name.
        KeyError: if a trace lacks a site.
        RuntimeError: if there are no traces, or the sites differ in shape.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> from pyro.infer import Importance
        >>> def model():
        ...     return pyro.sample("z", dist.Normal(0.0, 1.0))
        >>> EmpiricalMarginal(Importance(model, num_samples=5).run(), "z").sample_size
        5
    """

    def __init__(
        self,
        trace_posterior: "TracePosterior",
        sites: str | Sequence[str] | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._num_chains = trace_posterior.num_chains
        names = "_RETURN" if sites is None else sites
        if not isinstance(names, str | list | tuple):
            raise AssertionError(f"EmpiricalMarginal: expected a site's name or a list of names, got {sites!r}.")
        names = names if isinstance(names, str) else list(names)
        if not trace_posterior.exec_traces:
            raise RuntimeError(f"EmpiricalMarginal: the {type(trace_posterior).__name__} has no traces. Call its run() "
                               "first.")
        chains: list[list[Tensor]] = [[] for _ in range(self._num_chains)]
        log_weights: list[list[Tensor]] = [[] for _ in range(self._num_chains)]
        for run, log_weight, chain in zip(
                trace_posterior.exec_traces, trace_posterior.log_weights, trace_posterior.chain_ids, strict=True):
            chains[chain].append(_values(run, names))
            log_weights[chain].append(torch.as_tensor(log_weight))
        samples = torch.stack([torch.stack(chain) for chain in chains])
        weights = torch.stack([torch.stack(chain) for chain in log_weights])
        if self._num_chains == 1:
            samples, weights = samples[0], weights[0]
        super().__init__(samples, weights, validate_args=validate_args)

    def _get_samples_and_weights(self) -> tuple[Tensor, Tensor]:
        return self._samples, self._log_weights


class Marginals:
    """The marginals of several sites.

    Args:
        trace_posterior: a posterior that has been run.
        sites: names, by default the program's result.
        validate_args: whether to check values; ``None`` follows the global flag.
    """

    def __init__(
        self,
        trace_posterior: "TracePosterior",
        sites: str | Sequence[str] | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(trace_posterior, TracePosterior):
            raise AssertionError(f"Marginals: expected a TracePosterior, got {type(trace_posterior).__name__}.")
        names = ["_RETURN"] if sites is None else [sites] if isinstance(sites, str) else list(sites)
        self.sites = names
        self._marginals = OrderedDict(
            (name, EmpiricalMarginal(trace_posterior, name, validate_args)) for name in names)

    @property
    def empirical(self) -> OrderedDict[str, EmpiricalMarginal]:
        """The marginal of each site."""
        return self._marginals

    def support(self, flatten: bool = False) -> OrderedDict[str, Tensor]:
        """The values of each site.

        Args:
            flatten: whether the dims of chains and of draws become one.

        Returns:
            Values by name, of shape ``(num_samples,) + shape``, or with chains before that.
        """
        values = OrderedDict(
            (name, marginal._get_samples_and_weights()[0]) for name, marginal in self.empirical.items())
        if flatten:
            return OrderedDict((name, value.flatten(0, self.empirical[name].log_weights.dim() - 1))
                               for name, value in values.items())
        return values


class TracePosterior(ABC):
    """A weighted set of runs.

    Subclasses define ``_traces(*args, **kwargs)``, which yields pairs of a trace, or of a trace and the index of its
    chain, and a log weight.

    Args:
        num_chains: how many chains the traces come from.
    """

    def __init__(self, num_chains: int = 1) -> None:
        self.num_chains = num_chains
        self._reset()

    def _reset(self) -> None:
        self.log_weights: Any = []
        self.exec_traces: list[Trace] = []
        self.chain_ids: list[int] = []
        self._idx_by_chain: list[list[int]] = [[] for _ in range(self.num_chains)]
        self._categorical: Categorical | None = None

    def marginal(self, sites: str | Sequence[str] | None = None) -> Marginals:
        """The marginals of sites.

        Args:
            sites: names, by default the program's result.
        """
        return Marginals(self, sites)

    @abstractmethod
    def _traces(self, *args: Any, **kwargs: Any) -> Iterator[tuple[Any, Any]]:
        """Pairs of a run and its log weight."""

    def __call__(self, *args: Any, **kwargs: Any) -> Trace:
        """One of the traces, with the probability that its weight gives it.

        Raises:
            AttributeError: if there are none yet.
        """
        if self._categorical is None:
            raise AttributeError(f"{type(self).__name__}: there are no traces to draw from. Call run() first.")
        chain = int(torch.randint(self.num_chains, ()))
        weights = torch.tensor([float(self.log_weights[index]) for index in self._idx_by_chain[chain]])
        index = self._idx_by_chain[chain][int(torch.multinomial(weights.softmax(-1), 1))]
        return self.exec_traces[index].copy()

    def run(self, *args: Any, **kwargs: Any) -> Self:
        """Makes the traces.

        Args:
            *args: for the programs.
            **kwargs: for the programs.

        Returns:
            This object.
        """
        self._reset()
        with torch.no_grad():
            for index, (item, log_weight) in enumerate(self._traces(*args, **kwargs)):
                run, chain = item if isinstance(item, tuple) else (item, 0)
                self.exec_traces.append(run)
                self.log_weights.append(log_weight)
                self.chain_ids.append(chain)
                self._idx_by_chain[chain].append(index)
        self._categorical = Categorical(logits=torch.tensor([float(weight) for weight in self.log_weights]))
        return self

    def information_criterion(self, pointwise: bool = False) -> OrderedDict[str, Tensor]:
        """The widely applicable information criterion, see :func:`pyro.ops.stats.waic`.

        Args:
            pointwise: whether to keep the observations apart.

        Returns:
            ``waic`` and ``p_waic``, the effective number of parameters.

        Raises:
            ValueError: if the model does not have exactly one observed site.
        """
        if not self.exec_traces:
            return OrderedDict()
        first = self.exec_traces[0]
        names = [name for name in first.observation_nodes if not first.nodes[name]["infer"].get("_deterministic")]
        if len(names) != 1:
            raise ValueError(f"Infomation criterion calculation only works for models with one observation node: got "
                             f"{names}. Use pyro.infer.log_likelihood and pyro.ops.stats.waic for others.")
        site = names[0]
        log_likelihoods = torch.stack(
            [run.nodes[site]["fn"].log_prob(run.nodes[site]["value"]) for run in self.exec_traces])
        log_weights = torch.stack([torch.as_tensor(weight) for weight in self.log_weights])
        criterion, parameters = waic(log_likelihoods, log_weights, pointwise)
        return OrderedDict([("waic", criterion), ("p_waic", parameters)])


class TracePredictive(TracePosterior):
    """Runs of a model on traces of a posterior; :class:`pyro.infer.Predictive` has taken its place.

    Args:
        model: the model.
        posterior: a posterior that has been run.
        num_samples: how many runs.
        keep_sites: the sites to keep the values of; by default all that are not observed.
    """

    def __init__(
        self, model: Any, posterior: TracePosterior, num_samples: int, keep_sites: Sequence[str] | None = None
    ) -> None:
        warnings.warn("The `TracePredictive` class is deprecated and will be removed in a future release. Use the "
                      "`pyro.infer.Predictive` class instead.", FutureWarning, stacklevel=2)
        self.model = model
        self.posterior = posterior
        self.num_samples = num_samples
        self.keep_sites = keep_sites
        super().__init__()

    def _traces(self, *args: Any, **kwargs: Any) -> Iterator[tuple[Trace, Tensor]]:
        data = trace(self.model).get_trace(*args, **kwargs) if self.num_samples else None
        for _ in range(self.num_samples):
            assert data is not None
            run = self._adjust_to_data(self._remove_dropped_nodes(self.posterior()), data)
            yield trace(replay(self.model, trace=run)).get_trace(*args, **kwargs), torch.tensor(0.0)

    def _remove_dropped_nodes(self, run: Trace) -> Trace:
        """Leaves only what is to be kept."""
        for name, site in list(run.nodes.items()):
            is_kept = name in self.keep_sites if self.keep_sites is not None else not site.get("is_observed")
            if site["type"] != "sample" or not is_kept:
                run.remove_node(name)
        return run

    def _adjust_to_data(self, run: Trace, data_trace: Trace) -> Trace:
        """Leaves out values of sites whose plates now have other rows."""
        for name, site in list(run.nodes.items()):
            here = data_trace.nodes.get(name)
            if here is None or here["value"].shape != site["value"].shape:
                run.remove_node(name)
        return run

    def marginal(self, sites: str | Sequence[str] | None = None) -> Marginals:
        """The marginals of sites.

        Args:
            sites: names, by default the model's result.
        """
        return Marginals(self, sites)
