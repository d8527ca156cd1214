"""Draws for a batch that is larger than that of the distribution which draws."""

from collections.abc import Callable

from torch import Size, Tensor

__all__ = ["draw_expanded"]


def draw_expanded(
    draw: Callable[[Size], Tensor], base_shape: Size, sample_shape: Size, batch_shape: Size, event_dim: int
) -> Tensor:
    """Draws independently along new batch dimensions and along those stretched from size one.

    The distribution is asked for all of them as sample dimensions. Each stretched one then changes places with the
    dimension of size one that it replaces.

    Args:
        draw: draws a value, given a sample shape.
        base_shape: the batch shape of the distribution that draws.
        sample_shape: shape of independent draws.
        batch_shape: the larger batch shape, to which ``base_shape`` broadcasts.
        event_dim: number of event dimensions of a draw.

    Returns:
        A tensor of shape ``sample_shape + batch_shape + event_shape``.
    """
    new = len(batch_shape) - len(base_shape)
    stretched = [dim for dim in range(-len(base_shape), 0) if base_shape[dim] != batch_shape[dim]]
    leading = sample_shape + batch_shape[:new]
    value = draw(leading + Size([batch_shape[dim] for dim in stretched]))
    event_shape = value.shape[value.dim() - event_dim :]
    for position, dim in enumerate(stretched, len(leading)):
        value = value.transpose(position, dim - event_dim)
    return value.reshape(sample_shape + batch_shape + event_shape)
