"""Samplers with a key, and gradients of Gamma and Dirichlet variates: calls of functions over whole arrays."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pyro.compiler.loop.arrays import define_array
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.code import Code
from pyro.compiler.loop.expression import Expression
from pyro.compiler.loop.operators.elementwise import clamp
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.scalar import F64
from pyro.compiler.loop.scope import Buffer

__all__ = ["called"]


def called(builder: Builder, name: str, operands: Sequence[Expression], val: Tensor, numbers: Sequence[int],
           key: Expression | None = None) -> Expression:  # fmt: skip
    """The result of a function over arrays.

    Args:
        builder: takes the kernel.
        name: the function's row in :data:`~pyro.compiler.loop.arrays.ARRAYS`.
        operands: its operands.
        val: the result's shape and dtype.
        numbers: its numbers.
        key: for samplers, the step's key.
    """
    sources = [builder.convert(operand, F64) for operand in operands]
    sources += [] if key is None else [key]

    def write(code: Code, read: Sequence[Buffer], written: Sequence[Buffer]) -> None:
        full = define_array(code.module, name)
        buffers = [*read[: len(operands)], *written, *read[len(operands) :]]
        arguments = [*(f"ptr {b.name}" for b in buffers), *(f"i64 {n}" for n in numbers)]
        code.do(f"call void @{full}({', '.join(arguments)})")

    if not math.prod(val.shape):
        return builder.constant(0, builder.kind(val), val.shape)
    (result,) = builder.serial(sources, [(F64, val.shape)], write)
    return builder.convert(result, builder.kind(val))


def _clamped(builder: Builder, result: Expression, low: float, high: float | None = None) -> Expression:
    return builder.pointwise(clamp, [result, low, high], result.kind, result.shape, 2)


@row("flashover.standard_gamma.default")
def _standard_gamma(builder: Builder, val: Tensor, alpha: Expression, key: Expression, draw: int) -> Expression:
    result = called(builder, "standard_gamma", [alpha], val, [val.numel(), draw], key)
    return _clamped(builder, result, torch.finfo(val.dtype).tiny)


@row("flashover.dirichlet.default")
def _dirichlet(builder: Builder, val: Tensor, alpha: Expression, key: Expression, draw: int) -> Expression:
    limits, length = torch.finfo(val.dtype), val.shape[-1]
    result = called(builder, "dirichlet", [alpha], val, [val.numel() // max(length, 1), length, draw], key)
    return _clamped(builder, result, limits.tiny, 1 - limits.eps / 2)


@row("flashover.poisson.default")
def _poisson(builder: Builder, val: Tensor, rate: Expression, key: Expression, draw: int) -> Expression:
    return called(builder, "poisson", [rate], val, [val.numel(), draw], key)


@row("flashover.binomial.default")
def _binomial(builder: Builder, val: Tensor, count: Expression, prob: Expression, key: Expression,
              draw: int) -> Expression:  # fmt: skip
    operands = [builder.operand(v, v.kind, val.shape) for v in (count, prob)]
    return called(builder, "binomial", operands, val, [val.numel(), draw], key)


@row("flashover.von_mises.keyed")
def _von_mises(builder: Builder, val: Tensor, loc: Expression, concentration: Expression, size: Sequence[int],
               key: Expression, draw: int) -> Expression:  # fmt: skip
    operands = [builder.operand(v, v.kind, val.shape) for v in (loc, concentration)]
    return called(builder, "von_mises", operands, val, [val.numel(), draw], key)


@row("flashover.categorical.default")
def _categorical(builder: Builder, val: Tensor, weights: Expression, num_samples: int, key: Expression,
                 draw: int) -> Expression:  # fmt: skip
    *lead, length = weights.shape
    return called(builder, "categorical", [weights], val, [math.prod(lead), length, num_samples, draw], key)


@row("flashover.standard_gamma_grad.default", "_standard_gamma_grad.default")
def _standard_gamma_grad(builder: Builder, val: Tensor, alpha: Expression, output: Expression) -> Expression:
    operands = [builder.operand(v, v.kind, val.shape) for v in (alpha, output)]
    return called(builder, "standard_gamma_grad", operands, val, [val.numel()])


@row("flashover.dirichlet_grad.default", "_dirichlet_grad.default")
def _dirichlet_grad(builder: Builder, val: Tensor, x: Expression, alpha: Expression, total: Expression) -> Expression:
    operands = [builder.operand(v, v.kind, val.shape) for v in (x, alpha, total)]
    return called(builder, "dirichlet_grad", operands, val, [val.numel()])
