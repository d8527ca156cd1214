r"""Base of normalizing flows: maps that find their result and the determinant of their Jacobian in one pass.

A flow remembers its last pass, :math:`(x, y, \log |\det \partial y / \partial x|)`, by the identity of x and y: a draw
is then scored without inverting the map, which may be expensive or impossible. A pass is not used again once a
parameter has changed, where gradients are asked for that it does not carry, or for the same constant, whose first graph
backward may have taken.

Reference:
    G. Papamakarios et al. (2021), "Normalizing flows for probabilistic modeling and inference", JMLR 22(57)
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pyro.distributions.torch_transform import CachedTransform, is_lasting

__all__ = ["Flow"]


@dataclass(frozen=True)
class _Pass:
    """What is remembered of a pass.

    Attributes:
        x: argument.
        y: result.
        log_det: logarithm of the absolute determinant of the Jacobian.
        with_gradients: whether gradients were recorded.
        parameters: the parameters' identities and versions.
    """

    x: Tensor
    y: Tensor
    log_det: Tensor
    with_gradients: bool
    parameters: tuple[tuple[int, int], ...]


class Flow(CachedTransform):
    """Base of flows. A subclass defines ``_push``, and ``_pull`` unless its inverse has no closed form.

    Args:
        cache_size: how many passes to remember, 0 or 1.
    """

    bijective = True
    _no_inverse: type[Exception] | None = None  # raised where there is no inverse in closed form
    _last: _Pass | None = None

    def __init__(self, cache_size: int = 1) -> None:
        super().__init__(cache_size=cache_size)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The image of x, and the logarithm of the absolute determinant of the Jacobian at x."""
        raise NotImplementedError

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The x whose image is y, and the same logarithm at x, of the map itself and not of its inverse."""
        error = self._no_inverse or NotImplementedError
        raise error(f"{type(self).__name__} has no inverse in closed form and remembers only its last result, which "
                    "this value is not. Score the very tensor that it returned, or swap the flow with its inverse.")

    def __call__(self, x: Tensor) -> Tensor:
        last = self._recall()
        if last is not None and last.x is x and _has_gradients(last) and is_lasting(x, last.y):
            return last.y
        y, log_det = self._push(x)
        self._remember(x, y, log_det)
        return y

    def _inv_call(self, y: Tensor) -> Tensor:
        last = self._recall()
        if last is not None and last.y is y and (self._no_inverse or _has_gradients(last)) and is_lasting(y, last.x):
            return last.x
        x, log_det = self._pull(y)
        self._remember(x, y, log_det)
        return x

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian; free for what was computed last."""
        last = self._recall()
        if last is not None and last.x is x and last.y is y and _has_gradients(last):
            return last.log_det
        return self._push(x)[1]

    def clear_cache(self) -> None:
        """Forgets the last pass."""
        self._last = None

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_last": None}

    def _remember(self, x: Tensor, y: Tensor, log_det: Tensor) -> None:
        if self._cache_size:
            self._last = _Pass(x, y, log_det, torch.is_grad_enabled(), self._versions())

    def _recall(self) -> _Pass | None:
        last = self._last
        return None if last is None or last.parameters != self._versions() else last

    def _versions(self) -> tuple[tuple[int, int], ...]:
        if not isinstance(self, nn.Module):
            return ()
        return tuple((id(parameter), parameter._version) for parameter in self.parameters())


def _has_gradients(last: _Pass) -> bool:
    return last.with_gradients or not torch.is_grad_enabled()
