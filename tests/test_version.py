"""The version is one fact, and a foreign ``pyro-ppl`` in the environment is reported once, with its remedy."""

import importlib.metadata
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from packaging.version import Version

from pyro.version import RELEASE, __version__, warn_of_conflict

SOURCE = Path(__file__).parents[1] / "src"


def install_metadata(folder: Path, version: str) -> None:
    """Makes ``folder`` look like a site-packages in which pyro-ppl is installed."""
    info = folder / f"pyro_ppl-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pyro-ppl\nVersion: {version}\n")


def test_version_is_the_api_level_with_our_release():
    version = Version(__version__)
    assert version.public == "1.9.0"
    assert version.local == f"flashover.{RELEASE}"


def test_installed_distribution_has_the_same_release():
    try:
        installed = importlib.metadata.version("flashover")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("flashover runs from its source folder without being installed")
    assert installed == RELEASE


def test_foreign_pyro_ppl_is_reported_with_the_command_that_mends_it(tmp_path, monkeypatch):
    install_metadata(tmp_path, "1.9.1")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.warns(RuntimeWarning, match=r"pyro-ppl 1\.9\.1 .*pip uninstall --yes pyro-ppl && pip install "):
        warn_of_conflict()


def test_stand_in_is_no_conflict(tmp_path, monkeypatch):
    install_metadata(tmp_path, "1.9.2+flashover")
    monkeypatch.syspath_prepend(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_conflict()


@pytest.mark.parametrize(("version", "reports"), [("1.9.1", 1), ("1.9.2+flashover", 0)])
def test_import_reports_a_conflict_once(tmp_path, version, reports):
    install_metadata(tmp_path, version)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SOURCE), str(tmp_path)])}
    run = subprocess.run([sys.executable, "-c", "import pyro, pyro.distributions, pyro.infer"], env=environment,
                         capture_output=True, text=True, check=True)
    assert run.stderr.count("pip uninstall --yes pyro-ppl") == reports
