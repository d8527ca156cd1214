import torch

from pyro.compiler.program import Program


def test_a_program_calls_its_loss():
    leaf = torch.tensor(2.0, requires_grad=True)
    program = Program(lambda x, *, factor: factor * x * leaf, {"leaf": leaf}, torch.optim.SGD([leaf], 0.1), {})
    assert program.call((torch.tensor(3.0),), {"factor": 5.0}).item() == 30.0
