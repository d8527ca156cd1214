"""Recorded steps are the steps, whatever memory a run comes with. What records is a parameter: here it is no device."""

import pytest
import torch

from pyro.compiler import cuda_graph
from pyro.compiler.cuda_graph import CudaGraph, record_on_cuda
from pyro.compiler.device import on_device
from pyro.compiler.replay import Replay
from tests.compiler.inductor.steps import STEPS, inputs, records, step_graph


class Recorder:
    """Records as a device does: what is recorded reads and writes the addresses of then, and does nothing yet."""

    def __init__(self):
        self.recorded = 0
        self.replays = 0

    def __call__(self, run):
        self.recorded += 1

        def replay():
            self.replays += 1
            run()

        return replay


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def expected():
    given, written = inputs(), records()
    Replay(step_graph()).run(given, written, STEPS)
    return [*given[:3], *written]


def taken(lowering, given, chunks=((0, STEPS),)):
    written = records()
    for first, count in chunks:
        lowering.run(given, written, count, first)
    return [*given[:3], *written]


@pytest.mark.parametrize(("steps", "replays"), [(1, 6), (4, 3), (6, 1), (7, 6)])
def test_many_steps_at_a_time_and_the_rest_one_by_one(recorder, expected, monkeypatch, steps, replays):
    monkeypatch.setattr(cuda_graph, "_MAX_STEPS", steps)
    got = taken(CudaGraph(Replay(step_graph()), recorder), inputs())
    assert all(map(torch.equal, got, expected))
    assert recorder.replays == replays


@pytest.mark.parametrize("chunks", [((0, 2), (2, 0), (2, 4)), ((0, 1), (1, 4), (5, 1))])
def test_chunks_go_on_where_the_last_one_ended(recorder, expected, chunks):
    got = taken(CudaGraph(Replay(step_graph()), recorder), inputs(), chunks)
    assert all(map(torch.equal, got, expected))
    assert recorder.recorded == 2, "one graph for many steps, one for a single one"


def test_few_steps_of_large_graphs(monkeypatch):
    monkeypatch.setattr(cuda_graph, "_MAX_OPERATIONS", 30)
    graph = step_graph()
    operations = sum(node.op == "call_function" for node in graph.module.graph.nodes)
    assert CudaGraph(Replay(graph), Recorder())._steps == 30 // operations


def test_a_run_on_other_data_records_once_more_and_then_copies(recorder):
    """The first run's data is read where it lies: it may be large."""
    graph = step_graph()
    lowering = CudaGraph(Replay(graph), recorder)
    for scale, recorded in ((1.0, 2), (2.0, 4), (3.0, 4), (4.0, 4)):
        given, other, written = inputs(), inputs(), records()
        given[3], other[3] = given[3] * scale, other[3] * scale
        kept = given[3].clone()
        Replay(graph).run(other, written, STEPS)
        assert all(map(torch.equal, taken(lowering, given), [*other[:3], *written]))
        assert recorder.recorded == recorded and torch.equal(given[3], kept)


def test_data_that_changes_in_its_place_is_read_anew(recorder):
    graph = step_graph()
    lowering = CudaGraph(Replay(graph), recorder)
    data, rate = inputs()[3:5]
    for _ in range(2):
        given, other, written = inputs(), inputs(), records()
        given[3], given[4], other[4] = data, rate.clone(), rate
        other[3] = data.clone()
        Replay(graph).run(other, written, STEPS)
        assert all(map(torch.equal, taken(lowering, given), [*other[:3], *written]))
        data.add_(1.0)
        rate.mul_(2.0)
    assert recorder.recorded == 2


def test_its_name_says_what_is_replayed(recorder):
    assert CudaGraph(Replay(step_graph()), recorder).name == "captured graph, replayed by CUDA"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_device(expected):
    total = torch.zeros((), device="cuda")
    replay = record_on_cuda(lambda: total.add_(1.0))
    before = total.item()
    replay()
    assert total.item() == before + 1.0
    graph = on_device(step_graph(), torch.device("cuda", 0))
    given, written = ([value.cuda() for value in values] for values in (inputs(), records()))
    CudaGraph(Replay(graph)).run(given, written, STEPS)
    for got, value in zip([*given[:3], *written], expected, strict=True):
        torch.testing.assert_close(got.cpu(), value, rtol=1e-4, atol=1e-4)
