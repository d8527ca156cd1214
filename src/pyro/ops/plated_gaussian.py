r"""Normal distributions whose precision matrix is a sum of small factors repeated over plates.

Each factor f touches a few variables, x_f, and adds a square to the log-density:

.. math::
    \log q(x) = -\tfrac12 \sum_f \left\| A_f^\top x_f - w_f \right\|^2 + \text{const}

Variables and factors stand in plates; a factor in plates F uses, of a variable in plates U, the elements of its own row
where the two share a plate, and the elements of all rows of the other plates. The precision matrix
:math:`\sum_f A_f A_f^\top` is therefore sparse, and is never formed: variables are eliminated plate by plate, from the
innermost plates outwards, all rows of a plate at once. What an elimination leaves behind, the Schur complement, is a
factor of the variables further out:

.. math::
    P_{ll} = L L^\top, \quad C = L^{-1} P_{lo}, \quad v = L^{-1} h_l, \qquad
    P_{oo} \leftarrow P_{oo} - C^\top C, \quad h_o \leftarrow h_o - C^\top v

A draw goes the other way: :math:`x_l = L^{-\top} (v + \epsilon_l - C x_o)`. Where the plates do not nest in such a way
that the rows stay independent (:mod:`pyro.ops.plated_structure`), rows are treated as parts of one larger vector; in
the extreme all variables are, and the elimination is the Cholesky factorisation of the dense precision matrix.

References:
    F. Obermeyer et al. (2019), *Tensor variable elimination for plated factor graphs*;
    D. Koller and N. Friedman (2009), *Probabilistic graphical models*, ch. 9
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import torch
from torch import Tensor

from pyro.ops.plated_structure import Factor, Plates, Variable, independent_plates
from pyro.ops.tensor_utils import matvecmul, triangular_solve

__all__ = ["Factor", "PlatedGaussian", "Solved", "Variable"]

@dataclass
class _Group:
    """The variables that are eliminated together: those whose rows are the rows of the same plates."""

    plates: tuple[str, ...]
    factors: list[str]
    local: list[str]
    outer: list[str]
    parent: "_Group | None" = None
    # constant positions, see PlatedGaussian._index_group
    entries: Tensor = field(default_factory=lambda: torch.empty(0))
    white_entries: Tensor = field(default_factory=lambda: torch.empty(0))
    to_parent: Tensor = field(default_factory=lambda: torch.empty(0))
    rows_of: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class _Elimination:
    """What the elimination of a group's variables found: L, C and v of the module's docstring."""

    factor: Tensor
    coupling: Tensor
    white: Tensor


@dataclass(frozen=True)
class Solved:
    """A normal distribution, ready to draw from.

    Attributes:
        structure: what depends on what.
        steps: the eliminations, outermost plates first.
    """

    structure: "PlatedGaussian"
    steps: tuple[_Elimination, ...]

    def log_det(self) -> Tensor:
        """The logarithm of the square root of the precision matrix's determinant."""
        logs = [step.factor.diagonal(dim1=-2, dim2=-1).log().sum() for step in self.steps if step.factor.size(-1)]
        return torch.stack(logs).sum()

    def unwhiten(self, noise: Tensor) -> Tensor:
        """The draw that belongs to standard normal numbers; zeros give the mean.

        Args:
            noise: shape batch_shape + (n,).

        Returns:
            A tensor of the same shape: all variables, each with its rows in the order of its plates.
        """
        return self.structure._unwhiten(self.steps, noise)

    def whiten(self, value: Tensor) -> Tensor:
        """The standard normal numbers that belong to a draw.

        Args:
            value: shape batch_shape + (n,).

        Returns:
            A tensor of the same shape.
        """
        return self.structure._whiten(self.steps, value)


