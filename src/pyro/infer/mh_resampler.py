"""Independence Metropolis-Hastings over batches of weighed draws.

Each call takes a batch of proposals with weights ``w``, and replaces the current draw of each row by the proposal of
that row with probability ``min(1, w' / w)``; every row is then a chain whose stationary distribution is the posterior.

Reference: C. P. Robert and G. Casella (2004), *Monte Carlo Statistical Methods*, section 7.4.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["MHResampler"]


def _choose(take_new: Tensor, new: Tensor, old: Tensor) -> Tensor:
    return torch.where(take_new.reshape((-1,) + (1,) * (new.dim() - 1)), new, old)


def _concatenated(batches: list[Any]) -> Any:
    """Batches of weighed draws as one."""
    if not batches:
        raise ValueError("MHResampler: expected stored samples, got none. Pass source_samples_slice= or "
                         "stored_samples_slice=, for example slice(None), and call the resampler first.")
    first = batches[0]
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(first):
        values = [getattr(batch, field.name) for batch in batches]
        if isinstance(values[0], dict):
            fields[field.name] = {name: torch.cat([value[name] for value in values]) for name in values[0]}
        elif isinstance(values[0], tuple):
            fields[field.name] = tuple(torch.cat(list(parts)) for parts in zip(*values, strict=True))
        else:
            fields[field.name] = torch.cat(values)
    return type(first)(**fields)


class MHResampler(torch.nn.Module):
    """Draws from the posterior by Metropolis-Hastings over the draws of a weighed sampler.

    Args:
        sampler: returns :class:`~pyro.infer.predictive.WeighedPredictiveResults` or alike, the same number of draws
            each time, such as :class:`~pyro.infer.WeighedPredictive`.
        source_samples_slice: which batches of the sampler to keep, a slice of the list of all; none by default.
        stored_samples_slice: which states of the chains to keep.

    References:
        S. Chib and E. Greenberg (1995), *Understanding the Metropolis-Hastings algorithm*.
    """

    def __init__(
        self,
        sampler: Callable[..., Any],
        source_samples_slice: slice = slice(0),
        stored_samples_slice: slice = slice(0),
    ) -> None:
        super().__init__()
        self.sampler = sampler
        self.samples: Any = None
        self.transition_count = torch.tensor(0, dtype=torch.long)
        self.source_samples: list[Any] = []
        self.source_samples_slice = source_samples_slice
        self.stored_samples: list[Any] = []
        self.stored_samples_slice = stored_samples_slice

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """One step of all chains.

        Args:
            *args: for the sampler.
            **kwargs: for the sampler.

        Returns:
            The chains' states, with the weights that they were proposed with.
        """
        with torch.no_grad():
            proposals = self.sampler(*args, **kwargs)
            if self.source_samples_slice != slice(0):
                self.source_samples = [*self.source_samples, proposals.clone()][self.source_samples_slice]
            if self.samples is None:
                self.samples = proposals.clone()
                self.transition_count = torch.zeros_like(proposals.log_weights, dtype=torch.long)
            else:
                self._step(proposals)
            if self.stored_samples_slice != slice(0):
                self.stored_samples = [*self.stored_samples, self.samples.clone()][self.stored_samples_slice]
        return self.samples

    def _step(self, proposals: Any) -> None:
        log_ratio = proposals.log_weights - self.samples.log_weights
        take_new = torch.rand_like(log_ratio).log() < log_ratio
        self.transition_count += take_new.long()
        for field in dataclasses.fields(proposals):
            new, old = getattr(proposals, field.name), getattr(self.samples, field.name)
            if isinstance(new, dict):
                chosen: Any = {name: _choose(take_new, new[name], old[name]) for name in old}
            elif isinstance(new, tuple):
                chosen = tuple(_choose(take_new, *pair) for pair in zip(new, old, strict=True))
            else:
                chosen = _choose(take_new, new, old)
            setattr(self.samples, field.name, chosen)

    def get_min_sample_transition_count(self) -> Tensor:
        """How often the chain that moved least has moved."""
        return self.transition_count.min()

    def get_total_transition_count(self) -> Tensor:
        """How often the chains have moved, all together."""
        return self.transition_count.sum()

    def get_source_samples(self) -> Any:
        """The kept draws of the sampler, as one batch.

        Raises:
            ValueError: if none are kept.
        """
        return self.get_samples(self.source_samples)

    def get_stored_samples(self) -> Any:
        """The kept states of the chains, as one batch.

        Raises:
            ValueError: if none are kept.
        """
        return self.get_samples(self.stored_samples)

    def get_samples(self, samples: list[Any]) -> Any:
        """Batches as one.

        Args:
            samples: weighed draws.

        Returns:
            An object of their class.

        Raises:
            ValueError: if there are none.
        """
        return _concatenated(samples)
