"""A lowering comes between two chunks, when it is there; when it does not come, the run goes on."""

import warnings

import pytest

from pyro import settings
from pyro.compiler.errors import Unsupported
from pyro.compiler.inductor import later as module
from pyro.compiler.inductor.later import Later
from pyro.compiler.inductor.lowering import Inductor
from tests.compiler.inductor.steps import step_graph
from tests.compiler.models import MODELS
from tests.compiler.trajectories import compiled_step

ENOUGH = 1e6


class Job:
    """Stands for the process."""

    made: list["Job"] = []

    def __init__(self, graph, key, store):
        self.key, self.store, self.started = key, store, 0.0
        self.is_running, self.is_stopped, self.error = True, False, None
        self.made.append(self)

    def problem(self):
        return self.error

    def stop(self):
        self.is_stopped = True

    def ends(self, content=b"code"):
        place = self.store.workplace()
        (place / "step.pt2").write_bytes(content)
        self.store.put(self.key, place / "step.pt2")
        self.is_running = False


@pytest.fixture
def jobs(monkeypatch, tmp_path):
    """The processes that were started; a package is whatever can be read."""
    monkeypatch.setattr(Job, "made", [])
    monkeypatch.setattr(module, "Job", Job)
    monkeypatch.setattr(module, "_warned", set())
    monkeypatch.setattr(module, "what_is_missing", lambda device: None)
    monkeypatch.setattr(module, "load", load)
    with settings.context(inductor_directory=str(tmp_path / "store")):
        yield Job.made


def load(graph, package):
    if package.read_bytes() != b"code":
        raise RuntimeError("made for another system")
    return Inductor(graph, None)


def test_what_inductor_cannot_take():
    with pytest.raises(Unsupported):
        Later(compiled_step(MODELS["gamma_guide"]()).graph)


def test_a_short_run_starts_nothing(jobs, tmp_path):
    later = Later(step_graph())
    assert later.poll(1.0) is None and later.poll() is None and later.from_store() is None
    assert not jobs and not (tmp_path / "store").exists()
    assert later.state() == "inductor begins to compile where a run is expected to take 20 s more"


def test_it_comes_when_it_is_there_and_for_later_runs_at_once(jobs):
    later = Later(step_graph())
    assert [later.poll(ENOUGH) for _ in range(3)] == [None] * 3 and len(jobs) == 1
    assert later.state().startswith("inductor compiles in the background since ")
    jobs[0].ends()
    assert isinstance(later.poll(0.0), Inductor) and later.seconds > 0
    assert isinstance(Later(step_graph()).from_store(), Inductor)


def test_a_loop_of_steps_is_expected_to_go_on_as_long_as_it_has(jobs, monkeypatch):
    later = Later(step_graph())
    later.poll()
    assert not jobs
    monkeypatch.setattr(later, "_began", later._began - ENOUGH)
    later.poll()
    assert len(jobs) == 1


def test_a_run_that_ends_stops_it_and_the_next_one_starts_it_again(jobs):
    later = Later(step_graph())
    later.poll(ENOUGH)
    later.stop()
    later.stop()
    assert jobs[0].is_stopped
    later.poll(1.0)
    assert len(jobs) == 1
    later.poll(ENOUGH)
    assert len(jobs) == 2


def test_what_cannot_be_compiled_is_not_tried_again(jobs):
    later = Later(step_graph())
    later.poll(ENOUGH)
    jobs[0].is_running, jobs[0].error = False, "error: no such header"
    assert [later.poll(ENOUGH) for _ in range(3)] == [None] * 3 and len(jobs) == 1
    assert later.state() == "inductor could not compile the step: error: no such header"


def test_what_cannot_be_loaded_is_removed(jobs):
    later = Later(step_graph())
    later.poll(ENOUGH)
    jobs[0].ends(b"other")
    assert later.poll(ENOUGH) is None and "cannot be loaded" in later.state()
    assert jobs[0].store.entries() == []


def test_a_process_that_cannot_be_started(jobs, monkeypatch):
    def refuse(*args):
        raise OSError("no more processes")

    monkeypatch.setattr(module, "Job", refuse)
    later = Later(step_graph())
    assert later.poll(ENOUGH) is None and later.state() == "inductor could not start to compile: no more processes"


def test_what_to_install_is_said_once_and_only_when_it_would_help(jobs, monkeypatch):
    monkeypatch.setattr(module, "what_is_missing", lambda device: f"a compiler for {device}: install it")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Later(step_graph()).poll(1.0)
        assert not caught
        for _ in range(2):
            later = Later(step_graph())
            later.poll(ENOUGH)
            later.poll(ENOUGH)
    assert [str(warning.message) for warning in caught] == [
        "inductor needs a compiler for cpu: install it; svi.run could take less time. It goes on in another way."]
    assert not jobs and later.state() == "inductor needs a compiler for cpu: install it"


def test_switched_off(jobs):
    with settings.context(inductor=False):
        later = Later(step_graph())
    assert later.poll(ENOUGH) is None and later.from_store() is None and not jobs
    assert later.state() == "inductor is switched off by the setting `inductor`"


def test_a_folder_that_is_not_safe_is_not_used(jobs, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store").chmod(0o777)
    later = Later(step_graph())
    with pytest.warns(UserWarning, match="not kept on disk: others may write to .* inductor_directory"):
        assert later.from_store() is None
    later.poll(ENOUGH)
    place = jobs[0].store.folder
    assert place != tmp_path / "store" and place.exists()
    jobs[0].ends()
    assert isinstance(later.poll(), Inductor)
    del later
    assert not place.exists(), "what is not kept is removed"
