import pytest
import torch

from pyro.compiler.facts import facts_of, has_dynamic_shape

_aten = torch.ops.aten


@pytest.mark.parametrize(("func", "true"), [
    (_aten.add.Tensor, set()), (_aten.add_.Tensor, {"is_mutable"}), (_aten.view.default, {"is_view"}),
    (_aten._local_scalar_dense.default, {"is_read", "is_dynamic"}), (_aten.equal.default, {"is_read"}),
    (_aten.is_same_size.default, {"is_ignored", "is_read"}), (_aten.nonzero.default, {"is_dynamic"}),
    (_aten._foreach_add.List, {"takes_numbers"})])
def test_facts(func, true):
    facts = facts_of(func)
    flags = {name for name in ("is_ignored", "is_read", "is_dynamic", "is_mutable", "is_view", "takes_numbers")
             if getattr(facts, name)}
    assert flags - {"is_dynamic"} == true - {"is_dynamic"}
    assert facts_of(func) is facts


@pytest.mark.parametrize(("func", "is_core"), [
    (_aten.add.Tensor, True), (_aten.matmul.default, False), (_aten._foreach_add.List, False),
    (_aten.native_batch_norm.default, False)])
def test_core_operators_have_nothing_simpler(func, is_core):
    assert (facts_of(func).simpler is None) == is_core


def test_an_index_by_numbers_has_a_fixed_shape():
    x = torch.zeros(3)
    assert has_dynamic_shape(_aten.index.Tensor, (x, [x > 0]))
    assert not has_dynamic_shape(_aten.index.Tensor, (x, [torch.tensor([1]), None]))
    assert has_dynamic_shape(_aten.nonzero.default, (x,))
