import opt_einsum
import pytest
import torch

from pyro.ops.einsum import contract, contract_expression, torch_log

SIZES = {"a": 2, "b": 3, "c": 4}
EQUATIONS = ["ab->a", "ab->", "ab->ba", "a,a->a", "a,b->ab", "ab,bc->ac", "ab,bc->ca", "abc,b,ca->b", ",a->a", "->"]


def operands(equation):
    torch.manual_seed(0)
    return [torch.randn([SIZES[dim] for dim in dims], dtype=torch.float64)
            for dims in equation.split("->")[0].split(",")]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum_is_that_of_the_exponentials(equation):
    xs = operands(equation)
    expected = torch.einsum(equation, *(x.exp() for x in xs)).log()
    torch.testing.assert_close(torch_log.einsum(equation, *xs), expected)


@pytest.mark.parametrize("equation", EQUATIONS)
def test_gradients_equal_differences(equation):
    xs = [x.requires_grad_() for x in operands(equation)]
    assert torch.autograd.gradcheck(lambda *xs: torch_log.einsum(equation, *xs), xs)


def test_large_numbers_do_not_overflow():
    x = torch.tensor([[1000.0, 1000.0], [-1000.0, -1000.0]])
    torch.testing.assert_close(torch_log.einsum("ab->a", x), x[:, 0] + torch.tensor(2.0).log())


def test_impossible_events_stay_impossible():
    assert torch.equal(torch_log.einsum("ab->a", torch.full((2, 3), -torch.inf)), torch.full((2,), -torch.inf))


@pytest.mark.parametrize("axes", [1, ([1], [0]), ([0], [1]), ([0, 1], [1, 0])])
def test_tensordot_is_that_of_the_exponentials(axes):
    torch.manual_seed(0)
    x, y = torch.randn(3, 3), torch.randn(3, 3)
    expected = torch.tensordot(x.exp(), y.exp(), dims=axes).log()
    torch.testing.assert_close(torch_log.tensordot(x, y, axes), expected)


def test_transpose_permutes():
    assert torch_log.transpose(torch.zeros(2, 3, 4), (2, 0, 1)).shape == (4, 2, 3)


def test_contractions_take_it_for_a_backend():
    equation = "ab,bc,c->a"
    xs = operands(equation)
    expected = torch_log.einsum(equation, *xs)
    backend = "pyro.ops.einsum.torch_log"
    torch.testing.assert_close(contract(equation, *xs, backend=backend), expected)
    expression = contract_expression(equation, *(x.shape for x in xs))
    torch.testing.assert_close(expression(*xs, backend=backend), expected)
    torch.testing.assert_close(contract(equation, *xs), opt_einsum.contract(equation, *xs))
