"""Automatic guides: approximations of a model's posterior that are built from the model itself."""

from pyro.infer.autoguide.initialization import (
    InitMessenger,
    init_to_feasible,
    init_to_generated,
    init_to_mean,
    init_to_median,
    init_to_sample,
    init_to_uniform,
    init_to_value,
)
from pyro.infer.autoguide.utils import mean_field_entropy

__all__ = ["InitMessenger", "init_to_feasible", "init_to_generated", "init_to_mean", "init_to_median",
           "init_to_sample", "init_to_uniform", "init_to_value", "mean_field_entropy"]
