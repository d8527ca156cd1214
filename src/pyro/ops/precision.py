"""Double precision for what single precision would lose, on devices that have it.

Nothing makes double-precision tensors unasked but these few places, whose results have the precision of their inputs.
Apple's graphics processors have no such numbers: there single precision has to do.
"""

import torch

__all__ = ["widest"]


def widest(device: torch.device) -> torch.dtype:
    """The most precise floating-point dtype of a device.

    Args:
        device: any device.

    Example:
        >>> widest(torch.device("cpu")), widest(torch.device("mps"))
        (torch.float64, torch.float32)
    """
    return torch.float32 if device.type == "mps" else torch.float64
