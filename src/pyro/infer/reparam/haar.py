"""A series in terms of its Haar coefficients."""

from pyro.distributions.transforms.haar import HaarTransform
from pyro.infer.reparam.unit_jacobian import UnitJacobianReparam

__all__ = ["HaarReparam"]


class HaarReparam(UnitJacobianReparam):
    """Draws the Haar coefficients of a series at the site ``<name>_haar``.

    They are sums and differences at all resolutions: for series with jumps, and for random walks.

    Args:
        dim: along which dim the series runs, counted from the right.
        flip: whether to begin at the end of the series.
        experimental_allow_batch: whether the dim may be one of the batch; see :class:`UnitJacobianReparam`.

    Raises:
        AssertionError: if ``dim`` is not negative.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.Normal(torch.zeros(8), 1.0).to_event(1))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": HaarReparam()})).get_trace()
        >>> trace.stochastic_nodes
        ['x_haar']
    """

    def __init__(self, dim: int = -1, flip: bool = False, *, experimental_allow_batch: bool = False) -> None:
        super().__init__(HaarTransform(dim=dim, flip=flip, cache_size=1), suffix="haar",
                         experimental_allow_batch=experimental_allow_batch)
