"""Particles move along the definition's direction, and reach the posterior."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import SVGD, IMQSteinKernel, RBFSteinKernel
from pyro.infer.svgd import SteinKernel, vectorize
from pyro.optim import SGD, Adam

POINTS = torch.tensor([[0.0, 1.0], [2.0, -1.0], [0.5, 3.0], [-1.0, 0.3]])
KERNELS = {"rbf": RBFSteinKernel(), "rbf, wide": RBFSteinKernel(2.5), "imq": IMQSteinKernel(),
           "imq, other": IMQSteinKernel(0.3, -0.7, 1.5)}


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS.keys())
def test_gradients_of_kernels(kernel):
    """By differences, with the bandwidth as it is."""
    log_kernel, grad = kernel.log_kernel_and_grad(POINTS.double())
    assert log_kernel.shape == grad.shape == (4, 4, 2)
    torch.testing.assert_close(log_kernel, log_kernel.transpose(0, 1))
    torch.testing.assert_close(grad, -grad.transpose(0, 1))
    _, bandwidth = kernel._differences(POINTS.double())
    x, y = POINTS[0].double().requires_grad_(), POINTS[1].double()
    squares = (x - y).square() / bandwidth
    log_k = kernel.beta * (kernel.alpha + squares).log() if isinstance(kernel, IMQSteinKernel) else -squares
    torch.testing.assert_close(log_kernel[0, 1], log_k.detach())
    torch.testing.assert_close(grad[0, 1], torch.autograd.grad(log_k.sum(), [x])[0])


@pytest.mark.parametrize("make", [lambda: RBFSteinKernel(-1.0), lambda: IMQSteinKernel(alpha=-1.0),
                                  lambda: IMQSteinKernel(beta=1.0), lambda: setattr(RBFSteinKernel(),
                                                                                    "bandwidth_factor", 0.0),
                                  lambda: SVGD(None, RBFSteinKernel(), None, 2, 0, mode="both"),
                                  lambda: SVGD(None, None, None, 2, 0)])
def test_bad_options(make):
    with pytest.raises(AssertionError, match="expected"):
        make()


def model():
    scale = pyro.sample("scale", dist.LogNormal(0.0, 0.5))
    with pyro.plate("rows", 3):
        z = pyro.sample("z", dist.Normal(torch.zeros(2), scale.unsqueeze(-1)).to_event(1))
        pyro.sample("x", dist.Normal(z.sum(-1), 1.0), obs=torch.tensor([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("mode", ["univariate", "multivariate"])
def test_a_step_is_that_of_the_definition(mode):
    svgd = SVGD(model, RBFSteinKernel(), SGD({"lr": 0.01}), 4, 1, mode)
    svgd.step()
    before = pyro.param("svgd_particles").detach().clone().reshape(4, 7)
    squares = svgd.step()
    moves = (pyro.param("svgd_particles").detach().reshape(4, 7) - before) / 0.01

    def log_density(x):
        log_scale, z = x[:1], x[1:].reshape(3, 2)
        return (dist.Normal(0.0, 0.5).log_prob(log_scale).sum() + dist.Normal(0.0, log_scale.exp()).log_prob(z).sum()
                + dist.Normal(z.sum(-1), 1.0).log_prob(torch.tensor([1.0, 2.0, 3.0])).sum())

    gradients = torch.stack([torch.autograd.functional.jacobian(log_density, x) for x in before])
    log_kernel, log_grad = RBFSteinKernel().log_kernel_and_grad(before)
    kernel = log_kernel.exp() if mode == "univariate" else log_kernel.sum(-1, keepdim=True).exp()
    expected = torch.stack([sum(kernel[i, j] * (gradients[i] + log_grad[i, j]) for i in range(4)) / 4
                            for j in range(4)])
    torch.testing.assert_close(moves, expected, rtol=1e-3, atol=1e-3)
    assert squares == pytest.approx({"scale": expected[:, 0].square().mean().item(),
                                     "z": expected[:, 1:].square().mean().item()}, rel=1e-3)
    shapes = {name: tuple(value.shape) for name, value in svgd.get_named_particles().items()}
    assert shapes == {"scale": (4, 1), "z": (4, 3, 2)}
    assert (svgd.get_named_particles()["scale"] > 0).all()


@pytest.mark.parametrize("kernel", [RBFSteinKernel(), IMQSteinKernel()])
def test_particles_reach_a_conjugate_posterior(kernel):
    def conjugate():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(2.0))

    svgd = SVGD(conjugate, kernel, Adam({"lr": 0.1}), 20, 0)
    for _ in range(150):
        svgd.step()
    z = svgd.get_named_particles()["z"]
    assert z.mean().item() == pytest.approx(1.0, abs=0.05)
    assert z.var().item() == pytest.approx(0.5, abs=0.12)


def test_what_has_no_gradient_is_refused():
    svgd = SVGD(lambda: pyro.sample("y", dist.Bernoulli(0.5)), RBFSteinKernel(), Adam({"lr": 0.1}), 2, 0)
    with pytest.raises(KeyError, match="Call step"):
        svgd.get_named_particles()
    with pytest.raises(NotImplementedError, match="Site 'y'"):
        svgd.step()
    assert issubclass(RBFSteinKernel, SteinKernel)


def test_programs_are_vectorized():
    def program():
        with pyro.plate("rows", 3):
            return pyro.sample("z", dist.Normal(0.0, 1.0))

    assert vectorize(program, 5, 1)().shape == (5, 3)
