"""Laws of the Sylvester flow; see test_laws.py for those that it shares."""

import torch

from pyro.distributions.transforms.sylvester import Sylvester, sylvester


def test_value_is_the_stated_formula() -> None:
    flow = sylvester(4).double()
    x = torch.randn(6, 4, dtype=torch.float64)
    q, r, s = flow.Q(x), flow.R(), flow.S()
    torch.testing.assert_close(q @ q.mT, torch.eye(4, dtype=torch.float64))
    for triangular in (r, s):
        assert torch.equal(triangular, triangular.triu()) and (triangular.diagonal().abs() < 1).all()
    expected = torch.stack([row + q @ r @ (s @ q.mT @ row + flow.b).tanh() for row in x])
    torch.testing.assert_close(flow(x), expected)
    torch.testing.assert_close(flow.dtanh_dx(x), 1 - x.tanh() ** 2)


def test_parameters_are_drawn_anew() -> None:
    flow = Sylvester(3)
    before = {name: parameter.clone() for name, parameter in flow.named_parameters()}
    flow.reset_parameters2()
    assert {name for name, parameter in flow.named_parameters() if not torch.equal(parameter, before[name])} == {
        "R_dense", "S_dense", "R_diag", "S_diag", "b"}
    assert [len(sylvester(n).u()) for n in (1, 3, 10)] == [1, 2, 6]
