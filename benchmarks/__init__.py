"""How fast flashover is beside its peers, measured in one run. See ``benchmarks/README.md``."""
