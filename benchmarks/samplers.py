"""``python -m benchmarks.samplers``: draws that need rejection or much arithmetic, compiled and eager, in one process.

A step builds a distribution, draws a value for each element of its parameters and adds the values up; where draws have
gradients, it may take those of the sum. Eager steps are just that, without a check of arguments. Compiled ones are a
loop program's, as :meth:`~pyro.infer.SVI.run` has it made; they also record the sum and move the parameters a little.
Both take turns. What is printed are medians, with quartiles, of the ratios of their processor times: how many times as
fast the compiled steps are.
"""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from time import process_time
from typing import Any

SHAPES = ((), (1000,), (100, 1000))
PARAMETERS: Mapping[str, Sequence[tuple[Any, ...]]] = {
    "Gamma": ((0.1, 1.0), (2.0, 1.0), (1000.0, 1.0)),
    "Beta": ((0.1, 0.2), (2.0, 3.0), (1000.0, 500.0)),
    "Dirichlet": (((0.1, 0.2, 0.3),), ((2.0, 1.0, 3.0),), ((1000.0, 500.0, 10.0),)),
    "Stable": ((0.7, 0.2), (1.0, 0.2), (1.7, 0.2)),
    "VonMises": ((0.3, 0.01), (0.3, 2.0), (0.3, 1000.0)),
}
"""Of each family small and large ones, which take different ways."""

Steps = Callable[[int], object]


def ways(family: str, parameters: tuple[Any, ...], shape: tuple[int, ...], with_gradient: bool) -> tuple[Steps, Steps]:
    """Eager steps and compiled ones.

    Args:
        family: name of the distribution.
        parameters: of one draw.
        shape: of independent draws.
        with_gradient: whether to differentiate; else values are only drawn.
    """
    import torch

    import pyro.distributions as dist
    from pyro.compiler.compiled import compile_step
    from pyro.compiler.program import Program

    torch.manual_seed(0)
    make = getattr(dist, family)
    one = [torch.tensor(value) for value in parameters]
    inputs = [v.expand(shape + v.shape).clone().requires_grad_(with_gradient) for v in one]
    learnt = inputs if with_gradient else [torch.zeros((), requires_grad=True)]

    def total() -> Any:
        source = make(*inputs, validate_args=False)
        return (source.rsample() if source.has_rsample and with_gradient else source.sample()).sum()

    def eager(steps: int) -> None:
        for _ in range(steps):
            drawn = total()
            if with_gradient:
                torch.autograd.grad(drawn, inputs)

    optimizer = torch.optim.SGD(learnt, lr=1e-12)
    names = {f"parameter {i}": tensor for i, tensor in enumerate(learnt)}
    offset = 0.0 if with_gradient else learnt[0]  # a step has to have something to learn
    compiled = compile_step(Program(lambda: total() + offset, names, optimizer, {}), (), {})
    if compiled.plan.name != "loop program":
        raise RuntimeError(f"{family} is no loop program: {compiled.explain()}")
    run = compiled.bind((), {})
    return eager, lambda steps: sum(len(losses) for losses in run.steps(steps))


def ratios(one: Steps, other: Steps, rounds: int, seconds: float) -> list[float]:
    """The time of a step of the first way over that of the second, an entry a round.

    Args:
        one: a way to take a number of steps.
        other: another one.
        rounds: how many times they take turns.
        seconds: about how long a turn is.
    """
    counts = [_count(way, seconds) for way in (one, other)]
    result = []
    for _ in range(rounds):
        times = [_time(way, count) / count for way, count in zip((one, other), counts, strict=True)]
        result.append(times[0] / times[1])
    return result


def _time(way: Steps, steps: int) -> float:
    start = process_time()  # not that of others who share the processor
    way(steps)
    return process_time() - start


def _count(way: Steps, seconds: float) -> int:
    """How many steps fill some seconds; they are taken, for warming up."""
    count = 1
    while _time(way, count) < seconds:
        count *= 2
    return count


def _row(family: str, parameters: tuple[Any, ...], shape: tuple[int, ...], with_gradient: bool, turns: Any) -> str:
    low, middle, high = statistics.quantiles(ratios(*ways(family, parameters, shape, with_gradient), *turns), n=4)
    work = "draw and gradient" if with_gradient else "draw"
    return f"| {family} | {parameters} | {shape} | {work} | {middle:.1f} ({low:.1f} to {high:.1f}) |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    import torch

    parser = argparse.ArgumentParser("python -m benchmarks.samplers", description="Compiled draws beside eager ones.")
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"some of {', '.join(PARAMETERS)}")
    parser.add_argument("--shape", type=int, nargs="*", help="one shape, such as 1000; all where it is left out")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each way (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.02, help="about how long a turn is (%(default)s)")
    options = parser.parse_args(arguments)
    unknown = set(options.families) - set(PARAMETERS)
    if unknown:
        parser.error(f"no case for {', '.join(sorted(unknown))}; there are {', '.join(PARAMETERS)}")
    torch.set_num_threads(1)
    print("| family | parameters | shape | work | eager / compiled |\n|---|---|---|---|---|")
    shapes = SHAPES if options.shape is None else [tuple(options.shape)]
    for shape in shapes:
        for family in options.families or PARAMETERS:
            for parameters in PARAMETERS[family]:
                for with_gradient in (False, True)[: 1 if family == "VonMises" else 2]:
                    turns = (options.rounds, options.seconds)
                    print(_row(family, parameters, shape, with_gradient, turns), flush=True)


if __name__ == "__main__":
    main()
