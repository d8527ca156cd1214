import os
import pickle
from collections import Counter, OrderedDict
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import constraints

from pyro.params import safe_file

UPSTREAM = Path(__file__).with_name("files") / "upstream_torch_constraints.pt"

SCALARS = st.none() | st.booleans() | st.integers(-2**70, 2**70) | st.floats(allow_nan=False) | st.text()
KEYS = st.text() | st.integers() | st.tuples(st.text(), st.integers())
PLAIN = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(
    KEYS, inner, max_size=4))


@given(PLAIN)
def test_plain_data_comes_back(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "plain.pt"
    safe_file.save(data, file)
    again = safe_file.load(file)
    assert again == data and type(again) is type(data)


@pytest.mark.parametrize("data", [
    Counter({5: 2, 7: 1}), OrderedDict([("b", 1), ("a", 2)]), torch.float64, torch.device("cpu"), torch.Size([2, 3]),
    1 + 2j, (0.9, 0.999)], ids=repr)
def test_what_optimiser_states_hold_comes_back(tmp_path, data):
    safe_file.save({"data": data}, tmp_path / "file.pt")
    again = safe_file.load(tmp_path / "file.pt")["data"]
    assert again == data and type(again) is type(data)


@pytest.mark.parametrize("tensor", [
    torch.zeros(2), torch.zeros(2, requires_grad=True), torch.nn.Parameter(torch.zeros(2)), torch.arange(3),
    torch.nn.Parameter(torch.zeros(2), requires_grad=False), torch.zeros((), dtype=torch.bool),
    torch.zeros(2, dtype=torch.complex64)], ids=repr)
def test_tensors_come_back(tmp_path, tensor):
    safe_file.save([tensor], tmp_path / "file.pt")
    [again] = safe_file.load(tmp_path / "file.pt", map_location="cpu")
    assert type(again) is type(tensor) and again.requires_grad == tensor.requires_grad
    assert torch.equal(again, tensor) and again.dtype == tensor.dtype


def test_history_and_attributes_are_left_behind(tmp_path):
    leaf = torch.ones(2, requires_grad=True)
    computed = leaf * 3
    computed.note = open  # what a file must not hold
    safe_file.save(computed, tmp_path / "file.pt")
    again = safe_file.load(tmp_path / "file.pt")
    assert again.tolist() == [3.0, 3.0] and again.is_leaf and not hasattr(again, "note")
    assert computed.note is open


def test_constraints_become_tags(tmp_path):
    safe_file.save({"c": [constraints.independent(constraints.interval(0.0, 2.0), 1)]}, tmp_path / "file.pt")
    assert safe_file.load(tmp_path / "file.pt") == {"c": [
        {"constraint": "independent", "reinterpreted_batch_ndims": 1,
         "base_constraint": {"constraint": "interval", "lower_bound": 0.0, "upper_bound": 2.0}}]}


@pytest.mark.parametrize(("state", "where"), [
    ({"a": [1, {2: os.getcwd}]}, r"state\['a'\]\[1\]\[2\] is of type builtins\.builtin_function_or_method"),
    ({"a": torch.nn.Linear(1, 1)}, r"state\['a'\] is of type torch\.nn\.modules\.linear\.Linear"),
    ({frozenset(): 1}, "a key of state is of type builtins.frozenset"),
    ({1, 2}, "state is of type builtins.set"),
], ids=["function", "module", "key", "set"])
def test_anything_else_is_refused_before_the_file_is_touched(tmp_path, state, where):
    file = tmp_path / "file.pt"
    file.write_bytes(b"before")
    with pytest.raises(ValueError, match=f"{where}.*cannot be written to a safe file. Expected"):
        safe_file.save(state, file)
    assert file.read_bytes() == b"before"


def test_constraint_objects_of_older_files_are_read():
    state = safe_file.load(UPSTREAM)
    assert isinstance(state["constraints"]["ind"].base_constraint, type(constraints.positive))
    assert state["constraints"]["iv"].upper_bound.item() == 1


class Trap:
    """Leaves a mark if its pickle is executed."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize(("write", "read_unprotected"), [
    (torch.save, lambda file: torch.load(file, weights_only=False)),
    (lambda state, file: file.write_bytes(pickle.dumps(state, protocol=2)),
     lambda file: pickle.loads(file.read_bytes())),
], ids=["torch.save", "pickle"])
def test_a_malicious_file_is_refused_and_executes_nothing(tmp_path, write, read_unprotected):
    mark, file = tmp_path / "mark", tmp_path / "file.pt"
    write({"params": {"x": Trap(mark)}, "constraints": {}}, file)
    with pytest.raises(ValueError, match=r"Refused to read '.*file.pt': it refers to \w+\.mkdir, and calling that may"):
        safe_file.load(file)
    assert not mark.exists()
    read_unprotected(file)
    assert mark.exists(), "the trap was armed"


CONTENT = UPSTREAM.read_bytes()


@pytest.mark.parametrize("content", [
    b"", b"garbage", CONTENT[:len(CONTENT) // 2], pickle.dumps({"a": 1}), CONTENT.replace(b"_Simplex", b"_simplex"),
], ids=["empty", "garbage", "truncated", "no protocol of torch", "changed"])
def test_a_damaged_file_is_refused(tmp_path, content):
    file = tmp_path / "file.pt"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"(Could not|Refused to) read '.*file\.pt'.*Expected"):
        safe_file.load(file)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        safe_file.load(tmp_path / "file.pt")


def test_reading_leaves_torchs_allow_list_as_it_was():
    before = torch.serialization.get_safe_globals()
    safe_file.load(UPSTREAM)
    assert set(torch.serialization.get_safe_globals()) == set(before)
