"""Machine code from text."""

import torch

from pyro.compiler.loop.native import compile_text


def test_text_becomes_a_function() -> None:
    text = """
    define void @add(ptr %x, i64 %n) {
      %old = load i64, ptr %x
      %new = add i64 %old, %n
      store i64 %new, ptr %x
      ret void
    }"""
    native = compile_text(text, "add")
    x = torch.tensor([40])
    native.call(1, [x.data_ptr()], [2])
    assert x.item() == 42
    assert native.seconds > 0
