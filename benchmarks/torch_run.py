"""What the peers that use torch share: reading the data, and one step of gradient descent written by hand."""

import torch
from torch import Tensor

from benchmarks.data import Table


def torch_tensor(data: Table, device: str = "cpu") -> Tensor:
    """The data as a tensor on a device."""
    return torch.frombuffer(data.values, dtype=torch.float32).reshape(data.shape).to(device)


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> float:
    """Does what a hand-written loop does with its loss. Returns its value, as ``svi.step`` does."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
