"""The work of ``run_eight_schools`` with 16 vectorised particles."""

from functools import partial

from benchmarks.case import Case, Limit, Peer
from benchmarks.cases.run_eight_schools import inference, with_numpyro
from benchmarks.pyro_run import Inference, by_run, by_step


def particles() -> Inference:
    """The model in the language, for flashover and for upstream."""
    from pyro.infer import Trace_ELBO

    return inference(Trace_ELBO(num_particles=16, max_plate_nesting=1, vectorize_particles=True))


CASE = Case(
    "run_eight_schools_particles",
    "not centred, hand-written Normal guide, 16 vectorised particles, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(particles)),
        "numpyro svi.run": Peer("npr", partial(with_numpyro, num_particles=16)),
        "upstream svi.step": Peer("upstream", by_step(particles)),
    },
    (Limit("flashover", "numpyro svi.run", 0.2), Limit("flashover", "upstream svi.step", 1 / 1000)),
)
