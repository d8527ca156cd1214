"""Integrates latent sites out by conjugacy, with funsor's lazy terms in place of tensors.

The handler is not available yet: funsor's torch backend builds on distributions that this package does not have. The
module holds the public names, those of funsor where it is installed.

Reference: F. Obermeyer et al. (2019), *Functional tensors for probabilistic programming*.
"""

from typing import Any

from pyro.poutine.trace_messenger import TraceMessenger

try:
    from funsor.cnf import Contraction  # type: ignore[import-not-found,unused-ignore]
    from funsor.delta import Delta  # type: ignore[import-not-found,unused-ignore]
    from funsor.terms import Funsor, Variable  # type: ignore[import-not-found,unused-ignore]

    _HAS_FUNSOR = True
except ImportError:
    Contraction = Delta = Funsor = Variable = object
    _HAS_FUNSOR = False

__all__ = ["CollapseMessenger", "Contraction", "Delta", "Funsor", "Variable"]


class CollapseMessenger(TraceMessenger):
    """Would sum or integrate the latent sites inside out and leave one factor in their place.

    Raises:
        ImportError: if funsor is not installed.
        NotImplementedError: if it is.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not _HAS_FUNSOR:
            raise ImportError("poutine.collapse needs the package funsor, which is not installed.")
        raise NotImplementedError("poutine.collapse is not available yet: funsor's torch backend does not load with "
                                  "this package. Sum discrete sites out by TraceEnum_ELBO, or write the marginal "
                                  "distribution down.")
