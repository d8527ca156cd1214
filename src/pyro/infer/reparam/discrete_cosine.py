"""A series in terms of its cosine coefficients."""

from pyro.distributions.transforms.discrete_cosine import DiscreteCosineTransform
from pyro.infer.reparam.unit_jacobian import UnitJacobianReparam

__all__ = ["DiscreteCosineReparam"]


class DiscreteCosineReparam(UnitJacobianReparam):
    """Draws the discrete cosine coefficients of a series at the site ``<name>_dct``.

    In the posterior of a smooth or long-range dependent series, coefficients are less dependent than values.

    Args:
        dim: along which dim the series runs, counted from the right.
        smooth: how smooth the series is for which the coefficients have equal scales: 0 for white noise, 1 for a random
            walk; see :class:`~pyro.distributions.transforms.DiscreteCosineTransform`.
        experimental_allow_batch: whether the dim may be one of the batch; see :class:`UnitJacobianReparam`.

    Raises:
        AssertionError: if ``dim`` is not negative.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> model = lambda: pyro.sample("x", dist.Normal(torch.zeros(8), 1.0).to_event(1))
        >>> trace = pyro.poutine.trace(pyro.poutine.reparam(model, config={"x": DiscreteCosineReparam()})).get_trace()
        >>> trace.stochastic_nodes
        ['x_dct']
    """

    def __init__(self, dim: int = -1, smooth: float = 0.0, *, experimental_allow_batch: bool = False) -> None:
        super().__init__(DiscreteCosineTransform(dim=dim, smooth=smooth, cache_size=1), suffix="dct",
                         experimental_allow_batch=experimental_allow_batch)
