"""Warnings that a loop shows once."""

import warnings

import pytest

from pyro.ops.shown_once import remembering, warn_once


def texts(act):
    with warnings.catch_warnings(record=True, action="always") as caught:
        act()
    return [str(each.message) for each in caught]


def test_a_loop_shows_each_text_once():
    shown = set()

    def loop():
        for _ in range(3):
            with remembering(shown):
                warn_once("first")
                warn_once("second")

    assert texts(loop) == ["first", "second"]
    assert texts(loop) == []
    shown.clear()
    assert texts(loop) == ["first", "second"]


def test_outside_of_a_loop_each_call_warns():
    assert texts(lambda: [warn_once("first") for _ in range(2)]) == ["first", "first"]


def test_what_an_inner_loop_has_shown_is_its_own():
    def nested():
        with remembering(set()):
            warn_once("first")
            with remembering(set()):
                warn_once("first")
            warn_once("first")

    assert texts(nested) == ["first", "first"]


def test_a_warning_that_is_an_error_comes_again():
    with remembering(set()), warnings.catch_warnings(action="error"):
        for _ in range(2):
            with pytest.raises(UserWarning, match="first"):
                warn_once("first")


def test_the_callers_line_is_named_and_the_class_kept():
    with pytest.warns(RuntimeWarning) as caught:
        warn_once("first", RuntimeWarning)
    assert caught[0].filename == __file__
