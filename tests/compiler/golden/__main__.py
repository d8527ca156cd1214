"""Writes the golden listings anew: ``python -m tests.compiler.golden`` from the checkout, with ``src`` on the path."""

from tests.compiler.test_golden import GOLDEN, golden_file, graph_listing

for name in GOLDEN:
    golden_file(name).write_text(graph_listing(name))
