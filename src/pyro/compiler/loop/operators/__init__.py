"""The operator table, one file a family of operators. Importing the package fills it."""

from pyro.compiler.loop.operators import elementwise, indexing, orders, polygamma, reductions, sampling, serial, views
from pyro.compiler.loop.operators.table import ROWS, row

__all__ = ["ROWS", "elementwise", "indexing", "orders", "polygamma", "reductions", "row", "sampling", "serial", "views"]
