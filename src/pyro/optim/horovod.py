"""The name of an optimiser that this package does not have, and what replaces it."""

from typing import Any

__all__ = ["HorovodOptimizer"]


class HorovodOptimizer:
    """Not available: Horovod is no longer developed. Use ``torch.nn.parallel.DistributedDataParallel``.

    Args:
        pyro_optim: ignored.
        **horovod_kwargs: ignored.

    Raises:
        NotImplementedError: always.
    """

    def __init__(self, pyro_optim: object, **horovod_kwargs: Any) -> None:
        raise NotImplementedError(
            "HorovodOptimizer is not available. To train on several devices, wrap the loss as a module with "
            "pyro.infer.elbo.ELBOModule, as in Trace_ELBO()(model, guide), wrap that in "
            "torch.nn.parallel.DistributedDataParallel, and use a torch optimizer.")
