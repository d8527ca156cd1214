"""The model of ``vae``, compiled: one ``svi.run`` takes all steps of a block."""

from benchmarks.case import Case, Limit, Peer
from benchmarks.cases.vae import inference, with_numpyro, with_torch
from benchmarks.pyro_run import by_run, by_step

CASE = Case(
    "run_vae",
    "784-400-20, batch of 256, `pyro.module`, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(inference)),
        "numpyro svi.run": Peer("npr", with_numpyro),
        "upstream svi.step": Peer("upstream", by_step(inference)),
        "torch by hand": Peer("dev", with_torch),
    },
    (
        Limit("flashover", "numpyro svi.run", 1.0),
        Limit("flashover", "upstream svi.step", 0.75),
        Limit("flashover", "torch by hand", 1.05),
    ),
)
