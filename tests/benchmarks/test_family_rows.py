"""Every family is timed or listed with the reason, and every row can be built here."""

import pytest
import torch

import pyro.distributions as dist
from benchmarks.family_case import tensors
from benchmarks.family_row import Row
from benchmarks.family_rows import NOT_COMPARABLE, ROWS
from pyro.distributions.distribution import Distribution

NAMES = {row.name for row in ROWS}
FAMILIES = {name for name in dist.__all__ if isinstance(getattr(dist, name), type)
            and issubclass(getattr(dist, name), (Distribution, torch.distributions.Distribution))}


def test_every_family_has_a_row_or_a_reason() -> None:
    assert FAMILIES - NAMES - NOT_COMPARABLE.keys() == set()
    assert len(NAMES) == len(ROWS)
    assert not NAMES & NOT_COMPARABLE.keys()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_builds_its_family(row: Row) -> None:
    parameters = tensors(row, row.shapes[0])
    family = row.make(dist, parameters)
    value = row.value(parameters).detach() if row.value else family.sample()
    if "log_prob" in row.works:
        assert family.log_prob(value).isfinite().all()


def test_parameters_are_renamed_for_numpyro() -> None:
    class Library:
        """Stands for NumPyro."""

        @staticmethod
        def Wishart(**arguments: object) -> object:
            return sorted(arguments)

    row = next(row for row in ROWS if row.name == "Wishart")
    assert row.make(Library, row.parameters, is_numpyro=True) == ["concentration", "scale_tril"]
    assert row.make(Library, row.parameters) == ["df", "scale_tril"]
