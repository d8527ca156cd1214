"""Guides in parts: each part has some of the model's sites."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from pyro.infer.autoguide.callable import AutoCallable
from pyro.infer.autoguide.guide import AutoGuide, Values
from pyro.poutine.trace_struct import Trace

__all__ = ["AutoGuideList"]


class AutoGuideList(AutoGuide, torch.nn.ModuleList):
    """A list of guides, each for the model with the other parts' sites hidden; they run one after the other.

    Args:
        model: the whole model.
        create_plates: see :class:`~pyro.infer.autoguide.AutoGuide`; for all parts.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> from pyro import poutine
        >>> from pyro.infer.autoguide import AutoDelta, AutoNormal
        >>> def model():
        ...     pyro.sample("x", dist.Normal(0.0, 1.0))
        ...     pyro.sample("y", dist.Normal(0.0, 1.0))
        >>> guide = AutoGuideList(model)
        >>> guide.append(AutoDelta(poutine.block(model, expose=["x"])))
        >>> guide.append(AutoNormal(poutine.block(model, hide=["x"])))
        >>> sorted(guide())
        ['x', 'y']
    """

    def _check_prototype(self, part_trace: Trace) -> None:
        assert self.prototype_trace is not None
        known = {name for name, _ in self._sites()}
        for name, _ in part_trace.iter_stochastic_nodes():
            if name not in known:
                raise AssertionError(f"AutoGuideList: a part has a site '{name}' that the model has not, or observes. "
                                     f"Its latent sites are {sorted(known)}.")

    def append(self, part: Any) -> None:  # type: ignore[override]  # a list returns itself
        """Adds a part.

        Args:
            part: a guide, or a function, which becomes an :class:`AutoCallable`.
        """
        if not isinstance(part, AutoGuide):
            part = AutoCallable(self.model, part)
        if part.master is not None:
            raise RuntimeError(f"AutoGuideList: the {type(part).__name__} is part of another guide already. Make a new "
                               "one.")
        setattr(self, str(len(self)), part)

    def add(self, part: Any) -> None:
        """Deprecated name of :meth:`append`.

        Args:
            part: a guide or a function.
        """
        self.append(part)

    def _set_up_for_state(self) -> bool:
        # the parts have the parameters, and need this prototype for theirs
        super()._set_up_for_state()
        return True

    def forward(self, *args: Any, **kwargs: Any) -> Values:
        """Runs the parts.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name.
        """
        self._set_up(*args, **kwargs)
        self._create_plates(*args, **kwargs)
        values: Values = {}
        for part in self:
            found = part(*args, **kwargs)
            self._check_new(values, found)
            values.update(found)
        return values

    def _check_new(self, values: Values, found: Values) -> None:
        twice = sorted(values.keys() & found.keys())
        if twice:
            raise ValueError(f"AutoGuideList: the sites {twice} are in more than one part. Hide them from all parts "
                             "but one, by poutine.block(model, hide=[...]).")

    def median(self, *args: Any, **kwargs: Any) -> Values:
        """The parts' medians.

        Args:
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name.
        """
        self._set_up(*args, **kwargs)
        values: Values = {}
        part: Any
        for part in self:
            values.update(part.median(*args, **kwargs))
        return values

    def quantiles(self, quantiles: float | Iterable[float] | Tensor, *args: Any, **kwargs: Any) -> Values:
        """The parts' quantiles.

        Args:
            quantiles: probabilities.
            *args: the model's.
            **kwargs: the model's.

        Returns:
            Values by site name, with a leftmost dim for the probabilities.
        """
        self._set_up(*args, **kwargs)
        values: Values = {}
        part: Any
        for part in self:
            values.update(part.quantiles(quantiles, *args, **kwargs))
        return values
