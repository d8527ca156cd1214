"""Every optimiser of torch is here under its own name and walks the same path as torch's."""

import pytest
import torch

import pyro.optim
from pyro.optim import pytorch_optimizers
from pyro.optim.lr_scheduler import PyroLRScheduler

CLOSURE_ONLY = {"LBFGS"}  # asks for the loss several times a step
OPTIMIZERS = sorted(
    name for name, value in vars(torch.optim).items()
    if isinstance(value, type) and issubclass(value, torch.optim.Optimizer)
    and value is not torch.optim.Optimizer and name not in CLOSURE_ONLY)
SCHEDULERS = sorted(
    name for name, value in vars(torch.optim.lr_scheduler).items()
    if isinstance(value, type) and issubclass(value, torch.optim.lr_scheduler.LRScheduler))
NEEDS_MATRICES = {"Muon"}
SHAPES = ((3, 4), (5, 2), (2, 3))


def test_every_optimizer_of_torch_is_here():
    assert sorted(OPTIMIZERS + SCHEDULERS) == sorted(pytorch_optimizers.__all__)
    assert set(pytorch_optimizers.__all__) <= set(pyro.optim.__all__)


@pytest.mark.parametrize("name", sorted(pytorch_optimizers.__all__))
def test_name(name):
    assert getattr(pyro.optim, name).__name__ == name


def leaves(shapes, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes]


def set_grads(params, step):
    generator = torch.Generator().manual_seed(step)
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator, dtype=p.dtype)


def walk(params, step_params, steps=20, to_sparse=False):
    for step in range(steps):
        set_grads(params, step)
        if to_sparse:
            for p in params:
                p.grad = p.grad.to_sparse()
        step_params(params)
    return params


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twenty_steps_equal_torch(name):
    shapes = SHAPES if name in NEEDS_MATRICES else (*SHAPES, (), (7,))
    options = {"lr": 0.05}
    ours = getattr(pyro.optim, name)(options)
    actual = walk(leaves(shapes), ours, to_sparse=name == "SparseAdam")

    theirs = leaves(shapes)
    fused = ours.optim_objs[actual[0]].param_groups[0].get("fused")
    if fused is not None:
        options["fused"] = fused
    optimizer = getattr(torch.optim, name)(theirs, **options)
    expected = walk(theirs, lambda _: optimizer.step(), to_sparse=name == "SparseAdam")
    for a, e in zip(actual, expected, strict=True):
        assert torch.equal(a, e)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
@pytest.mark.parametrize("layout", ["contiguous", "transposed parameter", "transposed gradient", "expanded gradient"])
def test_kernel_chosen_for_cpu_agrees_with_torchs_loop(name, layout):
    def make():
        generator = torch.Generator().manual_seed(0)
        p = torch.randn(5, 3, generator=generator, dtype=torch.float64)
        return (p.t() if layout == "transposed parameter" else p).detach().requires_grad_()

    def grad_of(p, step):
        generator = torch.Generator().manual_seed(step)
        if layout == "expanded gradient":
            return torch.randn((), generator=generator, dtype=p.dtype).expand(p.shape)
        if layout == "transposed gradient":
            return torch.randn(p.shape[::-1], generator=generator, dtype=p.dtype).t()
        return torch.randn(p.shape, generator=generator, dtype=p.dtype)

    p, q = make(), make()
    ours = getattr(pyro.optim, name)({"lr": 0.1})
    theirs = getattr(torch.optim, name)([q], lr=0.1, foreach=False)
    for step in range(5):
        p.grad, q.grad = grad_of(p, step), grad_of(q, step)
        ours([p])
        theirs.step()
    torch.testing.assert_close(p, q)


@pytest.mark.parametrize("name, kwargs", [
    ("ConstantLR", {"total_iters": 3}),
    ("CosineAnnealingLR", {"T_max": 10}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.9**epoch}),
    ("LinearLR", {}),
    ("MultiStepLR", {"milestones": [2, 7]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.9}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 25}),
    ("PolynomialLR", {"total_iters": 10}),
    ("ReduceLROnPlateau", {"patience": 1}),
    ("StepLR", {"step_size": 3}),
])
def test_scheduled_steps_equal_torch(name, kwargs):
    metrics = [(float(step % 3),) if name == "ReduceLROnPlateau" else () for step in range(20)]
    options = {"lr": 0.05, "momentum": 0.9}
    ours = getattr(pyro.optim, name)({"optimizer": torch.optim.SGD, "optim_args": options, **kwargs})
    assert isinstance(ours, PyroLRScheduler)
    theirs = leaves(SHAPES)
    optimizer = torch.optim.SGD(theirs, **options)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **kwargs)

    def step_ours(params):
        ours(params)
        ours.step(*metrics.pop())

    def step_theirs(params):
        optimizer.step()
        scheduler.step(*metrics.pop())

    rest = metrics[:]
    actual = walk(leaves(SHAPES), step_ours)
    metrics[:] = rest
    expected = walk(theirs, step_theirs)
    for a, e in zip(actual, expected, strict=True):
        assert torch.equal(a, e)
    for shown in ours.optim_objs.values():
        assert shown.optimizer.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]
        assert shown.optimizer.param_groups[0]["momentum"] == optimizer.param_groups[0]["momentum"]


@pytest.mark.parametrize("name, error", [
    ("LRScheduler", NotImplementedError), ("_LRScheduler", NotImplementedError), ("ChainedScheduler", TypeError),
    ("SequentialLR", ValueError)])
def test_schedulers_that_need_a_subclass_or_others_fail_as_torchs_do(name, error):
    kwargs = {"ChainedScheduler": {"schedulers": []}, "SequentialLR": {"schedulers": [], "milestones": []}}
    options = {"optimizer": torch.optim.SGD, "optim_args": {"lr": 0.1}, **kwargs.get(name, {})}
    with pytest.raises(error):
        getattr(pyro.optim, name)(options)([torch.zeros(2, requires_grad=True)])
