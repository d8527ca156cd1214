"""Rows of the table of families: truncated, censored, hurdle and power-law families."""

from tests.distributions.case import Case

CASES: list[Case] = []
