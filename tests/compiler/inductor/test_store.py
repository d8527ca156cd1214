"""What the store gives back is what was put there, whole, under the same key."""

import os
import time

import pytest

from pyro.compiler.inductor.folder import UnsafeFolder
from pyro.compiler.inductor.store import Store

KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", 1000)


def put(store, key, content, age=0.0):
    place = store.workplace()
    (place / "step.pt2").write_bytes(content)
    path = store.put(key, place / "step.pt2")
    place.rmdir()
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_nothing_is_made_before_something_is_put(store):
    assert store.find(KEY) is None and store.entries() == [] and store.clean() == 0
    assert not store.folder.exists()


def test_what_was_put_is_found(store):
    put(store, KEY, b"code")
    assert store.find(KEY).read_bytes() == b"code" and store.find(OTHER) is None
    assert [(entry.key, entry.size) for entry in store.entries()] == [(KEY, 4)]


def damage(path):
    path.write_bytes(b"c0de")


def cut_short(path):
    path.write_bytes(b"co")


def exchange_for_a_link(path):
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


@pytest.mark.parametrize("harm", [damage, cut_short, exchange_for_a_link])
def test_an_entry_that_was_changed_is_removed(store, harm):
    harm(put(store, KEY, b"code"))
    assert store.find(KEY) is None and store.entries() == []


def test_an_entry_of_another_key_is_removed(store):
    path = put(store, KEY, b"code")
    path.rename(path.with_name(path.name.replace(KEY, OTHER)))
    assert store.find(OTHER) is None and store.entries() == []


def test_an_entry_made_twice_is_kept_once(store):
    """As two processes do, whose compilers need not write the same bytes."""
    put(store, KEY, b"one", age=10.0)
    put(store, KEY, b"two")
    assert store.find(KEY) is not None
    assert len(store.entries()) == 1


def test_the_least_recently_used_goes_first(store):
    for i in range(3):
        put(store, f"{i}" * 64, bytes(300), age=100.0 - i)
    assert store.find("0" * 64) is not None  # used now
    put(store, KEY, bytes(300))
    assert [entry.key for entry in store.entries()] == ["2" * 64, "0" * 64, KEY]


def test_the_latest_is_kept_even_if_it_is_too_large(store):
    put(store, OTHER, b"small")
    put(store, KEY, bytes(2000))
    assert [entry.key for entry in store.entries()] == [KEY]


def test_cleaning_leaves_foreign_files(store):
    put(store, KEY, b"code")
    (store.folder / "notes.txt").write_text("mine")
    (store.workplace() / "half").write_text("")
    assert store.clean() == 4
    assert [path.name for path in store.folder.iterdir()] == ["notes.txt"]


def test_what_killed_processes_left_is_removed_after_a_day(store):
    old, new = store.workplace(), store.workplace()
    os.utime(old, (time.time() - 100_000,) * 2)
    put(store, KEY, b"code")
    assert new.exists() and not old.exists()


@pytest.mark.skipif(os.name != "posix", reason="no modes")
@pytest.mark.parametrize("use", [Store.entries, Store.clean, Store.workplace, lambda store: store.find(KEY)])
def test_no_use_of_a_folder_to_which_others_may_write(store, use):
    put(store, KEY, b"code")
    store.folder.chmod(0o777)
    with pytest.raises(UnsafeFolder):
        use(store)
