import contextvars
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyro.poutine.dims import _DimAllocator, _EnumAllocator


def owners(allocator):
    return allocator._owners.get()


@given(st.lists(st.integers(-5, -1) | st.none(), max_size=8))
def test_plates_get_the_dim_they_ask_for_or_the_rightmost_free_one(wishes):
    """Whatever a nest asks for, its dims are distinct, and leaving it in reverse leaves no trace."""
    allocator, taken = _DimAllocator(), {}
    for position, wish in enumerate(wishes):
        name = f"plate_{position}"
        if wish in taken.values():
            before = owners(allocator)
            with pytest.raises(ValueError, match=rf"'{name}' and .* collide at dim={wish}.*dim={wish - 1}"):
                allocator.allocate(name, wish)
            assert owners(allocator) == before
            continue
        free = next(dim for dim in range(-1, -10, -1) if dim not in taken.values())
        assert allocator.allocate(name, wish) == (free if wish is None else wish)
        taken[name] = free if wish is None else wish
    assert {name: -1 - dim for dim, name in enumerate(owners(allocator)) if name is not None} == taken
    for name in reversed(taken):
        allocator.free(name, taken[name])
    assert owners(allocator) == ()


@pytest.mark.parametrize(("name", "dim", "message"), [
    ("outer", None, "duplicate plate 'outer'"),
    ("outer", -3, "Plate 'outer' is already active"),
    ("inner", -1, "Plates 'inner' and 'outer' collide at dim=-1"),
    ("inner", 0, "Plate 'inner': expected a negative dim.*got dim=0"),
    ("inner", 2, "Plate 'inner': expected a negative dim.*got dim=2"),
])
def test_refusals_name_the_plates_and_change_nothing(name, dim, message):
    allocator = _DimAllocator()
    allocator.allocate("outer", None)
    with pytest.raises(ValueError, match=message):
        allocator.allocate(name, dim)
    assert owners(allocator) == ("outer",)


@pytest.mark.parametrize(("name", "dim"), [("other", -1), ("outer", -2), ("other", -9)])
def test_only_the_owner_frees_a_dim(name, dim):
    allocator = _DimAllocator()
    allocator.allocate("outer", -1)
    allocator.free(name, dim)
    assert owners(allocator) == ("outer",)


def test_enumerated_sites_take_dims_leftwards_and_ids_upwards():
    allocator = _EnumAllocator()
    allocator.set_first_available_dim(-3)
    assert [allocator.allocate() for _ in range(3)] == [(-3, 0), (-4, 1), (-5, 2)]
    assert allocator.dim_to_id == {-3: 0, -4: 1, -5: 2}
    allocator.set_first_available_dim(-1)
    assert allocator.allocate() == (-1, 0) and allocator.next_available_dim == -2


@given(st.sets(st.integers(-8, -3)))
def test_a_site_with_a_scope_reuses_dims_but_not_ids(scope):
    allocator = _EnumAllocator()
    allocator.set_first_available_dim(-3)
    first, first_id = allocator.allocate(scope)
    second, second_id = allocator.allocate(scope)
    assert first == second == max(set(range(-9, -2)) - scope)
    assert second_id == first_id + 1
    assert allocator.next_available_dim == -3 and allocator.dim_to_id == {}


@pytest.mark.parametrize("dim", [0, 1])
def test_the_first_dim_is_negative(dim):
    with pytest.raises(ValueError, match=f"negative first_available_dim, got {dim}"):
        _EnumAllocator().set_first_available_dim(dim)


def test_threads_and_contexts_have_dims_of_their_own():
    plates, sites = _DimAllocator(), _EnumAllocator()
    plates.allocate("outer", None)
    sites.set_first_available_dim(-5)
    seen = []

    def elsewhere():
        seen.append((plates.allocate("other", None), sites.next_available_dim))

    thread = threading.Thread(target=contextvars.Context().run, args=(elsewhere,))
    thread.start()
    thread.join()
    assert seen == [(-1, -1)]
    contextvars.copy_context().run(plates.allocate, "inner", None)
    assert owners(plates) == ("outer",) and sites.next_available_dim == -5
