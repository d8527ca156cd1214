"""A process that compiles: what it is given, how it ends, what it leaves."""

import gc
import os
import pickle
import signal

import pytest
import torch

from pyro.compiler.errors import Unsupported
from pyro.compiler.graph import StepGraph
from pyro.compiler.inductor import compile as module
from pyro.compiler.inductor.compile import Job, ModuleName, accept, input_specs, task_of
from pyro.compiler.inductor.store import Store
from tests.compiler.inductor.processes import has_died, holds, is_alive
from tests.compiler.inductor.steps import ROLES, inputs, noisy_descent, step_graph
from tests.compiler.models import MODELS
from tests.compiler.trajectories import compiled_step

posix = pytest.mark.skipif(os.name != "posix", reason="no process groups")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", 1 << 30)


@pytest.fixture
def worker(monkeypatch, tmp_path):
    """Replaces what the process does by given code."""
    def replace(code):
        (tmp_path / "stands_for_the_worker.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(module, "_WORKER", "stands_for_the_worker")

    return replace


def ended(job):
    return holds(lambda: not job.is_running)


def said(job):
    log = job._place / "log.txt"
    assert holds(lambda: log.read_text().endswith("\n"))
    return log.read_text()


def test_a_plain_step_is_accepted():
    accept(step_graph())


@pytest.mark.parametrize(("draw", "what"), [
    (lambda: torch.randn(()), "would draw other numbers"),
    (lambda: torch.ops.flashover.bernoulli([], 0.5, dtype=torch.float32, device=torch.device("cpu")),
     "flashover.bernoulli.default cannot be part of it")])
def test_a_step_with_numbers_of_its_own_is_refused(draw, what):
    graph = step_graph(lambda *args: (*noisy_descent(*args)[:3], args[4] + draw(), args[4] > 0))
    with pytest.raises(Unsupported, match=what):
        accept(graph)


def test_samplers_with_keys_are_refused():
    graph = compiled_step(MODELS["gamma_guide"]()).graph
    with pytest.raises(Unsupported, match="flashover.standard_gamma"):
        accept(graph)


def test_the_task_is_the_step(store):
    constant = torch.tensor([1.5])
    graph = step_graph(lambda *args: (*noisy_descent(*args)[:3], args[4] + constant.sum(), args[4] > 0))
    task = pickle.loads(pickle.dumps(task_of(graph, "k", store)))
    given = [value[0] if role.value == "row" else value for value, role in zip(inputs(), ROLES, strict=True)]
    assert "def forward(self" in task.code and task.names["torch"] == ModuleName("torch")
    assert [value.tolist() for value in task.constants] == [[1.5]]
    assert task.states == (0, 1, 2) and task.threads == torch.get_num_threads()
    assert [spec.shape for spec in task.inputs] == [tuple(value.shape) for value in given]


def test_state_is_compiled_as_runs_keep_it():
    graph = step_graph()
    turned = tuple(i if i.spec.shape != (3, 4, 3, 3) else type(i)(i.name, i.role, type(i.spec)(
        i.spec.shape, i.spec.dtype, (1, 3, 12, 36), i.spec.device)) for i in graph.inputs)
    assert input_specs(StepGraph(graph.module, turned, graph.outputs)) == input_specs(graph)
    assert input_specs(graph)[3].stride == graph.inputs[3].spec.stride != torch.empty(2, 4, 6, 6).stride()


@posix
def test_it_has_a_group_and_a_place_of_its_own(store, worker):
    worker("import os, sys; print(os.getpgrp() == os.getpid(), sys.flags.safe_path, os.environ['OMP_NUM_THREADS'], "
           "os.environ['TORCHINDUCTOR_CACHE_DIR']); sys.exit(3)")
    job = Job(step_graph(), "k", store)
    place = job._place
    assert ended(job)
    assert job.problem() == f"True True 1 {place / 'inductor'}"
    assert not place.exists() and place.parent == store.folder


@posix
def test_a_job_that_is_stopped_ends_with_what_it_started(store, worker):
    worker("import subprocess, sys; child = subprocess.Popen([sys.executable, '-S', '-c', 'input()'], "
           "stdin=subprocess.PIPE); print(child.pid, flush=True); child.wait()")
    job = Job(step_graph(), "k", store)
    child = int(said(job))
    assert job.is_running and is_alive(child)
    job.stop()
    assert not job.is_running and not job._place.exists() and has_died(child)
    job.stop()


@posix
def test_a_job_ends_with_its_owner(store, worker):
    worker("import threading; print('ready', flush=True); threading.Event().wait()")
    job = Job(step_graph(), "k", store)
    said(job)
    process = job._process
    del job
    gc.collect()
    assert process.poll() == -signal.SIGKILL


def test_a_process_without_a_word(store, worker):
    worker("import sys; sys.exit(4)")
    job = Job(step_graph(), "k", store)
    assert ended(job) and job.problem() == "the compiling process ended with code 4"


def test_a_process_that_made_something(store, worker):
    worker("print('a warning')")
    job = Job(step_graph(), "k", store)
    assert ended(job) and job.problem() is None
