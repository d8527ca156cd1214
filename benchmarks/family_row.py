"""What a row of the table of timed families is: how to build one family in every library, and at which sizes.

The rows know no library: a row builds its distribution from the module ``distributions`` of flashover, of upstream or
of NumPyro, and from parameters that are arrays of that library.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Nested = float | list["Nested"]
Build = Callable[[Any, Mapping[str, Any]], Any]

SHAPES: tuple[tuple[int, ...], ...] = ((), (1000,), (100, 1000))
"""Batch shapes."""

LENGTHS: tuple[tuple[int, ...], ...] = ((10,), (100,), (1000,))
"""Lengths of time series, which stand in place of batch shapes."""

WORKS = ("log_prob", "draw")

# Parameters that many rows take.
WEIGHTS: Nested = [0.2, 0.3, 0.5]
VECTOR: Nested = [0.5, -1.0, 2.0]
POSITIVE: Nested = [0.5, 1.0, 2.0]
LOGITS: Nested = [0.1, 0.5, -0.4]
TRIL: Nested = [[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.2, -0.3, 1.5]]
CORRELATION: Nested = [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8]]


@dataclass(frozen=True)
class Row:
    """One family.

    Args:
        name: its name, in every library.
        parameters: by name, for one batch element, or for one step of a time series; their gradients are taken.
        static: further arguments.
        libraries: which peers have the family: U for upstream, N for NumPyro.
        renamed: NumPyro's names of parameters, where they differ.
        draws_gradients: whether draws have gradients; else draws alone are timed.
        shapes: what stands before the shapes of ``parameters``, the smallest first.
        build: builds the distribution where that is not just a call of its class.
        shared: parameters that all batch elements or steps share; gradients of those that are not whole numbers are
            taken as well.
        works: what the peers can do: score, draw or both.
        value: makes a value to score from all parameters, where a peer cannot draw one.
    """

    name: str
    parameters: Mapping[str, Nested]
    static: Mapping[str, Any] = field(default_factory=dict)
    libraries: str = "UN"
    renamed: Mapping[str, str] = field(default_factory=dict)
    draws_gradients: bool = True
    shapes: tuple[tuple[int, ...], ...] = SHAPES
    build: Build | None = None
    shared: Mapping[str, Nested] = field(default_factory=dict)
    works: tuple[str, ...] = WORKS
    value: Callable[[Mapping[str, Any]], Any] | None = None

    def make(self, distributions: Any, parameters: Mapping[str, Any], is_numpyro: bool = False) -> Any:
        """Builds the distribution.

        Args:
            distributions: the library's module of families.
            parameters: arrays of the library.
            is_numpyro: whether it is NumPyro.
        """
        if self.build is not None:
            return self.build(distributions, parameters)
        names = self.renamed if is_numpyro else {}
        return getattr(distributions, self.name)(
            **{names.get(name, name): value for name, value in (*parameters.items(), *self.static.items())}
        )


def plain(name: str, libraries: str = "UN", **parameters: Nested) -> Row:
    """A family that is built by a call of its class."""
    return Row(name, parameters, libraries=libraries)


def discrete(name: str, static: Mapping[str, Any] | None = None, libraries: str = "UN", **parameters: Nested) -> Row:
    """The same, where draws have no gradients."""
    return Row(name, parameters, static or {}, libraries, draws_gradients=False)


def built(name: str, build: Build, libraries: str = "UN", draws_gradients: bool = True, **parameters: Nested) -> Row:
    """A family that a function builds."""
    return Row(name, parameters, libraries=libraries, draws_gradients=draws_gradients, build=build)