class PlatedGaussian:
    """The structure of a normal distribution over variables in plates.

    Args:
        variables: by name.
        factors: by name.
        plate_sizes: by name.
        dense: whether to treat all rows as parts of one vector, which costs the cube of the number of all elements.

    Example:
        >>> variables = {"mu": Variable((), 1), "x": Variable(("rows",), 1)}
        >>> factors = {"mu": Factor((), ("mu",), 1), "x": Factor(("rows",), ("x", "mu"), 1)}
        >>> structure = PlatedGaussian(variables, factors, {"rows": 3})
        >>> structure.factor_shape("x")
        (3, 2, 1)
        >>> ones = {"mu": torch.ones(1, 1), "x": torch.tensor([1.0, -1.0])[:, None].expand(3, 2, 1)}
        >>> solved = structure.solve(ones, {"mu": torch.tensor([2.0]), "x": torch.zeros(3, 1)})
        >>> solved.unwhiten(torch.zeros(4))  # mu is near 2, and each x near mu
        tensor([2., 2., 2., 2.])
    """

    def __init__(
        self, variables: Mapping[str, Variable], factors: Mapping[str, Factor], plate_sizes: Mapping[str, int],
        *, dense: bool = False,
    ) -> None:
        self.variables = dict(variables)
        self.factors = dict(factors)
        self.plate_sizes = dict(plate_sizes)
        nests = [each.plates for each in variables.values()] + [each.plates for each in factors.values()]
        self._order = list(dict.fromkeys(name for nest in nests for name in nest))
        self._inner = independent_plates(self.variables, self.factors, dense)
        self._groups = self._make_groups()
        for group in self._groups:
            self._index_group(group)

    # ---- shapes

    def _sizes(self, plates: Sequence[str]) -> tuple[int, ...]:
        return tuple(self.plate_sizes[plate] for plate in plates)

    def numel(self, name: str) -> int:
        """How many elements a variable has, all rows included."""
        variable = self.variables[name]
        return prod(self._sizes(variable.plates)) * variable.size

    def factor_shape(self, name: str) -> tuple[int, ...]:
        """The shape of a factor's A: its plates' sizes, the elements that it touches, its rank."""
        factor = self.factors[name]
        touched = sum(prod(self._sizes(self._beyond(other, factor.plates))) * self.variables[other].size
                      for other in factor.variables)
        return (*self._sizes(factor.plates), touched, factor.rank)

    def _beyond(self, name: str, plates: Sequence[str] | Plates) -> tuple[str, ...]:
        """The plates of a variable that are not among the given ones."""
        return tuple(plate for plate in self.variables[name].plates if plate not in plates)

    def _block(self, name: str) -> int:
        """How many elements a variable has in each row of the plates along which it is eliminated."""
        return prod(self._sizes(self._beyond(name, self._inner.variables[name]))) * self.variables[name].size

    # ---- structure

    def _in_order(self, plates: Plates) -> tuple[str, ...]:
        return tuple(plate for plate in self._order if plate in plates)

    def _make_groups(self) -> list[_Group]:
        """The groups, those of outer plates first."""
        inner = self._inner
        groups: dict[Plates, _Group] = {}
        for plates, outer in inner.outer.items():
            groups[plates] = _Group(
                self._in_order(plates),
                [name for name, own in inner.factors.items() if own == plates],
                [name for name, own in inner.variables.items() if own == plates],
                [name for name in self.variables if name in outer])
        for group in groups.values():
            if group.outer:
                group.parent = groups[frozenset().union(*(inner.variables[name] for name in group.outer))]
        return sorted(groups.values(), key=lambda group: len(group.plates))

    def _offsets(self, group: _Group) -> tuple[dict[str, int], int]:
        """Where each variable of a group begins, and how many elements there are in a row."""
        offsets, total = {}, 0
        for name in (*group.local, *group.outer):
            offsets[name] = total
            total += self._block(name)
        return offsets, total

    def _index_group(self, group: _Group) -> None:
        """Finds out which numbers of the factors stand where in the group's A and w, and in the parent's variables.

        An entry is a position in the factors' concatenated numbers; the position after the last stands for a zero.
        """
        offsets, height = self._offsets(group)
        rows = prod(self._sizes(group.plates))
        width = sum(prod(self._sizes(self._flat_plates(name, group))) * self.factors[name].rank
                    for name in group.factors)
        total = sum(prod(self.factor_shape(name)) for name in group.factors)
        entries = torch.full((rows, height, width), total)
        white = torch.zeros((rows, width), dtype=torch.long)
        start = white_start = column = 0
        for name in group.factors:
            factor = self.factors[name]
            flat = self._flat_plates(name, group)
            self._index_factor(name, group, offsets, start, column, entries)
            sizes = (*self._sizes(factor.plates), factor.rank)
            grid = dict(zip((*factor.plates, "rank"), _grid(sizes), strict=True))
            columns = column + self._ravel(grid, (*flat, "rank"), {"rank": factor.rank})
            white[self._ravel(grid, group.plates, {}), columns] = torch.arange(prod(sizes)).reshape(sizes) + white_start
            start, white_start = start + prod(self.factor_shape(name)), white_start + prod(sizes)
            column += prod(self._sizes(flat)) * factor.rank
        group.entries, group.white_entries = entries, white
        self._index_outer(group)

    def _index_factor(
        self, name: str, group: _Group, offsets: Mapping[str, int], start: int, column: int, entries: Tensor
    ) -> None:
        """Enters where the numbers of one factor stand; they begin at a start and have columns from one on."""
        factor, shape, flat = self.factors[name], self.factor_shape(name), self._flat_plates(name, group)
        own = torch.arange(prod(shape)).reshape(shape) + start
        begin = 0
        for other in factor.variables:
            beyond = self._beyond(other, factor.plates)
            axes = (*factor.plates, *beyond, "", "rank")
            sizes = (*self._sizes(factor.plates), *self._sizes(beyond), self.variables[other].size, factor.rank)
            end = begin + prod(sizes[len(factor.plates) : -1])
            grid = dict(zip(axes, _grid(sizes), strict=True))
            inside = self._beyond(other, self._inner.variables[other])
            position = (self._ravel(grid, group.plates, {}),
                        offsets[other] + self._ravel(grid, (*inside, ""), {"": self.variables[other].size}),
                        column + self._ravel(grid, (*flat, "rank"), {"rank": factor.rank}))
            entries[position] = own[..., begin:end, :].reshape(sizes)
            begin = end

    def _flat_plates(self, name: str, group: _Group) -> tuple[str, ...]:
        return tuple(plate for plate in self.factors[name].plates if plate not in group.plates)

    def _ravel(self, grid: Mapping[str, Tensor], axes: Sequence[str], other_sizes: Mapping[str, int]) -> Tensor:
        """The position in a flattened tensor with the given axes of the elements at the given coordinates."""
        result = torch.zeros((), dtype=torch.long)
        for axis in axes:
            result = result * other_sizes.get(axis, self.plate_sizes.get(axis, 1)) + grid[axis]
        return result

    def _index_outer(self, group: _Group) -> None:
        """Finds the outer variables' elements among those of the parent, and their rows among their own."""
        grid = dict(zip(group.plates, _grid(self._sizes(group.plates)), strict=True))
        for name in group.outer:
            rows = self._ravel(grid, self._in_order(self._inner.variables[name]), {})
            group.rows_of[name] = rows.expand(self._sizes(group.plates)).reshape(-1)
        if group.parent is None:
            return
        offsets, height = self._offsets(group.parent)
        found = torch.full((height,), sum(map(self._block, group.outer)))
        start = 0
        for name in group.outer:
            size = self._block(name)
            found[offsets[name] : offsets[name] + size] = torch.arange(size) + start
            start += size
        group.to_parent = found

    # ---- numbers

    def solve(self, sqrts: Mapping[str, Tensor], whites: Mapping[str, Tensor]) -> Solved:
        """Eliminates all variables.

        Args:
            sqrts: A of each factor, of :meth:`factor_shape`.
            whites: w of each factor, of the same shape without the last dim but one.

        Returns:
            The distribution.
        """
        messages: dict[int, list[tuple[Tensor, Tensor]]] = {id(group): [] for group in self._groups}
        steps = []
        for group in reversed(self._groups):
            precision, info = self._assemble(group, sqrts, whites)
            for more_precision, more_info in messages[id(group)]:
                precision, info = precision + more_precision, info + more_info
            n = sum(map(self._block, group.local))
            factor = torch.linalg.cholesky(precision[..., :n, :n]) if n > 1 else precision[..., :n, :n].sqrt()
            right = torch.cat([precision[..., :n, n:], info[..., :n, None]], -1)
            solved = triangular_solve(right, factor) if n else right
            coupling, white = solved[..., :-1], solved[..., -1]
            steps.append(_Elimination(factor, coupling, white))
            if group.parent is not None:
                rest = precision[..., n:, n:] - coupling.mT @ coupling
                rest_info = info[..., n:] - matvecmul(coupling.mT, white)
                messages[id(group.parent)].append(self._pass_on(group, rest, rest_info))
        return Solved(self, tuple(reversed(steps)))

    def _assemble(
        self, group: _Group, sqrts: Mapping[str, Tensor], whites: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The precision matrices and information vectors that a group's factors make."""
        flat = [sqrts[name].reshape(-1) for name in group.factors]
        some = next(iter(sqrts.values()))
        numbers = torch.cat([*flat, some.new_zeros(1)])
        sqrt = numbers[group.entries.to(some.device)]
        if not group.factors:
            return sqrt @ sqrt.mT, sqrt.sum(-1)
        white = torch.cat([whites[name].reshape(-1) for name in group.factors])[group.white_entries.to(some.device)]
        return sqrt @ sqrt.mT, matvecmul(sqrt, white)

    def _pass_on(self, group: _Group, precision: Tensor, info: Tensor) -> tuple[Tensor, Tensor]:
        """What is left of a group, summed over the rows that its parent does not have, in the parent's order."""
        assert group.parent is not None
        sizes = self._sizes(group.plates)
        dims = [i for i, plate in enumerate(group.plates) if plate not in group.parent.plates]
        size = info.size(-1)
        precision = precision.reshape(*sizes, size, size).sum(dims).reshape(-1, size, size)
        info = info.reshape(*sizes, size).sum(dims).reshape(-1, size)
        where = group.to_parent.to(info.device)
        padded = torch.nn.functional.pad(precision, (0, 1, 0, 1))
        return (padded.index_select(-1, where).index_select(-2, where),
                torch.nn.functional.pad(info, (0, 1)).index_select(-1, where))

    def _outer_values(self, group: _Group, values: Mapping[str, Tensor]) -> Tensor | None:
        """The values of a group's outer variables, one row for each of the group's."""
        parts = [values[name].index_select(-2, group.rows_of[name].to(values[name].device)) for name in group.outer]
        return torch.cat(parts, -1) if parts else None

    def _unwhiten(self, steps: Sequence[_Elimination], noise: Tensor) -> Tensor:
        values: dict[str, Tensor] = {}
        whites = self._split(noise)
        for group, step in zip(self._groups, steps, strict=True):
            if not group.local:
                continue
            white = step.white + torch.cat([whites[name] for name in group.local], -1)
            outer = self._outer_values(group, values)
            if outer is not None:
                white = white - matvecmul(step.coupling, outer)
            drawn = triangular_solve(white[..., None], step.factor, transpose=True)[..., 0]
            values.update(zip(group.local, drawn.split([self._block(name) for name in group.local], -1), strict=True))
        return self._join(values)

    def _whiten(self, steps: Sequence[_Elimination], value: Tensor) -> Tensor:
        values = self._split(value)
        whites: dict[str, Tensor] = {}
        for group, step in zip(self._groups, steps, strict=True):
            if not group.local:
                continue
            own = torch.cat([values[name] for name in group.local], -1)
            white = matvecmul(step.factor.mT, own) - step.white
            outer = self._outer_values(group, values)
            if outer is not None:
                white = white + matvecmul(step.coupling, outer)
            whites.update(zip(group.local, white.split([self._block(name) for name in group.local], -1), strict=True))
        return self._join(whites)

    def _axes(self, name: str) -> Iterator[int]:
        """A variable's plates, those along which it is eliminated first, as positions among its plates."""
        plates, inner = self.variables[name].plates, self._inner.variables[name]
        ordered = (*self._in_order(inner), *self._beyond(name, inner))
        return (plates.index(plate) for plate in ordered)

    def _split(self, flat: Tensor) -> dict[str, Tensor]:
        """Takes the variables out of a vector of all, each as rows of the plates along which it is eliminated."""
        result, batch = {}, flat.shape[:-1]
        for part, (name, variable) in zip(flat.split([self.numel(name) for name in self.variables], -1),
                                          self.variables.items(), strict=True):
            axes = [len(batch) + axis for axis in self._axes(name)]
            shaped = part.reshape(*batch, *self._sizes(variable.plates), variable.size)
            moved = shaped.permute(*range(len(batch)), *axes, shaped.dim() - 1)
            result[name] = moved.reshape(*batch, -1, self._block(name))
        return result

    def _join(self, values: Mapping[str, Tensor]) -> Tensor:
        """Undoes :meth:`_split`."""
        parts = []
        for name, variable in self.variables.items():
            axes = list(self._axes(name))
            batch = values[name].shape[:-2]
            sizes = self._sizes(variable.plates)
            shaped = values[name].reshape(*batch, *(sizes[axis] for axis in axes), variable.size)
            back = [len(batch) + axes.index(axis) for axis in range(len(axes))]
            parts.append(shaped.permute(*range(len(batch)), *back, shaped.dim() - 1).reshape(*batch, -1))
        return torch.cat(parts, -1)


def _grid(sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """The coordinates of all elements of a tensor, each of the tensor's full shape."""
    return torch.meshgrid(*map(torch.arange, sizes), indexing="ij") if sizes else ()
