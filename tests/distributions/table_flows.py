"""Rows of the table of families: families that transforms build."""

from tests.distributions.case import Case

CASES: list[Case] = []
