"""Rows of the table of families: counts, zero inflation, coalescents, matchings and families of one formula."""

from tests.distributions.case import Case

CASES: list[Case] = []
