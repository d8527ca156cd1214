import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyro.poutine.indep_messenger import CondIndepStackFrame, IndepMessenger
from pyro.poutine.runtime import _DIM_ALLOCATOR, _PYRO_STACK, get_plates


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=5))
def test_statements_see_the_contexts_outermost_first(nest):
    """A random nest of loops and tensor dims: loops have counters and no dims, the others dims from the right."""
    def enter(depth):
        if depth == len(nest):
            return get_plates()
        size, vectorized = nest[depth]
        context = IndepMessenger(f"c{depth}", size)
        if vectorized:
            with context:
                return enter(depth + 1)
        return [enter(depth + 1) for _ in context][-1]

    dims = iter(range(-1, -10, -1))
    expected = tuple(CondIndepStackFrame(f"c{i}", next(dims) if vectorized else None, size, 0 if vectorized else size,
                                         size) for i, (size, vectorized) in enumerate(nest))
    frames = enter(0)
    while isinstance(frames, list):
        frames = frames[-1]
    assert tuple(map(tuple, frames)) == tuple(map(tuple, expected))


def test_a_loop_yields_numbers():
    assert list(IndepMessenger("rows", 3)) == [0, 1, 2]
    assert all(type(i) is int for i in IndepMessenger("rows", 3))


def test_indices_are_all():
    assert IndepMessenger("rows", 3).indices.tolist() == [0, 1, 2]
    assert IndepMessenger("rows", 3, device="meta").indices.device.type == "meta"


def test_a_context_may_be_entered_again_elsewhere():
    """It keeps the dim that it had first."""
    rows = IndepMessenger("rows", 3)
    with rows:
        assert [frame.dim for frame in get_plates()] == [-1]
    with IndepMessenger("columns", 2, dim=-2), rows:
        assert [frame.dim for frame in get_plates()] == [-2, -1]


@pytest.mark.parametrize("first", ["with", "for"])
def test_a_context_is_used_one_way(first):
    rows = IndepMessenger("rows", 2)

    def loop():
        return list(rows)

    def block():
        with rows:
            return list(get_plates())

    if first == "with":
        block()
        with pytest.raises(ValueError, match="rows as both vectorized and non-vectorized"):
            loop()
    else:
        loop()
        assert block()[0].dim is None  # a loop's context entered by hand stands for its last round


def test_a_loop_has_no_dim():
    with pytest.raises(ValueError, match="cannot use plate rows as both"):
        next(iter(IndepMessenger("rows", 2, dim=-1)))


@pytest.mark.parametrize(("size", "dim", "error", "message"), [
    (0, None, ZeroDivisionError, "size cannot be zero"),
    (2, 0, ValueError, "Plate 'rows': expected a negative dim.*dim=0"),
    (2, 1, ValueError, "Plate 'rows': expected a negative dim.*dim=1"),
])
def test_bad_arguments(size, dim, error, message):
    with pytest.raises(error, match=message):
        IndepMessenger("rows", size, dim)


def test_a_loop_needs_a_size():
    with pytest.raises(ValueError, match="Plate 'rows': a loop needs a size"):
        next(iter(IndepMessenger("rows", -1)))


@pytest.mark.parametrize("inner", [IndepMessenger("rows", 2), IndepMessenger("columns", 2, dim=-1)])
def test_refused_contexts_leave_the_others_as_they_were(inner):
    with IndepMessenger("rows", 3):
        before = list(_PYRO_STACK), _DIM_ALLOCATOR._owners.get()
        with pytest.raises(ValueError):
            inner.__enter__()
        assert (list(_PYRO_STACK), _DIM_ALLOCATOR._owners.get()) == before


def test_a_context_left_out_of_turn_stays():
    outer, inner = IndepMessenger("outer", 2), IndepMessenger("inner", 3)
    with outer, inner:
        with pytest.raises(ValueError, match="not the innermost"):
            outer.__exit__(None, None, None)
        assert [(frame.name, frame.dim) for frame in get_plates()] == [("outer", -1), ("inner", -2)]
        assert _DIM_ALLOCATOR._owners.get() == ("outer", "inner")


def test_a_loop_that_is_left_leaves_nothing():
    for _ in IndepMessenger("rows", 3):
        break
    with pytest.raises(RuntimeError, match="stop"):
        for _ in IndepMessenger("rows", 3):
            raise RuntimeError("stop")
    assert get_plates() == ()
