"""The work of ``run_eight_schools`` with ``RenyiELBO`` at order 0 and 10 particles: the importance-weighted bound."""

from functools import partial

from benchmarks.case import Case, Limit, Peer
from benchmarks.cases.run_eight_schools import inference, with_numpyro
from benchmarks.pyro_run import Inference, by_run, by_step


def renyi() -> Inference:
    """The model in the language, for flashover and for upstream."""
    from pyro.infer import RenyiELBO

    return inference(RenyiELBO(alpha=0, num_particles=10, max_plate_nesting=1, vectorize_particles=True))


CASE = Case(
    "run_eight_schools_renyi",
    "not centred, hand-written Normal guide, `RenyiELBO(0)` with 10 particles, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(renyi)),
        "numpyro svi.run": Peer("npr", partial(with_numpyro, "RenyiELBO", alpha=0, num_particles=10)),
        "upstream svi.step": Peer("upstream", by_step(renyi)),
    },
    (Limit("flashover", "numpyro svi.run", 0.2), Limit("flashover", "upstream svi.step", 1 / 1000)),
)
