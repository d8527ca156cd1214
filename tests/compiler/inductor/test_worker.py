"""Compiled code does what the step does, from the task to the store and back."""

import pickle

import pytest
import torch

from pyro.compiler.inductor import worker
from pyro.compiler.inductor.compile import task_of
from pyro.compiler.inductor.lowering import load
from pyro.compiler.inductor.store import Store
from pyro.compiler.inductor.toolchain import what_is_missing
from pyro.compiler.inductor.worker import main, step_function
from pyro.compiler.replay import Replay
from tests.compiler.inductor.steps import ROLES, STEPS, inputs, noisy_descent, records, step_graph

KEY = "c" * 64


def with_constants(*args):
    """The step with a tensor of its own, and one that is made anew in each step."""
    results = noisy_descent(*args)
    made = torch.full((3,), 2.0)
    return *results[:3], results[3] + (torch.tensor([1.0, 2.0, 3.0]) * made).sum(), results[4]


@pytest.fixture
def task(tmp_path):
    return task_of(step_graph(with_constants), KEY, Store(tmp_path / "store", 1 << 30))


def test_the_function_of_a_task(task):
    given = [value[0] if role.value == "row" else value for value, role in zip(inputs(), ROLES, strict=True)]
    task = pickle.loads(pickle.dumps(task))
    for got, expected in zip(step_function(task)(None, *given, *task.constants), with_constants(*given), strict=True):
        assert torch.equal(got, expected)


@pytest.mark.skipif(what_is_missing("cpu") is not None, reason="no C++ compiler")
def test_compiled_code_takes_the_steps(task, tmp_path, monkeypatch):
    job = tmp_path / "job"
    job.mkdir()
    (job / "job.pickle").write_bytes(pickle.dumps(task))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(job / "inductor"))
    main(job / "job.pickle")
    graph = step_graph(with_constants)
    lowering = load(graph, Store(task.folder, task.limit).find(KEY))
    got, expected = ([*inputs(), *records()] for _ in range(2))
    state = got[:3]
    for first, count in ((0, 1), (1, 0), (1, STEPS - 1)):
        lowering.run(got[:6], got[6:], count, first)
    Replay(graph).run(expected[:6], expected[6:], STEPS)
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
    assert all(one is other for one, other in zip(got, state, strict=False)), "state is updated in place"


def test_nothing_is_stored_where_nothing_was_made(task, tmp_path, monkeypatch):
    def fail(task, place):
        raise RuntimeError("no code")

    monkeypatch.setattr(worker, "compile_task", fail)
    (tmp_path / "job.pickle").write_bytes(pickle.dumps(task))
    with pytest.raises(RuntimeError, match="no code"):
        main(tmp_path / "job.pickle")
    assert Store(task.folder, task.limit).entries() == []
