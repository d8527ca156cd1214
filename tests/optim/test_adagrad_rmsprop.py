"""AdagradRMSProp against its formula."""

import pytest
import torch

from pyro.optim.adagrad_rmsprop import AdagradRMSProp


@pytest.mark.parametrize("options", [{}, {"eta": 0.3}, {"t": 0.5}, {"eta": 0.3, "delta": 0.1, "t": 0.3}])
def test_formula(options):
    eta, delta, t = options.get("eta", 1.0), options.get("delta", 1e-16), options.get("t", 0.1)
    grads = torch.randn((10, 3), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p = torch.ones(3, dtype=torch.float64, requires_grad=True)
    optimizer = AdagradRMSProp([p], **options)
    x, s = torch.ones(3, dtype=torch.float64), grads[0] ** 2
    for k, g in enumerate(grads, 1):
        p.grad = g.clone()
        optimizer.step()
        s = t * g**2 + (1 - t) * s
        x = x - eta * k ** (-0.5 + delta) * g / (1 + s.sqrt())
    torch.testing.assert_close(p.detach(), x)
    assert optimizer.state[p]["step"] == 10


def test_missing_gradient_is_skipped_and_closure_is_called():
    p, q = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)

    def closure():
        loss = p.square().sum()
        loss.backward()
        return loss

    optimizer = AdagradRMSProp([p, q])
    assert optimizer.step(closure) == 2
    assert (p < 1).all()
    assert (q == 1).all()
    assert optimizer.state[q]["step"] == 0


def test_sparse_gradient_is_refused():
    p = torch.ones(2, requires_grad=True)
    p.grad = torch.tensor([0.0, 1.0]).to_sparse()
    with pytest.raises(NotImplementedError, match="sparse gradients"):
        AdagradRMSProp([p]).step()


def test_share_memory():
    p = torch.ones(2, requires_grad=True)
    optimizer = AdagradRMSProp([p])
    optimizer.share_memory()
    assert optimizer.state[p]["sum"].is_shared()
