"""Compiled code is kept where nobody but the user can put any."""

import os
import sys

import pytest

from pyro import settings
from pyro.compiler.inductor import folder as module
from pyro.compiler.inductor.folder import VARIABLE, UnsafeFolder, chosen_folder, make_folder, verify_folder

posix = pytest.mark.skipif(sys.platform == "win32", reason="no modes")


def test_the_setting_comes_before_the_variable_and_that_before_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen_folder().parts[-2:] == ("flashover", "inductor")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "by variable"))
    assert chosen_folder() == tmp_path / "by variable"
    with settings.context(inductor_directory=str(tmp_path / "by setting")):
        assert chosen_folder() == tmp_path / "by setting"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the place of other systems")
@pytest.mark.parametrize(("given", "is_taken"), [("/somewhere", True), ("relative", False), ("", False)])
def test_the_users_cache(monkeypatch, given, is_taken):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    assert str(chosen_folder()).startswith("/somewhere") == is_taken
    assert chosen_folder().is_absolute()


@posix
def test_it_is_made_for_the_user_alone(tmp_path):
    place = tmp_path / "a" / "b"
    for _ in range(2):
        make_folder(place)
        assert place.stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o1777])
def test_refused_where_others_may_write(tmp_path, mode):
    place = tmp_path / "store"
    place.mkdir()
    place.chmod(mode)
    with pytest.raises(UnsafeFolder, match=f"others may write to {place}"):
        verify_folder(place)


@posix
@pytest.mark.parametrize(("mode", "is_safe"), [(0o755, True), (0o1777, True), (0o777, False), (0o775, False)])
def test_folders_on_the_way(tmp_path, mode, is_safe):
    way, place = tmp_path / "way", tmp_path / "way" / "store"
    place.mkdir(parents=True)
    place.chmod(0o700)
    way.chmod(mode)
    if is_safe:
        verify_folder(place)
    else:
        with pytest.raises(UnsafeFolder, match=f"chmod go-w {way}"):
            verify_folder(place)


@posix
@pytest.mark.parametrize("hops", [1, 2])
def test_who_can_turn_a_symbolic_link_elsewhere_decides_what_is_executed(tmp_path, hops):
    place = tmp_path / "store"
    make_folder(place)
    for hop in range(hops):
        open_to_all = tmp_path / f"open {hop}"
        open_to_all.mkdir()
        link = open_to_all / "link"
        link.symlink_to(place)
        verify_folder(link)
        place = link
    (tmp_path / "open 0").chmod(0o777)
    with pytest.raises(UnsafeFolder, match="open 0, on the way"):
        verify_folder(place)


@posix
def test_refused_where_it_belongs_to_somebody_else(tmp_path, monkeypatch):
    make_folder(tmp_path / "store")
    user = os.getuid()
    monkeypatch.setattr(module.os, "getuid", lambda: user + 1)
    with pytest.raises(UnsafeFolder, match=f"belongs to user {user}, expected {user + 1}"):
        verify_folder(tmp_path / "store")


@posix
def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "store").write_text("")
    with pytest.raises(UnsafeFolder, match="is no folder"):
        verify_folder(tmp_path / "store")
