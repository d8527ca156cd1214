"""The model of ``eight_schools``, compiled: centred, HalfCauchy prior and LogNormal guide for ``tau``."""

from benchmarks.case import Case, Limit, Peer
from benchmarks.cases.eight_schools import inference, with_numpyro
from benchmarks.pyro_run import by_run, by_step

CASE = Case(
    "run_eight_schools_half_cauchy",
    "centred, HalfCauchy prior and LogNormal guide for tau, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(inference)),
        "numpyro svi.run": Peer("npr", with_numpyro),
        "upstream svi.step": Peer("upstream", by_step(inference)),
    },
    (Limit("flashover", "numpyro svi.run", 0.1), Limit("flashover", "upstream svi.step", 1 / 4000)),
)
