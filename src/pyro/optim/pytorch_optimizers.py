"""Torch's optimisers and learning rate schedulers for Pyro's parameters, under their own names.

Each function returns a :class:`~pyro.optim.optim.PyroOptim`, or a :class:`~pyro.optim.lr_scheduler.PyroLRScheduler`.
``optim_args`` holds the options of torch's class, or is a function of a parameter's name that returns them; for a
scheduler it also holds the optimiser's class as ``optimizer`` and the optimiser's options as ``optim_args``.
``clip_args`` bounds gradients by ``clip_norm`` and ``clip_value``.
"""

from typing import Any

import torch
from torch.optim import lr_scheduler

from pyro.optim.lr_scheduler import PyroLRScheduler
from pyro.optim.optim import ClipArgs, OptimArgs, PyroOptim

__all__ = [
    "ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "ChainedScheduler", "ConstantLR",
    "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR", "LRScheduler",
    "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "Muon", "NAdam", "OneCycleLR", "PolynomialLR",
    "RAdam", "RMSprop", "ReduceLROnPlateau", "Rprop", "SGD", "SequentialLR", "SparseAdam", "StepLR",
    "_LRScheduler",
]


def ASGD(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.ASGD` for Pyro's parameters."""
    return PyroOptim(torch.optim.ASGD, optim_args, clip_args)


def Adadelta(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.Adadelta` for Pyro's parameters."""
    return PyroOptim(torch.optim.Adadelta, optim_args, clip_args)


def Adafactor(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.Adafactor` for Pyro's parameters."""
    return PyroOptim(torch.optim.Adafactor, optim_args, clip_args)


def Adagrad(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.Adagrad` for Pyro's parameters."""
    return PyroOptim(torch.optim.Adagrad, optim_args, clip_args)


def Adam(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.Adam` for Pyro's parameters."""
    return PyroOptim(torch.optim.Adam, optim_args, clip_args)


def AdamW(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.AdamW` for Pyro's parameters."""
    return PyroOptim(torch.optim.AdamW, optim_args, clip_args)


def Adamax(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.Adamax` for Pyro's parameters."""
    return PyroOptim(torch.optim.Adamax, optim_args, clip_args)


def Muon(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.Muon` for Pyro's parameters."""
    return PyroOptim(torch.optim.Muon, optim_args, clip_args)


def NAdam(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.NAdam` for Pyro's parameters."""
    return PyroOptim(torch.optim.NAdam, optim_args, clip_args)


def RAdam(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.RAdam` for Pyro's parameters."""
    return PyroOptim(torch.optim.RAdam, optim_args, clip_args)


def RMSprop(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.RMSprop` for Pyro's parameters."""
    return PyroOptim(torch.optim.RMSprop, optim_args, clip_args)


def Rprop(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.Rprop` for Pyro's parameters."""
    return PyroOptim(torch.optim.Rprop, optim_args, clip_args)


def SGD(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.SGD` for Pyro's parameters."""
    return PyroOptim(torch.optim.SGD, optim_args, clip_args)


def SparseAdam(optim_args: OptimArgs, clip_args: ClipArgs = None) -> PyroOptim:
    """:class:`torch.optim.SparseAdam` for Pyro's parameters."""
    return PyroOptim(torch.optim.SparseAdam, optim_args, clip_args)


def ChainedScheduler(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.ChainedScheduler` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.ChainedScheduler, optim_args, clip_args)


def ConstantLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.ConstantLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.ConstantLR, optim_args, clip_args)


def CosineAnnealingLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.CosineAnnealingLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.CosineAnnealingLR, optim_args, clip_args)


def CosineAnnealingWarmRestarts(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.CosineAnnealingWarmRestarts` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.CosineAnnealingWarmRestarts, optim_args, clip_args)


def CyclicLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.CyclicLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.CyclicLR, optim_args, clip_args)


def ExponentialLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.ExponentialLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.ExponentialLR, optim_args, clip_args)


def LRScheduler(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.LRScheduler` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.LRScheduler, optim_args, clip_args)


def LambdaLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.LambdaLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.LambdaLR, optim_args, clip_args)


def LinearLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.LinearLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.LinearLR, optim_args, clip_args)


def MultiStepLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.MultiStepLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.MultiStepLR, optim_args, clip_args)


def MultiplicativeLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.MultiplicativeLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.MultiplicativeLR, optim_args, clip_args)


def OneCycleLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.OneCycleLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.OneCycleLR, optim_args, clip_args)


def PolynomialLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.PolynomialLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.PolynomialLR, optim_args, clip_args)


def ReduceLROnPlateau(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.ReduceLROnPlateau` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.ReduceLROnPlateau, optim_args, clip_args)


def SequentialLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.SequentialLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.SequentialLR, optim_args, clip_args)


def StepLR(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler.StepLR` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler.StepLR, optim_args, clip_args)


def _LRScheduler(optim_args: dict[str, Any], clip_args: ClipArgs = None) -> PyroLRScheduler:
    """:class:`torch.optim.lr_scheduler._LRScheduler` for Pyro's parameters."""
    return PyroLRScheduler(lr_scheduler._LRScheduler, optim_args, clip_args)
