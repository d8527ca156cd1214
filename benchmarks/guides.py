"""The automatic guides that cases compare, by name, and what each of them is given.

Names are those of ``pyro.infer.autoguide`` and of ``numpyro.infer.autoguide``. Not here are the guides that hold other
guides or functions of the user (AutoGuideList, AutoCallable) and the one over discrete sites (AutoDiscreteParallel).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks.case import Limit, Peer, Program
from benchmarks.pyro_run import Inference, by_run, by_step

NUMPYROS = ("AutoDelta", "AutoNormal", "AutoDiagonalNormal", "AutoMultivariateNormal", "AutoLowRankMultivariateNormal",
            "AutoIAFNormal", "AutoLaplaceApproximation", "AutoBNAFNormal", "AutoDAIS", "AutoSurrogateLikelihoodDAIS")
NOT_UPSTREAMS = ("AutoBNAFNormal", "AutoDAIS", "AutoSurrogateLikelihoodDAIS", "AutoBatchedMultivariateNormal",
                 "AutoBatchedLowRankMultivariateNormal")
GUIDES = (*NUMPYROS, "AutoNormalizingFlow", "AutoStructured", "AutoGaussian", "AutoNormalMessenger",
          "AutoHierarchicalNormalMessenger", "AutoRegressiveMessenger")
BATCHED = ("AutoBatchedMultivariateNormal", "AutoBatchedLowRankMultivariateNormal")
"""Guides for models whose sites all stand in the same plates."""

Options = Mapping[str, Mapping[str, Any]]
"""Keyword arguments of guides, by name."""


def guide(name: str, model: Callable[..., Any], options: Options) -> Any:
    """Makes a guide, for flashover and for upstream."""
    from pyro.distributions.transforms import iterated, planar
    from pyro.infer import autoguide

    arguments = dict(options.get(name, {}))
    if name == "AutoNormalizingFlow":
        arguments["init_transform_fn"] = partial(iterated, 4, planar)
    if name == "AutoSurrogateLikelihoodDAIS":
        arguments["surrogate_model"] = model
    return getattr(autoguide, name)(model, **arguments)


def numpyro_guide(name: str, model: Callable[..., Any], data: Sequence[Any], options: Options) -> Any:
    """Makes a guide of NumPyro, where a surrogate model takes no arguments."""
    from numpyro.infer import autoguide  # type: ignore[import-not-found]

    arguments = dict(options.get(name, {}))
    if name == "AutoSurrogateLikelihoodDAIS":
        arguments["surrogate_model"] = partial(model, *data)
    return getattr(autoguide, name)(model, **arguments)


def guide_peers(
    names: Sequence[str], ours: Callable[[str], Inference], numpyros: Callable[[str], Program]
) -> dict[str, Peer]:
    """Each guide's programs, mostly in one process for each library.

    Args:
        names: The guides.
        ours: Sets up the inference with a guide.
        numpyros: Starts the program with a guide.
    """
    peers = {}
    for name in names:
        setup = partial(ours, name)
        # names of parameters begin with the guide's, so that one process keeps them apart, but not a messenger's
        own = name if name.endswith("Messenger") else ""
        peers[f"flashover {name}"] = Peer("dev", by_run(setup), process=f"flashover {own}")
        if name in (*NUMPYROS, *BATCHED):
            peers[f"numpyro {name}"] = Peer("npr", partial(numpyros, name), process="numpyro")
        if name not in NOT_UPSTREAMS:
            peers[f"upstream {name}"] = Peer("upstream", by_step(setup), process=f"upstream {own}")
    return peers


def guide_limits(peers: Mapping[str, Peer], of_numpyro: float, of_upstream: float) -> tuple[Limit, ...]:
    """The goals of all guides: at most these multiples of the time of NumPyro and of upstream, where they have it."""
    at_most = {"numpyro": of_numpyro, "upstream": of_upstream}
    return tuple(
        Limit(f"flashover {name}", peer, at_most[library])
        for peer in peers
        for library, _, name in [peer.partition(" ")]
        if library in at_most
    )
