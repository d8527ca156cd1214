"""The model of ``coin``, compiled: one ``svi.run`` takes all steps of a block."""

from benchmarks.case import Case, Limit, Peer
from benchmarks.cases.coin import inference, with_numpyro
from benchmarks.pyro_run import by_run, by_step

CASE = Case(
    "run_coin",
    "ten separate observations, Beta guide, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(inference)),
        "numpyro svi.run": Peer("npr", with_numpyro),
        "upstream svi.step": Peer("upstream", by_step(inference)),
    },
    (Limit("flashover", "numpyro svi.run", 0.1), Limit("flashover", "upstream svi.step", 1 / 3000)),
)
