"""Optimisers: torch's and Pyro's own, for parameters that appear while a program runs."""

from pyro.optim.horovod import HorovodOptimizer
from pyro.optim.lr_scheduler import PyroLRScheduler
from pyro.optim.optim import AdagradRMSProp, ClippedAdam, DCTAdam, PyroOptim
from pyro.optim.pytorch_optimizers import (
    ASGD,
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    Muon,
    NAdam,
    OneCycleLR,
    PolynomialLR,
    RAdam,
    ReduceLROnPlateau,
    RMSprop,
    Rprop,
    SequentialLR,
    SparseAdam,
    StepLR,
    _LRScheduler,
)

__all__ = [
    "ASGD", "Adadelta", "Adafactor", "Adagrad", "AdagradRMSProp", "Adam", "AdamW", "Adamax",
    "ChainedScheduler", "ClippedAdam", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts",
    "CyclicLR", "DCTAdam", "ExponentialLR", "HorovodOptimizer", "LRScheduler", "LambdaLR", "LinearLR",
    "MultiStepLR", "MultiplicativeLR", "Muon", "NAdam", "OneCycleLR", "PolynomialLR", "PyroLRScheduler",
    "PyroOptim", "RAdam", "RMSprop", "ReduceLROnPlateau", "Rprop", "SGD", "SequentialLR", "SparseAdam",
    "StepLR", "_LRScheduler",
]
