"""``python -m benchmarks.lowerings``: the ways to run one captured step, beside eager steps, in one process.

The step is that of a variational autoencoder with convolutions, which no loop program takes. The captured graph,
Inductor and, on a CUDA device, the CUDA graphs of both take turns with eager steps; what is printed are medians of the
ratios to these, round by round. Inductor compiles first, into a folder that is removed.
"""

import argparse
import pickle
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.pyro_run import Inference

BATCH, CHANNELS, LATENT = 64, 16, 8


def inference(device: str = "cpu") -> Inference:
    """The model with its guide, in the language."""
    import torch
    from torch import Tensor, nn

    import pyro
    import pyro.distributions as dist
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    torch.manual_seed(0)
    wide = 2 * CHANNELS
    encoder = nn.Sequential(
        nn.Conv2d(1, CHANNELS, 4, 2, 1), nn.Softplus(), nn.Conv2d(CHANNELS, wide, 4, 2, 1), nn.Softplus(),
        nn.Flatten(), nn.Linear(wide * 49, 2 * LATENT)).to(device)
    decoder = nn.Sequential(
        nn.Linear(LATENT, wide * 49), nn.Softplus(), nn.Unflatten(1, (wide, 7, 7)),
        nn.ConvTranspose2d(wide, CHANNELS, 4, 2, 1), nn.Softplus(), nn.ConvTranspose2d(CHANNELS, 1, 4, 2, 1)).to(device)
    pictures = (torch.rand(BATCH, 1, 28, 28) < 0.3).float().to(device)

    def model(pictures: Tensor) -> None:
        pyro.module("decoder", decoder)
        with pyro.plate("data", len(pictures)):
            zeros = torch.zeros(len(pictures), LATENT, device=device)
            z = pyro.sample("z", dist.Normal(zeros, torch.ones_like(zeros)).to_event(1))
            pyro.sample("obs", dist.Bernoulli(logits=decoder(z)).to_event(3), obs=pictures)

    def guide(pictures: Tensor) -> None:
        pyro.module("encoder", encoder)
        with pyro.plate("data", len(pictures)):
            loc, log_scale = encoder(pictures).chunk(2, -1)
            pyro.sample("z", dist.Normal(loc, log_scale.exp()).to_event(1))

    return Inference(SVI(model, guide, Adam({"lr": 0.001}), loss=Trace_ELBO()), (pictures,))


def ways(device: str, folder: Path) -> Mapping[str, Callable[[int], Any]]:
    """Each way to run the step, as a function of the number of steps.

    Args:
        device: where.
        folder: an empty one, for what Inductor makes.
    """
    import torch

    from pyro.compiler.compiled import Compiled, compile_step
    from pyro.compiler.cuda_graph import CudaGraph
    from pyro.compiler.device import accelerator, on_device
    from pyro.compiler.replay import Replay

    setup = inference(device)
    for _ in range(2):
        setup.svi.step(*setup.data)
    compiled = compile_step(setup.svi._program(), setup.data, {})
    place = accelerator(compiled.graph)
    graph = compiled.graph if place is None else on_device(compiled.graph, place)
    lowerings: list[Any] = [Replay(graph), _by_inductor(graph, folder)]
    if place is not None:
        lowerings += [CudaGraph(lowering) for lowering in lowerings]

    def eager(steps: int) -> None:
        for _ in range(steps):
            setup.svi.step(*setup.data)

    def run(compiled: Compiled, steps: int) -> None:
        for _ in compiled.bind(setup.data, {}).steps(steps):
            pass
        if place is not None:
            torch.cuda.synchronize(place)

    return {"eager": eager, **{
        lowering.name: partial(run, replace(compiled, plan=replace(compiled.plan, lowering=lowering, later=None)))
        for lowering in lowerings if lowering is not None}}


def _by_inductor(graph: Any, folder: Path) -> Any:
    """The step compiled by Inductor, ``None`` where it cannot be."""
    from pyro.compiler.inductor.compile import accept, task_of
    from pyro.compiler.inductor.key import key_of
    from pyro.compiler.inductor.lowering import load
    from pyro.compiler.inductor.store import Store
    from pyro.compiler.inductor.toolchain import what_is_missing

    missing = what_is_missing("cuda" if any(i.spec.device.type == "cuda" for i in graph.inputs) else "cpu")
    if missing is not None:
        print(f"inductor needs {missing}", file=sys.stderr)
        return None
    accept(graph)
    store, key = Store(folder, 1 << 34), key_of(graph)
    job = store.workplace() / "job.pickle"
    job.write_bytes(pickle.dumps(task_of(graph, key, store)))
    start = perf_counter()
    subprocess.run([sys.executable, "-m", "pyro.compiler.inductor.worker", str(job)], check=True)
    print(f"inductor compiled for {perf_counter() - start:.0f} s", file=sys.stderr)
    package = store.find(key)
    assert package is not None
    return load(graph, package)


def ratios(ways: Mapping[str, Callable[[int], Any]], rounds: int, steps: int) -> Mapping[str, list[float]]:
    """The times of all ways over that of the first, a list with an entry a round.

    Args:
        ways: each as a function of the number of steps.
        rounds: how many times they take turns.
        steps: how many in a turn.
    """
    result: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        times = {}
        for name, way in ways.items():
            start = perf_counter()
            way(steps)
            times[name] = perf_counter() - start
        if turn:  # the first is for warming up
            reference = next(iter(times.values()))
            for name, seconds in times.items():
                result[name].append(seconds / reference)
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.lowerings", description="The ways to run a captured step.")
    parser.add_argument("--device", default="cpu", help="where (%(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each way (%(default)s)")
    parser.add_argument("--steps", type=int, default=20, help="steps in a turn (%(default)s)")
    options = parser.parse_args(arguments)
    print(f"### convolutional autoencoder, batch of {BATCH}, on {options.device}\n\n| way | time / eager |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        measured = ratios(ways(options.device, Path(folder).resolve() / "store"), options.rounds, options.steps)
    for name, values in measured.items():
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"| {name} | {middle:.2f} ({low:.2f} to {high:.2f}) |")


if __name__ == "__main__":
    main()
