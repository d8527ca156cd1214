"""The model of ``vae`` on a GPU: steps one by one, one ``svi.run``, and the loop written by hand."""

from functools import partial

from benchmarks.case import Case, Peer
from benchmarks.cases.vae import inference, with_torch
from benchmarks.pyro_run import by_run, by_step

on_cuda = partial(inference, "cuda")

CASE = Case(
    "cuda_vae",
    "784-400-20, batch of 256, `pyro.module`, on CUDA",
    {
        "flashover": Peer("dev", by_run(on_cuda)),
        "flashover svi.step": Peer("dev", by_step(on_cuda)),
        "torch by hand": Peer("dev", partial(with_torch, "cuda")),
    },
    device="cuda",
)
