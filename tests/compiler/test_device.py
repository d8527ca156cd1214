"""A step is moved as a whole, or refused."""

from dataclasses import replace

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from pyro.compiler.device import accelerator, on_device
from pyro.compiler.errors import Unsupported
from pyro.compiler.graph import Input, InputRole, Output, OutputRole, StepGraph, TensorSpec

CUDA, OTHER, CPU = torch.device("cuda", 0), torch.device("cuda", 1), torch.device("cpu")


def step(x, count):
    made = torch.ones(3, device=CPU) * torch.tensor([1.0, 2.0, 3.0])
    return x + made * count, count + 1.0, x.sum()


def graph(devices=(CPU, CPU)):
    module = make_fx(step)(torch.zeros(3), torch.tensor(0.0))
    specs = [TensorSpec.of(torch.zeros(3)), TensorSpec.of(torch.tensor(0.0))]
    inputs = tuple(Input(name, InputRole.STATE, replace(spec, device=device))
                   for name, spec, device in zip(("x", "count"), specs, devices, strict=True))
    outputs = (Output("x", OutputRole.STATE, specs[0], 0), Output("count", OutputRole.STATE, specs[1], 1),
               Output("loss", OutputRole.RECORD, specs[1]))
    return StepGraph(module, inputs, outputs)


@pytest.mark.parametrize(("devices", "expected"), [((CPU, CPU), None), ((CUDA, CUDA), CUDA), ((CUDA, CPU), CUDA)])
def test_numbers_on_the_cpu_do_not_count(devices, expected):
    assert accelerator(graph(devices)) == expected


@pytest.mark.parametrize(("devices", "what"), [
    ((CUDA, OTHER), "cuda:0, cuda:1$"), ((CPU, CUDA), "cuda:0; on the CPU: x")])
def test_tensors_in_two_places_are_refused(devices, what):
    with pytest.raises(Unsupported, match=f"not all on one device: {what}"):
        accelerator(graph(devices))


def test_everything_is_moved():
    before = graph()
    text = before.module.code
    moved = on_device(before, torch.device("meta"))
    assert {given.spec.device.type for given in (*moved.inputs, *moved.outputs)} == {"meta"}
    results = moved.module(torch.zeros(3, device="meta"), torch.zeros((), device="meta"))
    assert [value.device.type for value in results] == ["meta"] * 3
    assert before.module.code == text and "cpu" in text


def test_it_is_the_same_step():
    x, count = torch.randn(3), torch.tensor(2.0)
    for got, expected in zip(on_device(graph(), CPU).module(x, count), step(x, count), strict=True):
        assert torch.equal(got, expected)
