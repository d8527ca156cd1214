"""The operator table, one file a family of operators. Importing the package fills it."""

from pyro.compiler.loop.operators import (
    bessel,
    cholesky,
    eigen,
    elementwise,
    growing_power,
    indexing,
    lu,
    normal_tail,
    orders,
    polygamma,
    products,
    reductions,
    sampling,
    serial,
    views,
)
from pyro.compiler.loop.operators.table import ROWS, row

__all__ = [
    "ROWS",
    "bessel",
    "cholesky",
    "eigen",
    "elementwise",
    "growing_power",
    "indexing",
    "lu",
    "normal_tail",
    "orders",
    "polygamma",
    "products",
    "reductions",
    "row",
    "sampling",
    "serial",
    "views",
]
