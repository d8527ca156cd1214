"""Kernels that are alike as one function."""

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pyro.compiler.loop import program
from pyro.compiler.loop.code import FAST
from pyro.compiler.loop.shared import abstracted
from pyro.ops.log_matmul import sequential_logmatmulexp
from tests.compiler.loop.steps import sample, step_graph, trajectories
from tests.compiler.loop.workloads import WORKLOADS


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels are shared in short texts as well."""
    monkeypatch.setattr(program, "_SHORT", 0)


def functions(ir: str) -> list[str]:
    """The functions that kernels share."""
    return re.findall(r"define internal void (@\w+Kernel\.\d+)\(", ir)


@pytest.mark.parametrize(
    ("line", "skeleton", "names", "numbers"),
    [
        ("%v1 = load float, ptr %b7, align 4", "%v1 = load float, ptr %p0, align 4", ("%b7",), ()),
        ("%v2 = mul nsw i64 %v1, 50", "%v2 = mul nsw i64 %v1, \0", (), (50,)),
        ("%v2 = add i64 3, -4", "%v2 = add i64 \0, \0", (), (3, -4)),
        ("%v2 = icmp slt i64 0, 99", "%v2 = icmp slt i64 \0, \0", (), (0, 99)),
        ("%v2 = getelementptr float, ptr %b7, i64 5", "%v2 = getelementptr float, ptr %p0, i64 \0", ("%b7",), (5,)),
        ("%v2 = mul <4 x i64> %v1, splat (i64 6)", "%v2 = mul <4 x i64> %v1, \0splat", (), (6,)),
        ("%v2 = add <2 x i64> %v1, <i64 0, i64 1>", "%v2 = add <2 x i64> %v1, <i64 0, i64 1>", (), ()),
        ("%v2 = extractelement <8 x i64> %v1, i64 3", "%v2 = extractelement <8 x i64> %v1, i64 3", (), ()),
        ("%i1 = phi i64 [ 0, %entry ], [ %n1, %latch1 ]", "%i1 = phi i64 [ 0, %entry ], [ %n1, %latch1 ]", (), ()),
        ("%v2 = add i32 %v1, 5", "%v2 = add i32 %v1, 5", (), ()),
        ("%v2 = fadd float %v1, 0x3FF0000000000000", "%v2 = fadd float %v1, 0x3FF0000000000000", (), ()),
    ],
)
def test_what_may_differ(line: str, skeleton: str, names: tuple[str, ...], numbers: tuple[int, ...]) -> None:
    text = abstracted([line], [], ["%b7", "%b8"])
    assert (text.skeleton, text.names, text.numbers) == (skeleton, names, numbers)


def test_kernels_that_differ_in_extents_are_one_function(always: None) -> None:
    sizes = [500 + 37 * i for i in range(12)]

    def step(total: Tensor, x: Tensor) -> tuple[Tensor, ...]:
        return total, *((x[n:] * 2 - total).tanh() for n in sizes)

    got, expected, compiled = trajectories(step, [sample((), torch.float64)], [sample((2000,), torch.float64)], steps=2)
    for have, want in zip(got, expected, strict=True):
        torch.testing.assert_close(have, want, rtol=1e-13, atol=1e-13)
    names = functions(compiled.ir)
    assert len(names) == 2  # the formula, and the copy to where results are recorded
    assert [compiled.ir.count(f"call void {name}(") for name in names] == [len(sizes)] * 2


def test_what_occurs_once_stays_where_it_is(always: None) -> None:
    _, _, compiled = trajectories(lambda s, x: (s, (x - s).exp().sum(), (x * s).cos()), [sample(())], [sample((900,))])
    assert functions(compiled.ir) == []


EXTENTS = [2, 3, 5, 7, 8, 9, 15, 31, 33, 64, 65, 130, 299]


@pytest.mark.parametrize(
    "function",
    [
        lambda x, n: x[:n, :3].sum(1),
        lambda x, n: x[:n, :3].sum(0),
        lambda x, n: x[:n].amax(),
        lambda x, n: x[:3, :n].sum(1),
        lambda x, n: x[:3, :n].sum(0),
        lambda x, n: (x[: 2 * n].view(n, 2, 300)[:, 1, :4] - x[:n, 4:8]).exp(),
        lambda x, n: x[:n, :n].t() * 2 - x[1:2, :n],
        lambda x, n: x[:n, :4].cumsum(1),
        lambda x, n: torch.zeros(9, dtype=x.dtype).index_add(0, torch.arange(300)[:n] % 9, x[:n, 0]),
    ],
    ids=["rows", "columns", "all", "long rows", "long columns", "pairs", "transposed", "scan", "scatter"],
)
def test_every_extent(always: None, function: Callable[[Tensor, int], Tensor]) -> None:
    """Lanes, remainders and strips of one text for many extents."""

    def step(x: Tensor) -> tuple[Tensor, ...]:
        return x, *(function(x, n) for n in EXTENTS)

    got, expected, compiled = trajectories(step, [sample((600, 300), torch.float64)], steps=1)
    for have, want in zip(got, expected, strict=True):
        torch.testing.assert_close(have, want, rtol=1e-12, atol=1e-12)
    assert functions(compiled.ir)


@pytest.mark.parametrize("name", ["eight schools", "hierarchical", "linear", "logistic"])
def test_sharing_changes_no_results(name: str, always: None) -> None:
    work = WORKLOADS[name](5, torch.float64)
    got, expected, _ = trajectories(work.step, work.state, work.constants, work.rows, steps=5)
    for have, want in zip(got, expected, strict=True):
        torch.testing.assert_close(have, want, rtol=1e-9, atol=1e-9)


def chain(length: int) -> tuple[Callable[..., tuple[Tensor, ...]], Tensor]:
    """The gradient of a chain's product, a parallel scan."""

    def step(logits: Tensor) -> tuple[Tensor, ...]:
        with torch.enable_grad():
            leaf = logits.detach().requires_grad_()
            value = sequential_logmatmulexp(leaf).logsumexp((-1, -2))
            (gradient,) = torch.autograd.grad(value, [leaf])
        return logits - 0.1 * gradient, value.detach()

    return step, sample((length, 3, 3), torch.float64)


def test_the_text_of_a_scan_hardly_grows_with_its_length(always: None) -> None:
    lines = []
    for length in (64, 256, 1024):
        step, start = chain(length)
        lines.append(program._Writer(step_graph(step, [start]), FAST).text.count("\n"))
    assert lines[2] < 1.25 * lines[0]


def test_a_scan_with_odd_levels(always: None) -> None:
    step, start = chain(183)
    got, expected, _ = trajectories(step, [start], steps=3)
    for have, want in zip(got, expected, strict=True):
        torch.testing.assert_close(have, want, rtol=1e-11, atol=1e-11)
