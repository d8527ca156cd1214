"""The model of ``logistic_regression``, compiled: one ``svi.run`` takes all steps of a block."""

from benchmarks.case import Case, Limit, Peer
from benchmarks.cases.logistic_regression import inference, with_numpyro, with_torch
from benchmarks.pyro_run import by_run, by_step

CASE = Case(
    "run_logistic_regression",
    "50,000 x 54, full batch, mean-field Normal guide, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(inference)),
        "numpyro svi.run": Peer("npr", with_numpyro),
        "upstream svi.step": Peer("upstream", by_step(inference)),
        "torch by hand": Peer("dev", with_torch),
    },
    (
        Limit("flashover", "numpyro svi.run", 0.7),
        Limit("flashover", "upstream svi.step", 1 / 8),
        Limit("flashover", "torch by hand", 0.4),
    ),
)
