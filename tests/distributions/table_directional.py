"""Rows of the table of families: directional, stable, mixture and rejection families."""

from tests.distributions.case import Case

CASES: list[Case] = []
