"""Along which plates the rows of a plated factor graph can be eliminated independently of each other.

Variables and factors stand in plates. A factor uses, of a variable, the elements of its own row where the two share a
plate, and the elements of all rows of the variable's other plates. Rows stay apart in a plate only if every factor of a
variable is in the plate, and if the plates of the variables that meet in what an elimination leaves behind are nested;
elsewhere rows become parts of one larger vector.

Reference:
    F. Obermeyer et al. (2019), *Tensor variable elimination for plated factor graphs*
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Factor", "InnerPlates", "Plates", "Variable", "independent_plates"]

Plates = frozenset[str]


@dataclass(frozen=True)
class Variable:
    """A vector in each row of some plates.

    Attributes:
        plates: the plates' names, in the order of the dims of its tensors.
        size: the length of the vector.
    """

    plates: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Factor:
    """A square in each row of some plates.

    Attributes:
        plates: the plates' names, in the order of the dims of its tensors.
        variables: the names of the variables in it, in the order of the rows of A.
        rank: the number of columns of A.
    """

    plates: tuple[str, ...]
    variables: tuple[str, ...]
    rank: int


@dataclass
class InnerPlates:
    """Along which plates the elimination keeps rows apart.

    Attributes:
        variables: the plates in whose rows each variable is eliminated.
        factors: the plates in whose rows each factor is used.
        outer: for each set of plates, the variables of outer plates that its factors touch.
    """

    variables: dict[str, Plates]
    factors: dict[str, Plates]
    outer: dict[Plates, set[str]]


def independent_plates(
    variables: Mapping[str, Variable], factors: Mapping[str, Factor], dense: bool
) -> InnerPlates:
    """Takes plates away from variables and factors until rows can be eliminated independently of each other.

    Args:
        variables: by name.
        factors: by name.
        dense: whether to take all plates away.
    """
    inner: dict[str, Plates] = {name: frozenset(() if dense else variable.plates)
                                for name, variable in variables.items()}
    while True:
        used = _agree(variables, factors, inner)
        outer = _nest(factors, inner, used)
        if outer is not None:
            return InnerPlates(inner, used, outer)


def _agree(
    variables: Mapping[str, Variable], factors: Mapping[str, Factor], inner: dict[str, Plates]
) -> dict[str, Plates]:
    """Makes each variable's plates plates of all its factors, where a factor has the plates that its variables kept."""
    used = {name: frozenset(factor.plates) for name, factor in factors.items()}
    changed = True
    while changed:
        changed = False
        for name, factor in factors.items():
            for other in factor.variables:
                lost = (frozenset(variables[other].plates) & used[name]) - inner[other]
                used[name] -= lost
                kept = inner[other] & used[name]
                changed |= bool(lost) or kept != inner[other]
                inner[other] = kept
    return used


def _nest(
    factors: Mapping[str, Factor], inner: dict[str, Plates], used: Mapping[str, Plates]
) -> dict[Plates, set[str]] | None:
    """The outer variables of each set of plates; ``None`` after a change of ``inner`` where the sets do not nest."""
    found: dict[Plates, set[str]] = {plates: set() for plates in (*inner.values(), *used.values())}
    for name, factor in factors.items():
        found[used[name]] |= {other for other in factor.variables if inner[other] != used[name]}
    for plates in sorted(found, key=lambda plates: (-len(plates), sorted(plates))):
        outer = found[plates]
        if not outer:
            continue
        nests = {inner[other] for other in outer}
        parent = frozenset().union(*nests)
        if parent not in nests:
            inner.update(dict.fromkeys(outer, frozenset.intersection(*nests)))
            return None
        found[parent] |= {other for other in outer if inner[other] != parent}
    return found
