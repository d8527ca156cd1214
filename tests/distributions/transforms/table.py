"""The table of transforms: one row earns a transform all the laws of ``test_laws.py``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pyro.distributions import transforms as T
from pyro.nn import DenseNN


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        label: the row's name.
        build: makes the transform; its parameters are then moved at random.
        shape: shape of one event of arguments.
        without: laws that do not hold for the row, with the reason.
    """

    label: str
    build: Callable[[], Any]
    shape: tuple[int, ...] = (3,)
    without: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.label

    def transform(self, dtype: torch.dtype = torch.float64) -> Any:
        """The transform, with parameters moved at random; always the same."""
        with torch.random.fork_rng(), default_dtype(dtype):
            torch.manual_seed(len(self.label))
            return settled(self.build())

    def argument(self, *batch_shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        """A value of the transform's domain; always the same."""
        generator = torch.Generator().manual_seed(sum(batch_shape))
        x = torch.randn(*batch_shape, *self.shape, generator=generator, dtype=torch.float64)
        if isinstance(self.build(), T.SimplexToOrderedTransform):
            x = x.softmax(-1)
        return x.to(dtype)


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Within it, new tensors have another dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def settled(transform: Any) -> Any:
    """Moves a module's parameters at random; other transforms stay as they are."""
    if isinstance(transform, nn.Module):
        for parameter in transform.eval().parameters():
            parameter.data += 0.2 * torch.randn(parameter.shape)
    return transform


def gentle(build: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Makes a spline without the steep pieces that a grid would miss."""
    transform = build(*args, **kwargs)
    for parameter in transform.parameters():
        parameter.data *= 0.1
    return transform


_NOT_CLOSED = {"inverse": "has no closed form"}
_TRIL = [[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-1.0, 0.3, 0.5]]

CASES: list[Case] = [
    Case("affine_autoregressive", partial(T.affine_autoregressive, 3)),
    Case("affine_autoregressive stable", partial(T.affine_autoregressive, 3, hidden_dims=[5, 6], stable=True)),
    Case("affine_coupling", partial(T.affine_coupling, 3)),
    Case("affine_coupling of rows", partial(T.affine_coupling, [3, 2], dim=-2, split_dim=2), (3, 2)),
    Case("batchnorm", partial(T.batchnorm, 3)),
    Case("block_autoregressive", partial(T.block_autoregressive, 3, hidden_factors=[2, 3]),
         without=_NOT_CLOSED),
    Case("block_autoregressive ELU", partial(T.block_autoregressive, 3, activation="ELU", residual="normal"),
         without=_NOT_CLOSED),
    Case("block_autoregressive LeakyReLU", partial(T.block_autoregressive, 3, activation="LeakyReLU"),
         without=_NOT_CLOSED),
    Case("block_autoregressive sigmoid", partial(T.block_autoregressive, 3, activation="sigmoid", residual="gated"),
         without=_NOT_CLOSED),
    Case("discrete_cosine", T.DiscreteCosineTransform),
    Case("discrete_cosine of rows", partial(T.DiscreteCosineTransform, dim=-2, smooth=1.5), (4, 2)),
    Case("elu", T.elu, ()),
    Case("generalized_channel_permute", partial(T.generalized_channel_permute, channels=3), (3, 2, 2)),
    Case("haar", T.HaarTransform, (5,)),
    Case("haar of rows", partial(T.HaarTransform, dim=-2, flip=True), (4, 2)),
    Case("householder", partial(T.householder, 3)),
    Case("iterated", partial(T.iterated, 2, T.affine_autoregressive, 3),
         without={"no cache": "a composition without a cache leaves those of its parts"}),
    Case("leaky_relu", T.leaky_relu, ()),
    Case("lower_cholesky_affine", lambda: T.LowerCholeskyAffine(torch.ones(3), torch.tensor(_TRIL))),
    Case("matrix_exponential", partial(T.matrix_exponential, 3, iterations=24)),
    Case("neural_autoregressive", partial(T.neural_autoregressive, 3), without=_NOT_CLOSED),
    Case("neural_autoregressive ELU", partial(T.neural_autoregressive, 3, activation="ELU", width=4),
         without=_NOT_CLOSED),
    Case("neural_autoregressive LeakyReLU", partial(T.neural_autoregressive, 3, activation="LeakyReLU", width=4),
         without=_NOT_CLOSED),
    Case("neural_autoregressive tanh", partial(T.neural_autoregressive, 3, activation="tanh", width=4),
         without=_NOT_CLOSED),
    Case("permute", partial(T.permute, 3)),
    Case("permute of rows", partial(T.permute, 3, torch.tensor([2, 0, 1]), dim=-2), (3, 2)),
    Case("planar", partial(T.planar, 3), without=_NOT_CLOSED),
    Case("polynomial", partial(T.polynomial, 3), without=_NOT_CLOSED),
    Case("radial", partial(T.radial, 3)),
    Case("simplex_to_ordered", lambda: T.SimplexToOrderedTransform(torch.tensor(0.3)), (4,),
         without={"far": "a probability of zero is a cut point at infinity"}),
    Case("spline", partial(T.spline, 3)),
    Case("spline quadratic", partial(T.spline, 3, order="quadratic", count_bins=4, bound=2.0)),
    Case("spline_autoregressive", partial(T.spline_autoregressive, 3)),
    Case("spline_autoregressive quadratic", partial(T.spline_autoregressive, 3, order="quadratic")),
    Case("spline_coupling", partial(T.spline_coupling, 3)),
    Case("spline_coupling identity", lambda: T.SplineCoupling(
        3, 1, DenseNN(1, [5], [8, 8, 6]), count_bins=4, order="quadratic", identity=True),
         without={"trained": "the first part's spline is not used"}),
    Case("sylvester", partial(T.sylvester, 3), without=_NOT_CLOSED),
]

CONDITIONAL: list[Case] = [
    Case("affine_autoregressive", partial(T.conditional_affine_autoregressive, 3, 2)),
    Case("affine_coupling", partial(T.conditional_affine_coupling, 3, 2)),
    Case("generalized_channel_permute", partial(T.conditional_generalized_channel_permute, 2, 3), (3, 2, 2)),
    Case("householder", partial(T.conditional_householder, 3, 2, count_transforms=2)),
    Case("householder of one reflection", partial(T.conditional_householder, 3, 2)),
    Case("iterated", partial(T.iterated, 2, T.conditional_affine_coupling, 3, 2)),
    Case("matrix_exponential", partial(T.conditional_matrix_exponential, 3, 2, iterations=24)),
    Case("neural_autoregressive", partial(T.conditional_neural_autoregressive, 3, 2), without=_NOT_CLOSED),
    Case("planar", partial(T.conditional_planar, 3, 2), without=_NOT_CLOSED),
    Case("radial", partial(T.conditional_radial, 3, 2)),
    Case("spline", partial(T.conditional_spline, 3, 2)),
    Case("spline quadratic", partial(T.conditional_spline, 3, 2, order="quadratic")),
    Case("spline_autoregressive", partial(T.conditional_spline_autoregressive, 3, 2)),
    Case("spline_autoregressive quadratic", partial(T.conditional_spline_autoregressive, 3, 2, order="quadratic")),
]

PLANE: list[Case] = [
    Case(f"{name} on the plane", build, (2,)) for name, build in {
        "affine_autoregressive": partial(T.affine_autoregressive, 2),
        "affine_coupling": partial(T.affine_coupling, 2),
        "block_autoregressive": partial(T.block_autoregressive, 2, residual="normal"),
        "householder": partial(T.householder, 2),
        "matrix_exponential": partial(T.matrix_exponential, 2, iterations=16),
        "neural_autoregressive": partial(T.neural_autoregressive, 2),
        "planar": partial(T.planar, 2),
        "polynomial": partial(T.polynomial, 2),
        "radial": partial(T.radial, 2),
        "spline": partial(gentle, T.spline, 2, count_bins=3, order="quadratic"),
        "spline_autoregressive": partial(T.spline_autoregressive, 2, count_bins=3, order="quadratic"),
        "spline_coupling": partial(gentle, T.spline_coupling, 2, count_bins=3),
        "sylvester": partial(T.sylvester, 2),
    }.items()
]
