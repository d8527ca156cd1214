import pytest
import torch

from pyro.compiler.inductor.lowering import Inductor, load
from pyro.compiler.replay import Replay
from tests.compiler.inductor.steps import STEPS, inputs, records, step_graph


class Package:
    """Stands for compiled code, which reads memory in the layout that it was made for."""

    def __init__(self, graph):
        self.graph = graph

    def run(self, given):
        assert isinstance(given, list)
        assert [tuple(value.stride()) for value in given[:3]] == [(36, 9, 3, 1), (36, 9, 3, 1), ()]
        assert given[3].stride() == self.graph.inputs[3].spec.stride
        return list(self.graph.module(*given))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_constants_come_in_the_layout_of_the_capture(layout):
    graph = step_graph()
    got, expected, recorded, written = inputs(), inputs(), records(), records()
    got[3] = got[3].contiguous(memory_format=layout)
    kept = got[3].clone()
    Inductor(graph, Package(graph)).run(got, recorded, STEPS)
    Replay(graph).run(expected, written, STEPS)
    assert all(map(torch.equal, [*got[:3], *recorded], [*expected[:3], *written]))
    assert torch.equal(got[3], kept)


def test_what_is_no_package_is_refused(tmp_path):
    (tmp_path / "step.pt2").write_text("nothing")
    with pytest.raises(RuntimeError):
        load(step_graph(), tmp_path / "step.pt2")
