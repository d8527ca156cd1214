"""The stand-in for ``pyro-ppl`` satisfies requirements on that name, depends on flashover and installs no module."""

import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytest.importorskip("setuptools", minversion="77")

STAND_IN = Path(__file__).parents[2] / "packaging" / "pyro-ppl"
BUILD = "from setuptools.build_meta import build_wheel; build_wheel('wheel')"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in's wheel, built offline from a copy, so that nothing is written into the checkout."""
    source = tmp_path_factory.mktemp("build") / "source"
    shutil.copytree(STAND_IN, source)
    subprocess.run([sys.executable, "-c", BUILD], cwd=source, check=True, capture_output=True)
    (built,) = (source / "wheel").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_contains_metadata_only(wheel):
    with zipfile.ZipFile(wheel) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"pyro_ppl-1.9.2+flashover.dist-info"}


def test_depends_on_flashover_alone(metadata):
    assert metadata["Name"] == "pyro-ppl"
    assert metadata.get_all("Requires-Dist") == ["flashover"]


@pytest.mark.parametrize(("requirement", "satisfied"), [
    ("pyro-ppl", True), ("pyro-ppl>=1.8.4", True), ("pyro-ppl~=1.9.0", True), ("pyro-ppl==1.9.2", True),
    ("pyro-ppl<1.9", False), ("pyro-ppl==1.9.1", False),
])
def test_satisfies_the_requirements_that_its_version_does(metadata, requirement, satisfied):
    assert Requirement(requirement).specifier.contains(metadata["Version"]) is satisfied
