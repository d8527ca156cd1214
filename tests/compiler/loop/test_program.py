"""Whole programs: trajectories equal those of the graph run by torch; no byte outside its tensors is touched."""

import pytest
import torch
from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop import compile_loop, program
from tests.compiler.loop.steps import sample, step_graph, trajectories
from tests.compiler.loop.workloads import WORKLOADS

RELATIVE = {torch.float32: 1e-4, torch.float64: 1e-9}


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", WORKLOADS)
def test_trajectories(name: str, dtype: torch.dtype, strict: bool) -> None:
    torch.manual_seed(0)
    work = WORKLOADS[name](50, dtype)
    got, expected, _ = trajectories(work.step, work.state, work.constants, work.rows, strict=strict)
    for have, want in zip(got, expected, strict=True):
        scale = want.abs().max().item()
        torch.testing.assert_close(have, want, rtol=RELATIVE[dtype], atol=RELATIVE[dtype] * scale)


def test_runs_go_on_where_they_stopped() -> None:
    work = WORKLOADS["eight schools"](50, torch.float64)
    program = compile_loop(step_graph(work.step, work.state, work.constants, work.rows))
    whole, pieces = [[s.clone() for s in work.state] for _ in range(2)]
    losses, parts = torch.zeros(50, dtype=torch.float64), torch.zeros(50, dtype=torch.float64)
    program.run([*whole, *work.constants, *work.rows], [losses], 50)
    for first, count in ((0, 1), (1, 30), (31, 19)):
        program.run([*pieces, *work.constants, *work.rows], [parts], count, first)
    assert torch.equal(losses, parts)
    assert all(torch.equal(a, b) for a, b in zip(whole, pieces, strict=True))


def test_states_may_swap() -> None:
    a, b, c, d = sample((100,)), sample((100,), seed=1), sample(()), sample((), seed=1)
    state = [t.clone() for t in (a, b, c, d)]
    program = compile_loop(step_graph(lambda a, b, c, d: (b.view(-1), a, d, c), state))
    program.run(state, [], 3)
    assert all(torch.equal(have, want) for have, want in zip(state, (b, a, d, c), strict=True))


def test_rows_and_constants_of_any_stride() -> None:
    constant, rows = sample((9, 40)).t(), sample((40, 18, 20), seed=1)[:, ::2].transpose(1, 2)
    step = lambda s, c, r: (s * 0.5 + (c[:20] * r).sum(0), (c * 2)[20:] + r, (r > 0).any())
    got, expected, _ = trajectories(step, [sample((9,))], [constant], [rows], steps=40)
    for have, want in zip(got, expected, strict=True):
        torch.testing.assert_close(have, want, rtol=1e-5, atol=1e-5)


def test_integer_and_boolean_state() -> None:
    step = lambda n, flag: (n + 1, ~flag, torch.where(flag, n, -n))
    got, expected, _ = trajectories(step, [torch.tensor([1, 5, 9]), torch.tensor([True, False, True])], steps=5)
    assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))


def test_nan_stays_visible() -> None:
    step = lambda x: (x, x.log().sum().isnan(), x.exp().isinf().any())
    got, expected, _ = trajectories(step, [torch.tensor([-1.0, 1000.0] + [1.0] * 30)], steps=1)
    assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))
    assert got[1].all()


def guarded(tensor: Tensor, zones: list[Tensor]) -> Tensor:
    """A copy of a tensor in the middle of a stretch of memory that holds a pattern otherwise."""
    margin = 512 // tensor.element_size()
    zone = torch.full((tensor.numel() + 2 * margin,), 77).to(tensor.dtype)
    middle = zone[margin : margin + tensor.numel()].view(tensor.shape)
    middle.copy_(tensor)
    zones += [zone[:margin], zone[margin + tensor.numel() :]]
    return middle


@pytest.mark.parametrize("name", WORKLOADS)
def test_nothing_outside_is_written(name: str) -> None:
    work = WORKLOADS[name](5, torch.float32)
    program = compile_loop(step_graph(work.step, work.state, work.constants, work.rows))
    zones: list[Tensor] = []
    inputs = [guarded(t, zones) for t in (*work.state, *work.constants, *work.rows)]
    before = [t.clone() for t in inputs[len(work.state) :]]
    records = [guarded(torch.zeros(5), zones)]
    program.run(inputs, records, 5)
    assert all((zone == torch.full((), 77).to(zone.dtype)).all() for zone in zones)
    assert all(torch.equal(a, b) for a, b in zip(before, inputs[len(work.state) :], strict=True))


def test_wrong_tensors_are_refused() -> None:
    graph = step_graph(lambda s, c, r: (s + r, c.sum()), [torch.zeros(3)], [torch.zeros(4)], [torch.zeros(5, 3)])
    program = compile_loop(graph)
    state, constant, rows, records = torch.zeros(3), torch.zeros(4), torch.zeros(5, 3), torch.zeros(5)
    for inputs, outputs, what in [
        ([state, constant], [records], "takes 3 inputs"),
        ([state, constant.double(), rows], [records], "input 1"),
        ([torch.zeros(6)[::2], constant, rows], [records], "input 0"),
        ([state, constant, rows[:2]], [records], "at least 5 rows"),
        ([state, constant, rows], [records[:2]], "Record 'output 1'"),
    ]:
        with pytest.raises(ValueError, match=what):
            program.run(inputs, outputs, 5)
    program.run([state, constant, rows], [records], 0)


def test_the_text_and_the_times_are_kept() -> None:
    program = compile_loop(step_graph(lambda s: (s + 1,), [torch.zeros(())]))
    assert "define void @run(" in program.ir
    assert program.compile_seconds > 0


def test_written_tensors_share_no_memory() -> None:
    program = compile_loop(
        step_graph(lambda s, u, c: (s + c, u - c), [torch.zeros(3), torch.zeros(3)], [torch.zeros(3)])
    )
    memory = torch.zeros(10)
    for state, other, constant in [(memory[:3], memory[2:5], torch.zeros(3)), (memory[:3], memory[5:8], memory[1:4])]:
        with pytest.raises(ValueError, match="shares memory"):
            program.run([state, other, constant], [], 1)
    program.run([memory[:3], memory[3:6], memory[6:9]], [], 1)


def test_long_chains() -> None:
    def step(x: Tensor) -> tuple[Tensor, ...]:
        for i in range(400):
            x = (x + 0.25) * 0.5 if i % 2 else x.view(20, 10).t().reshape(200)
        return (x,)

    got, expected, _ = trajectories(step, [sample((200,), torch.float64)], steps=2)
    torch.testing.assert_close(got[0], expected[0], rtol=1e-13, atol=1e-13)


def test_a_text_that_would_take_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = step_graph(lambda x: (x + 1,), (torch.zeros(()),))
    compile_loop(graph)
    monkeypatch.setattr(program, "_LONGEST", 5)
    with pytest.raises(Unsupported, match=r"its text has \d+ lines; from 5 on"):
        compile_loop(graph)
