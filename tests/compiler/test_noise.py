import pytest
import torch

from pyro.compiler.noise import Draw, block_size

aten = torch.ops.aten
CPU = {"dtype": torch.float32, "device": torch.device("cpu")}


def draw(target, *args, shape=(3,), **kwargs):
    return Draw(target, args, kwargs, shape, kwargs.get("dtype", torch.float32))


DRAWS = {
    "normal": (draw(aten.randn.default, [3], **CPU), lambda: torch.randn(3)),
    "uniform": (draw(aten.rand.default, [3], **CPU), lambda: torch.rand(3)),
    "bernoulli": (draw(torch.ops.flashover.bernoulli.default, [3], 0.3, **CPU), lambda: torch.empty(3).bernoulli_(0.3)),
    "integers": (draw(aten.randint.low, 2, 9, [3], dtype=torch.long), lambda: torch.randint(2, 9, (3,))),
    "permutation": (draw(aten.randperm.default, 3, dtype=torch.long), lambda: torch.randperm(3)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_one_draw_is_the_eager_draw(name):
    drawn, eager = DRAWS[name]
    torch.manual_seed(3)
    expected = eager(), torch.get_rng_state()
    torch.manual_seed(3)
    assert torch.equal(drawn.once(), expected[0]) and torch.equal(torch.get_rng_state(), expected[1])


@pytest.mark.parametrize("name", DRAWS)
def test_rows_have_the_distribution_of_one_draw(name):
    drawn, _ = DRAWS[name]
    rows = drawn.rows(4000, torch.device("cpu"))
    assert rows.shape == (4000, 3) and rows.dtype == drawn.dtype
    single = torch.stack([drawn.once() for _ in range(4000)])
    error = 5 * (2 * single.double().var() / single.numel()).sqrt().item()
    assert rows.double().mean().item() == pytest.approx(single.double().mean().item(), abs=error)
    assert rows.double().std().item() == pytest.approx(single.double().std().item(), rel=0.05)


def test_rows_repeat_under_a_seed():
    drawn, _ = DRAWS["normal"]
    torch.manual_seed(1)
    first = drawn.rows(5, torch.device("cpu"))
    torch.manual_seed(1)
    assert torch.equal(first, drawn.rows(5, torch.device("cpu")))


@pytest.mark.parametrize("shapes", [[], [()], [(3,), (4, 5)], [(2048,), (2048,)], [(1000, 1000)], [(10_000_000,)]])
def test_blocks_are_bounded_in_steps_and_in_memory(shapes):
    draws = tuple(draw(aten.randn.default, shape=shape) for shape in shapes)
    size, step = block_size(draws), 4 * sum(torch.Size(shape).numel() for shape in shapes)
    assert 1 <= size <= 10_000
    assert size == 1 or size * step <= 16e6
    assert size * step >= 1e6 or size >= 1000, "blocks are as large as that allows"
