"""The work of ``run_eight_schools`` with ``TraceMeanField_ELBO``: analytic divergences."""

from functools import partial

from benchmarks.case import Case, Limit, Peer
from benchmarks.cases.run_eight_schools import inference, with_numpyro
from benchmarks.pyro_run import Inference, by_run, by_step


def mean_field() -> Inference:
    """The model in the language, for flashover and for upstream."""
    from pyro.infer import TraceMeanField_ELBO

    return inference(TraceMeanField_ELBO())


CASE = Case(
    "run_eight_schools_mean_field",
    "not centred, hand-written Normal guide, `TraceMeanField_ELBO`, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(mean_field)),
        "numpyro svi.run": Peer("npr", partial(with_numpyro, "TraceMeanField_ELBO")),
        "upstream svi.step": Peer("upstream", by_step(mean_field)),
    },
    (Limit("flashover", "numpyro svi.run", 0.2), Limit("flashover", "upstream svi.step", 1 / 1000)),
)
