"""Rows of the table of families: random walks, copulas, matrix and zero-sum families."""

from tests.distributions.case import Case

CASES: list[Case] = []
