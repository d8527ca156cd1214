"""Laws of the transform between vectors and nested values."""

from typing import Any

import pytest
import torch
from torch import Tensor

from pyro.distributions.transforms.unpack import UnpackTransform


def unpack(x: Tensor) -> dict[str, Tensor]:
    return {"first": x[..., 0], "rest": x[..., 1:]}


def pack(parts: Any) -> Tensor:
    return torch.cat([parts["first"].unsqueeze(-1), parts["rest"]], -1)


def test_packs_what_it_unpacked() -> None:
    transform = UnpackTransform(unpack, pack)
    x = torch.randn(3, 4)
    y = transform(x)
    assert torch.equal(y["rest"], x[:, 1:])
    assert torch.equal(transform.inv(y), x)
    assert torch.equal(transform.log_abs_det_jacobian(x, y), torch.zeros(3))
    assert transform == UnpackTransform(unpack, pack) != UnpackTransform(unpack)
    assert transform.with_cache(0) is transform
    cached = transform.with_cache(1)
    assert cached.inv(cached(x)) is x


def test_what_is_not_known_is_refused() -> None:
    transform = UnpackTransform(unpack)
    with pytest.raises(NotImplementedError, match="without pack_fn"):
        transform.inv(transform(torch.zeros(3)))
    for shape_of in (transform.forward_shape, transform.inverse_shape):
        with pytest.raises(NotImplementedError, match="no single shape"):
            shape_of((3,))
