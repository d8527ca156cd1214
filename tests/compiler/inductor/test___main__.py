"""``python -m pyro.compiler.inductor``."""

import pytest

from pyro import settings
from pyro.compiler.inductor.__main__ import main
from pyro.compiler.inductor.store import Store


@pytest.fixture
def store(tmp_path):
    with settings.context(inductor_directory=str(tmp_path / "store"), inductor_gigabytes=0.5):
        yield Store(tmp_path / "store", 1 << 30)


def put(store, key):
    place = store.workplace()
    (place / "step.pt2").write_bytes(bytes(1_500_000))
    store.put(key, place / "step.pt2")


@pytest.mark.parametrize("arguments", [[], ["--list"]])
def test_listing(store, arguments):
    assert main(arguments) == f"0 compiled steps, 0.0 MB of 500 MB, in {store.folder}"
    put(store, "a" * 64)
    entry, total = main(arguments).splitlines()
    assert entry.startswith("aaaaaaaaaaaaaaaa     1.5 MB  used 2") and total.startswith("1 compiled steps, 1.5 MB")


def test_cleaning(store):
    put(store, "a" * 64)
    assert main(["--clean"]) == f"removed 1.5 MB from {store.folder}"
    assert store.entries() == [] and main(["--clean"]).startswith("removed 0.0 MB")


def test_a_folder_that_is_not_safe(store, capsys):
    put(store, "a" * 64)
    store.folder.chmod(0o777)
    with pytest.raises(SystemExit):
        main(["--clean"])
    assert "others may write to" in capsys.readouterr().err
