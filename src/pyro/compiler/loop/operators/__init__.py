"""The operator table, one file a family of operators. Importing the package fills it."""

from pyro.compiler.loop.operators import elementwise, indexing, reductions, views
from pyro.compiler.loop.operators.table import ROWS, row

__all__ = ["ROWS", "elementwise", "indexing", "reductions", "row", "views"]
