"""Loop nests."""

from hypothesis import given
from hypothesis import strategies as st

from pyro.compiler.loop.code import FAST, Code, Module
from pyro.compiler.loop.index import Index, Var
from pyro.compiler.loop.nest import Dim, Range, lane_pieces, merged, position, walk
from pyro.compiler.loop.scalar import F32
from pyro.compiler.loop.scope import Access, Binding, Buffer


def fresh_code() -> Code:
    return Code(Module({}), FAST)


@given(st.integers(0, 70), st.sampled_from([1, 2, 4, 8]))
def test_pieces_cover_a_range_once(extent: int, width: int) -> None:
    covered = [offset + i for offset, lanes in lane_pieces(extent, width) for i in range(lanes)]
    assert covered == list(range(extent))
    assert all(lanes <= width for _, lanes in lane_pieces(extent, width))


def test_dims_merge_where_addresses_agree() -> None:
    i, j = Var("k0", 6), Var("k1", 5)
    buffer = Buffer("%b", F32, 30)
    together = Access(buffer, Index.of(i) * 5 + Index.of(j))
    apart = Access(buffer, Index.of(i) + Index.of(j) * 6)
    assert [d.extent for d in merged(fresh_code(), [i, j], {}, [together], set())] == [30]
    assert [d.extent for d in merged(fresh_code(), [i, j], {}, [together, apart], set())] == [6, 5]
    assert [d.extent for d in merged(fresh_code(), [i, j], {}, [together], {j})] == [6, 5]


def test_strips_of_merged_dims_start_at_their_row() -> None:
    i, j = Var("k0", 6), Var("k1", 5)
    code = fresh_code()
    (dim,) = merged(
        code, [i, j], {i: Range("%row", 2)}, [Access(Buffer("%b", F32, 30), Index.of(i) * 5 + Index.of(j))], set()
    )
    assert dim.extent == 10
    assert code.lines == [f"{dim.start} = mul nsw i64 %row, 5"]
    assert dim.fixed(3) == {i: Binding(None), j: Binding(dim.start, 3)}


def test_few_bodies_come_in_a_row() -> None:
    i, j = Var("k0", 2), Var("k1", 3)
    seen: list[tuple[int, int]] = []
    code = fresh_code()
    walk(code, [Dim((i,), 2), Dim((j,), 3)], lambda b: seen.append((b[i].offset, b[j].offset)))
    assert seen == [(a, b) for a in range(2) for b in range(3)]
    assert code.lines == []
    walk(code, [Dim((i,), 200)], lambda b: seen.append((0, 0)))
    assert sum("phi" in line for line in code.lines) == 1


def test_dims_of_one_stay_at_zero() -> None:
    assert position([Var("k0", 1), Var("k1", 2)]) == (Index(), Index.of(Var("k1", 2)))
