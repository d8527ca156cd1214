"""``pyro.sample`` with an empty handler stack, beside the draw that it makes.

The two differ by a microsecond or two, less than two processes differ by chance: they share one process.
"""

from benchmarks.case import Case, Limit, Peer, Program


def statement() -> Program:
    """A sample statement a step, for flashover and for upstream."""
    import torch

    import pyro
    import pyro.distributions as dist

    pyro.enable_validation(True)
    normal = dist.Normal(torch.tensor(0.0), torch.tensor(1.0))

    def run(steps: int) -> None:
        for _ in range(steps):
            pyro.sample("x", normal)

    return run


def draw() -> Program:
    """The bare draw from the same distribution."""
    import torch

    import pyro.distributions as dist

    normal = dist.Normal(torch.tensor(0.0), torch.tensor(1.0))

    def run(steps: int) -> None:
        for _ in range(steps):
            normal.rsample()

    return run


CASE = Case(
    "sample",
    "one `pyro.sample` of a scalar Normal, empty handler stack",
    {
        "flashover": Peer("dev", statement, process="flashover"),
        "flashover's draw": Peer("dev", draw, process="flashover"),
        "upstream": Peer("upstream", statement, process="upstream"),
        "upstream's draw": Peer("upstream", draw, process="upstream"),
    },
    (
        Limit("flashover", "flashover's draw", 1.5, kind="difference"),
        Limit("flashover", "upstream", 1.0),
    ),
)
