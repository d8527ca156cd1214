"""Rows of the table of families: hidden Markov models and Gaussian processes in time."""

from tests.distributions.case import Case

CASES: list[Case] = []
